"""What every host keeps, tried against a real server. A host joins by its line in `SITES` of `sites.py`."""

from __future__ import annotations

import hashlib
import tracemalloc
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from email.message import Message
from pathlib import Path

import pytest

from mediaprep.destinations.base import Parcel
from mediaprep.errors import Refused, UsageError
from mediaprep.hosts import host_kind
from mediaprep.hosts.base import disposition
from mediaprep.hosts.trial import try_link
from mediaprep.network.deadline import Deadline
from mediaprep.network.web import Line
from tests.hosts.sites import SITES, Site

KINDS = [
    ("image", "image/jpeg", "holiday.jpg", ".jpg"),
    ("image", "image/png", "logo.PNG", ".png"),
    ("sticker", "image/webp", "cat.webp", ".webp"),
    ("video", "video/mp4", "film.mov", ".mp4"),
    ("voice", "audio/ogg", "note.opus", ".ogg"),
    ("audio", "audio/mp4", "song.m4a", ".m4a"),
    ("audio", "audio/mpeg", "song.mp3", ".mp3"),
    ("document", "application/pdf", "offer.pdf", ".pdf"),
    (
        "document",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "letter.docx",
        ".docx",
    ),
]
FILENAMES = ["Été à la mer.pdf", "契約書.pdf", 'a"b\\c;d.pdf', "..\n.pdf", "x" * 300 + ".pdf"]


def line(progress: Callable[[float], None] | None = None, last: Callable[[], None] | None = None) -> Line:
    return Line(Deadline(300), progress=progress, last=last)


def parcel(
    folder: Path, content: bytes, *, mime: str = "image/jpeg", filename: str = "photo.jpg", target: str = "image"
) -> Parcel:
    digest = hashlib.sha256(content).hexdigest()
    path = folder / f"ready-{digest[:8]}"
    path.write_bytes(content)
    return Parcel(path=path, mime=mime, bytes=len(content), sha256=digest, target=target, filename=filename)


def noise(folder: Path, size: int) -> bytes:
    """Bytes that no other test has."""
    return hashlib.shake_256(str(folder).encode()).digest(size)


def fetched(url: str) -> tuple[bytes, Message]:
    with urllib.request.urlopen(url, timeout=300) as response:
        return response.read(), response.headers


class HostContract:
    @pytest.fixture
    def site(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
        with SITES[request.param](request, tmp_path) as running:
            yield running

    def test_it_tells_everything_about_itself(self, site: Site) -> None:
        found = host_kind(site.kind)
        assert isinstance(site.host(), found) and found.form
        assert (site.where.partition("://")[0] if "://" in site.where else "") in found.schemes
        assert all(links.host and links.kind and links.content_type for links in found.links)
        assert site.environment.keys() <= {one.name for one in found.variables}

    def test_a_key_that_is_missing_is_named(self, site: Site) -> None:
        for needed in (one.name for one in host_kind(site.kind).variables if one.needed == "publish"):
            with pytest.raises(UsageError, match=f"{needed} is not set"):
                site.host(**{needed: ""})

    @pytest.mark.parametrize(("target", "mime", "filename", "suffix"), KINDS, ids=[kind[3][1:] for kind in KINDS])
    def test_a_link_serves_the_very_bytes_as_their_type(
        self, site: Site, tmp_path: Path, target: str, mime: str, filename: str, suffix: str
    ) -> None:
        host = site.host("media")
        sent = parcel(tmp_path, noise(tmp_path, 70_000), mime=mime, filename=filename, target=target)
        receipt = host.upload(sent, line())
        assert receipt.value == f"{sent.sha256}{suffix}" and receipt.fresh and receipt.expires is None
        assert site.stored("media") == {receipt.value: sent.path.read_bytes()}
        url, expires = host.link(receipt.value)
        assert (expires is None) == (host.valid_for is None)
        content, headers = fetched(url)
        assert content == sent.path.read_bytes()
        assert headers["content-type"] == (sent.full_mime if site.says_codecs else sent.mime)
        if site.keeps_names:
            assert headers["content-disposition"] == disposition(filename)
        found = try_link(url, sent, head=host.answers_head, deadline=Deadline(300))
        assert {finding.code for finding in found} == {
            code
            for code, wanted in (
                ("MP504", not site.answers_head),
                ("MP505", mime == "audio/ogg" and not site.says_codecs),
            )
            if wanted
        }

    def test_what_is_there_is_not_sent_again(self, site: Site, tmp_path: Path) -> None:
        sent = parcel(tmp_path, noise(tmp_path, 3_000_000))
        shares: list[float] = []
        assert not site.host().holds(sent, line())
        assert site.host().upload(sent, line(shares.append)).fresh
        assert site.host().holds(sent, line())
        assert shares == sorted(shares) and len(shares) > 1 and shares[-1] == 1
        shares.clear()
        again = site.host().upload(sent, line(shares.append))
        assert not again.fresh and again.value == f"{sent.sha256}.jpg" and shares == []

    def test_the_same_name_with_other_bytes_is_written_over(self, site: Site, tmp_path: Path) -> None:
        """Half a file, that something else left there."""
        whole = parcel(tmp_path, noise(tmp_path, 5000))
        site.put("media", f"{whole.sha256}.jpg", noise(tmp_path, 2500))
        assert site.host("media").upload(whole, line()).fresh
        assert site.stored("media") == {f"{whole.sha256}.jpg": whole.path.read_bytes()}

    @pytest.mark.parametrize("prefix", ["", "one", "one/two/three", "Été 2027/für alle"], ids=ascii)
    def test_any_prefix(self, site: Site, tmp_path: Path, prefix: str) -> None:
        sent = parcel(tmp_path, noise(tmp_path, 1000))
        if "/" in prefix:
            site.make(prefix.rpartition("/")[0])
        host = site.host(prefix)
        name = host.upload(sent, line()).value
        url, _ = host.link(name)
        assert url.isascii() and " " not in url
        assert fetched(url)[0] == sent.path.read_bytes()
        assert try_link(url, sent, head=host.answers_head, deadline=Deadline(300)) is not None
        assert site.stored(prefix)[name] == sent.path.read_bytes()

    @pytest.mark.parametrize("filename", FILENAMES, ids=range(len(FILENAMES)))
    def test_any_file_name(self, site: Site, tmp_path: Path, filename: str) -> None:
        sent = parcel(tmp_path, noise(tmp_path, 1000), mime="application/pdf", filename=filename, target="document")
        host = site.host()
        _, headers = fetched(host.link(host.upload(sent, line()).value)[0])
        if site.keeps_names:
            assert headers["content-disposition"] == disposition(filename)

    def test_a_type_that_has_no_ending_keeps_the_name_s_own(self, site: Site, tmp_path: Path) -> None:
        sent = parcel(tmp_path, noise(tmp_path, 1000), mime="application/x-unheard", filename="Plan.DWG")
        assert site.host().upload(sent, line()).value == f"{sent.sha256}.dwg"

    def test_a_large_file_is_streamed(self, site: Site, tmp_path: Path) -> None:
        sent = parcel(tmp_path, noise(tmp_path, 20_000_000), mime="video/mp4", filename="film.mp4")
        host = site.host()
        tracemalloc.start()
        try:
            name = host.upload(sent, line()).value
            try_link(host.link(name)[0], sent, head=host.answers_head, deadline=Deadline(300))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 8_000_000

    def test_an_upload_that_broke_leaves_one_whole_copy_when_it_is_repeated(self, site: Site, tmp_path: Path) -> None:
        sent = parcel(tmp_path, noise(tmp_path, 6_000_000), mime="video/mp4", filename="film.mp4")
        host = site.host("media")
        out: list[str] = []

        def cut(share: float) -> None:
            if share > 0.4:
                raise InterruptedByTest

        with pytest.raises(InterruptedByTest):
            host.upload(sent, line(cut, last=lambda: out.append("all")))
        assert out == []
        assert host.upload(sent, line(last=lambda: out.append("all"))).fresh
        assert out == ["all"]
        assert site.stored("media") == {f"{sent.sha256}.mp4": sent.path.read_bytes()}

    def test_uploads_of_the_same_file_at_once_leave_one_whole_copy(self, site: Site, tmp_path: Path) -> None:
        sent = parcel(tmp_path, noise(tmp_path, 2_000_000), mime="video/mp4", filename="film.mp4")
        with ThreadPoolExecutor(4) as pool:
            receipts = list(pool.map(lambda _: site.host("media").upload(sent, line()), range(4)))
        assert {receipt.value for receipt in receipts} == {f"{sent.sha256}.mp4"}
        assert any(receipt.fresh for receipt in receipts)
        assert site.stored("media") == {f"{sent.sha256}.mp4": sent.path.read_bytes()}

    def test_new_content_gets_a_new_address_and_the_account_shows_where(self, site: Site, tmp_path: Path) -> None:
        one, other = parcel(tmp_path, noise(tmp_path, 1000)), parcel(tmp_path, noise(tmp_path, 1001))
        host = site.host()
        assert host.upload(one, line()).value != host.upload(other, line()).value
        assert host.repeatable and host.account == site.host().account != site.host("other").account
        assert "canary" not in host.account and "canary" not in repr(host) and "canary" not in repr(vars(host))

    def test_wrong_keys_are_refused_and_not_shown(self, site: Site, tmp_path: Path) -> None:
        sent = parcel(tmp_path, noise(tmp_path, 1000))
        for changes in site.wrong:
            with pytest.raises(Refused) as caught:
                site.host("media", **changes).upload(sent, line())
            assert caught.value.status in (401, 403) and not caught.value.temporary
            assert "canary" not in str(caught.value) and "Signature=" not in str(caught.value)
            assert any(name in str(caught.value) for name in changes)
        assert site.stored("media") == {}


class InterruptedByTest(Exception):
    pass
