"""Links as sources: what is fetched, what is refused, and who is never asked."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from mediaprep.errors import DiskFull, MediaprepError, OutputError, Refused, Unreachable, UsageError
from mediaprep.network import fetch as module
from mediaprep.network import web
from mediaprep.network.deadline import Deadline
from mediaprep.network.fetch import Fetched, fetch
from mediaprep.network.retry import TRIES
from tests.servers.base import Fault, Received, Reply, StandIn, nobody

JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 1000
SECRET = "key=canary-secret-signature"


class Site(StandIn):
    """Gives what lies in `pages`; any other path is 404."""

    def __init__(self, *, context: ssl.SSLContext | None = None) -> None:
        super().__init__(context=context)
        self.pages: dict[str, Reply] = {"/photo.jpg": Reply(200, JPEG, {"content-type": "image/jpeg"})}

    def answer(self, request: Received) -> Reply:
        return self.pages.get(request.path, Reply(404, {"message": "nothing here"}))

    def redirect(self, path: str, location: str, status: int = 302) -> None:
        self.pages[path] = Reply(status, None, {"location": location})


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


class Canary:
    """A port on every address of loopback; it knows whether anybody knocked."""

    def __init__(self) -> None:
        both = socket.has_dualstack_ipv6()
        self._listener = socket.create_server(
            ("", 0), family=socket.AF_INET6 if both else socket.AF_INET, dualstack_ipv6=both
        )
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]

    @property
    def knocks(self) -> int:
        count = 0
        while True:
            try:
                self._listener.accept()[0].close()
            except BlockingIOError:
                return count
            count += 1

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def canary() -> Iterator[Canary]:
    listening = Canary()
    yield listening
    listening.close()


def get(url: str, tmp_path: Path, *, allow: tuple[str, ...] = ("127.0.0.1",), **options: object) -> Fetched:
    return fetch(url, tmp_path / "fetched", allow=allow, **{"deadline": Deadline(300), **options})  # type: ignore[arg-type]


def refused(url: str, tmp_path: Path, **options: object) -> MediaprepError:
    """The error; nothing is left behind, and nothing of the query is shown."""
    with pytest.raises(MediaprepError) as caught:
        get(url, tmp_path, **options)  # type: ignore[arg-type]
    folder = tmp_path / "fetched"
    assert not folder.is_dir() or not list(folder.iterdir())
    assert "canary-secret" not in str(caught.value) and "?" not in str(caught.value)
    return caught.value


# ---------------------------------------------------------------- what is fetched


def test_a_file_comes_whole_with_its_name_and_type(site: Site, tmp_path: Path) -> None:
    shares: list[float] = []
    found = get(f"{site.url}/photo.jpg?{SECRET}#top", tmp_path, progress=shares.append)
    assert found.path == tmp_path / "fetched" / "photo.jpg" and found.path.read_bytes() == JPEG
    assert found.mime == "image/jpeg"
    assert found.link == "", "an address of loopback is for nobody else"
    assert shares == sorted(shares) and len(shares) > 2 and shares[-1] == 1
    (request,) = site.received
    assert request.method == "GET" and request.query == {"key": "canary-secret-signature"}
    assert request.headers["host"] == f"127.0.0.1:{site.port}" and request.headers["accept-encoding"] == "identity"
    assert [path.name for path in found.path.parent.iterdir()] == ["photo.jpg"]


@pytest.mark.parametrize(
    ("path", "disposition", "mime", "name"),
    [
        ("/a%20b.PNG", "", "image/png", "a b.png"),
        ("/d.jpg", 'attachment; filename="holiday 1.jpg"', "image/jpeg", "holiday 1.jpg"),
        ("/d.jpg", "inline; filename=x.jpg; filename*=UTF-8''caf%C3%A9.jpg", "image/jpeg", "café.jpg"),
        ("/d.jpg", 'attachment; filename="../../x.jpg"', "image/jpeg", "x.jpg"),
        ("/d.jpg", "attachment; filename*=UTF-8''..%2F..%2Fetc%2Fpasswd", "text/plain", "passwd.txt"),
        ("/d.jpg", 'attachment; filename="..\\..\\x.jpg"', "image/jpeg", "x.jpg"),
        ("/d.jpg", "attachment; filename*=UTF-8''a%00b.jpg", "image/jpeg", "a_b.jpg"),
        ("/d.jpg", "attachment; filename*=UTF-8''photo%E2%80%AEgpj.exe", "image/jpeg", "photo_gpj.jpg"),
        ("/d.jpg", 'attachment; filename=".."', "image/jpeg", "_..jpg"),
        ("/d.jpg", 'attachment; filename="/"', "image/jpeg", "download.jpg"),
        ("/d.jpg", 'attachment; filename="-rf.jpg"', "image/jpeg", "_rf.jpg"),
        ("/d.jpg", 'attachment; filename=".jpg"', "image/jpeg", "_jpg.jpg"),
        ("/d.jpg", ';;=*"', "image/jpeg", "d.jpg"),
        ("/..%2f..%2fetc%2fpasswd", "", "application/octet-stream", "passwd"),
        ("/", "", "video/mp4", "download.mp4"),
        ("/", "", "application/octet-stream", "download"),
        ("/show.php", "", "IMAGE/JPEG; charset=binary", "show.jpg"),
        ("/show.php", "", "application/octet-stream", "show.php"),
        ("/.partial", "", "application/octet-stream", "_partial"),
        ("/v1.2 final", "", "video/mp4", "v1.2 final.mp4"),
    ],
)
def test_names_are_harmless_and_their_ending_says_something(
    site: Site, tmp_path: Path, path: str, disposition: str, mime: str, name: str
) -> None:
    headers = {"content-type": mime} | ({"content-disposition": disposition} if disposition else {})
    site.pages[path.replace(" ", "%20")] = Reply(200, JPEG, headers)
    found = get(site.url + path, tmp_path)
    assert found.path.name == name and found.path.parent == tmp_path / "fetched"
    assert found.mime == mime.partition(";")[0].lower()


@given(
    st.text() | st.text().map("attachment; filename*=UTF-8''".__add__), st.text(), st.sampled_from(["", "image/png"])
)
def test_no_answer_can_make_a_name_that_leads_elsewhere(disposition: str, target: str, mime: str) -> None:
    name = module._file_name(disposition, target, mime)
    assert name and name.isprintable() and not {"/", "\\"} & set(name) and name[0] not in ".-"
    assert len(name.encode()) < 255


@pytest.mark.parametrize("address", ["127.0.0.1", *(["::1"] if socket.has_dualstack_ipv6() else [])])
def test_a_file_without_an_announced_length_comes_whole(tmp_path: Path, address: str) -> None:
    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbyte\r\n1\r\ns\r\n0\r\n\r\n")

    family, host = (socket.AF_INET6, f"[{address}]") if ":" in address else (socket.AF_INET, address)
    with socket.create_server((address, 0), family=family) as listener:
        server = threading.Thread(target=serve)
        server.start()
        found = get(f"http://{host}:{listener.getsockname()[1]}/a", tmp_path, allow=(address,))
        server.join()
    assert found.path.read_bytes() == b"bytes" and found.mime == ""


def test_a_link_is_handed_on_where_anybody_gets_the_same(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "is_public", lambda _: True)
    site.redirect("/short", "/photo.jpg")
    assert get(f"{site.url}/photo.jpg?a=b c#top", tmp_path).link == f"{site.url}/photo.jpg?a=b%20c"
    assert get(f"{site.url}/short", tmp_path).link == ""


# ---------------------------------------------------------------- who is never asked

LOOPBACK = [
    *("127.0.0.1", "127.1", "127.255.255.254", "2130706433", "0x7f000001", "0177.0.0.1", "0.0.0.0", "0"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]"),
    *("[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2606:4700::5efe:127.0.0.1]", "localhost", "LOCALHOST."),
    *("\uff11\uff12\uff17.0.0.1", "127。0。0。1", "127.0.0.1%00.example.com", "example.com@127.0.0.1", "[::1%25lo]"),
]


@pytest.mark.parametrize("host", LOOPBACK)
def test_loopback_is_not_asked_in_any_spelling(canary: Canary, tmp_path: Path, host: str) -> None:
    error = refused(f"http://{host}:{canary.port}/a.jpg?{SECRET}", tmp_path, allow=())
    assert canary.knocks == 0
    assert not getattr(error, "temporary", True)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}#@example.com/a.jpg",
        "http://127.0.0.1:{port}\\@example.com/a.jpg",
        "http://127.0.0.1:{port}/a\r\nX-Injected: 1",
        "ftp://127.0.0.1:{port}/a.jpg",
        "gopher://127.0.0.1:{port}/_x",
        "file://127.0.0.1:{port}/etc/passwd",
        "//127.0.0.1:{port}/a.jpg",
    ],
)
def test_loopback_is_not_asked_in_any_disguise(canary: Canary, tmp_path: Path, url: str) -> None:
    assert isinstance(refused(url.format(port=canary.port), tmp_path, allow=()), Refused)
    assert canary.knocks == 0


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "[fd00:ec2::254]", "10.0.0.1", "100.64.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255"],
)
def test_reserved_addresses_are_refused_with_the_way_to_allow_them(tmp_path: Path, host: str) -> None:
    assert f"--allow-host {host}" in str(refused(f"http://{host}/latest/meta-data", tmp_path, allow=()))


def test_a_name_is_refused_if_one_of_its_addresses_is_private(canary: Canary, tmp_path: Path) -> None:
    for found in (["127.0.0.1", "1.1.1.1"], ["1.1.1.1", "127.0.0.1"], ["2606:4700::1111", "::1"], ["::ffff:7f00:1"]):
        error = refused(
            f"http://cdn.example.com:{canary.port}/", tmp_path, allow=("localhost",), resolve=lambda *_, a=found: a
        )
        assert "cdn.example.com resolves to a private" in str(error)
    assert canary.knocks == 0


def test_a_name_is_resolved_once_and_what_was_checked_is_asked(site: Site, tmp_path: Path) -> None:
    """A second answer, as rebinding gives it, is never asked for."""
    asked: list[tuple[str, int]] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.1"]

    url = f"http://Media.example:{site.port}/photo.jpg"
    assert get(url, tmp_path, allow=("media.example",), resolve=resolve).path.read_bytes() == JPEG
    assert asked == [("media.example", site.port)]
    assert site.received[0].headers["host"] == f"media.example:{site.port}"


def test_a_host_is_allowed_by_its_own_name_alone(site: Site, tmp_path: Path) -> None:
    url = f"{site.url}/photo.jpg"
    for other in ("127.0.0.2", f"127.0.0.1:{site.port + 1}", "localhost", "0.0.1", "7.0.0.1"):
        assert "--allow-host 127.0.0.1" in str(refused(url, tmp_path, allow=(other,)))
    assert not site.received
    assert get(url, tmp_path, allow=(f"127.0.0.1:{site.port}",)).path.name == "photo.jpg"
    with pytest.raises(UsageError, match="invalid --allow-host"):
        get(url, tmp_path, allow=("10.0.0.0/8",))


def test_no_proxy_is_asked(site: Site, canary: Canary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    assert get(f"{site.url}/photo.jpg", tmp_path).path.read_bytes() == JPEG
    assert canary.knocks == 0


def test_a_name_that_nobody_has(tmp_path: Path) -> None:
    def resolve(host: str, port: int) -> list[str]:
        return module.resolved("a" * 64, port)  # which is no question for DNS either

    error = refused("https://cdn.example.com/a", tmp_path, resolve=resolve)
    assert isinstance(error, Unreachable) and "cannot resolve host name" in str(error) and not error.temporary


def test_the_next_address_is_tried_where_the_first_is_silent(site: Site, tmp_path: Path) -> None:
    found = get(
        f"http://two.example:{site.port}/photo.jpg", tmp_path, allow=("two.example",),
        resolve=lambda *_: ["127.0.0.9", "127.0.0.1"],
    )  # fmt: skip
    assert found.path.read_bytes() == JPEG


# ---------------------------------------------------------------- redirects


def test_a_redirect_is_followed_and_the_last_address_names_the_file(site: Site, tmp_path: Path) -> None:
    site.redirect("/download", "/get?token=canary-secret-token")
    site.redirect("/get", f"{site.url}/photo.jpg", 307)
    found = get(f"{site.url}/download", tmp_path)
    assert found.path.name == "photo.jpg" and found.link == ""
    assert [request.path for request in site.received] == ["/download", "/get", "/photo.jpg"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "[::1]", "localhost", "0", "[::ffff:127.0.0.1]"])
def test_a_redirect_to_loopback_is_not_followed(site: Site, canary: Canary, tmp_path: Path, host: str) -> None:
    site.redirect("/photo.jpg", f"http://{host}:{canary.port}/private?{SECRET}")
    allow = (f"127.0.0.1:{site.port}",)
    assert f"--allow-host {host}" in str(refused(f"{site.url}/photo.jpg", tmp_path, allow=allow))
    assert canary.knocks == 0 and len(site.received) == 1


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "http://me:canary-secret-login@127.0.0.1/",
        "http://[::1",
        "data:,x",
    ],
)
def test_a_redirect_to_something_else_is_not_followed(site: Site, tmp_path: Path, location: str) -> None:
    site.redirect("/photo.jpg", location)
    error = refused(f"{site.url}/photo.jpg", tmp_path)
    assert isinstance(error, Refused) and "redirect refused: " in str(error)
    assert len(site.received) == 1


def test_redirects_have_an_end(site: Site, tmp_path: Path) -> None:
    site.redirect("/loop", "/loop")
    error = refused(f"{site.url}/loop?{SECRET}", tmp_path)
    assert "more than 5 times" in str(error) and len(site.received) == 6


def test_five_redirects_are_followed(site: Site, tmp_path: Path) -> None:
    for number in range(5):
        site.redirect(f"/{number}", f"/{number + 1}" if number < 4 else "/photo.jpg")
    assert get(f"{site.url}/0", tmp_path).path.name == "photo.jpg"


# ---------------------------------------------------------------- answers that are no media


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "requires a login"),
        (403, "get a new one"),
        (404, "does not have this file"),
        (410, "no longer"),
        (204, "does not return the file"),
        (206, "does not return the file"),
        (304, "does not return the file"),
        (418, "does not return the file"),
    ],
)
def test_a_refusal_is_final(site: Site, tmp_path: Path, status: int, words: str) -> None:
    site.pages["/photo.jpg"] = Reply(status, None, {"content-length": "0"})
    error = refused(f"{site.url}/photo.jpg?{SECRET}", tmp_path)
    assert isinstance(error, Refused) and words in str(error) and f"(status {status})" in str(error)
    assert error.status == status and not error.temporary and len(site.received) == 1


def test_a_server_out_of_order_is_tried_again(site: Site, tmp_path: Path) -> None:
    site.faults = ["429", "503", "lost"]
    assert get(f"{site.url}/photo.jpg", tmp_path).path.read_bytes() == JPEG
    assert len(site.received) == 4


def test_a_server_that_asks_for_patience_is_heard(site: Site, tmp_path: Path) -> None:
    site.faults, site.retry_after = ["429"], "900"
    error = refused(f"{site.url}/photo.jpg", tmp_path)
    assert isinstance(error, Refused) and error.temporary and error.retry_after == 900
    assert "retry after 900 s" in str(error) and len(site.received) == 1


@pytest.mark.parametrize(
    ("body", "mime"),
    [
        (JPEG, "text/html; charset=utf-8"),
        (JPEG, "application/xhtml+xml"),
        (b"<!DOCTYPE html><html>", "image/jpeg"),
        (b"\n  <HTML lang=en>", "video/mp4"),
        (b"\xef\xbb\xbf<html>", "image/jpeg"),
        ("\ufeff<!doctype html>".encode("utf-16-le"), "image/jpeg"),
        (b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C">', "application/octet-stream"),
        (b"<!-- saved -->\n<!-- twice --><script>", "image/jpeg"),
    ],
)
def test_a_web_page_is_refused_as_such(site: Site, tmp_path: Path, body: bytes, mime: str) -> None:
    site.pages["/photo.jpg"] = Reply(200, body, {"content-type": mime})
    error = refused(f"{site.url}/photo.jpg?{SECRET}", tmp_path)
    assert (
        isinstance(error, Refused) and "returned a web page, not a media file" in str(error) and len(site.received) == 1
    )


@pytest.mark.parametrize(
    "body", [b"<svg></svg>", b'<?xml version="1.0"?><svg/>', b"<htmlx>", b"<!---->" * 300 + b"<", b"<", b""]
)
def test_what_only_looks_a_little_like_a_page_is_left_to_those_who_know(
    site: Site, tmp_path: Path, body: bytes
) -> None:
    site.pages["/a.svg"] = Reply(200, body, {"content-type": "image/svg+xml"})
    assert get(f"{site.url}/a.svg", tmp_path).path.read_bytes() == body


def test_a_packed_answer_is_refused_before_it_is_unpacked(site: Site, tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(10_000_000))
    site.pages["/photo.jpg"] = Reply(200, bomb, {"content-type": "image/jpeg", "content-encoding": "GZIP"})
    assert "gzip; download" in str(refused(f"{site.url}/photo.jpg", tmp_path))
    site.pages["/photo.jpg"] = Reply(200, JPEG, {"content-encoding": "identity"})
    assert get(f"{site.url}/photo.jpg", tmp_path).path.read_bytes() == JPEG


# ---------------------------------------------------------------- too much, too little, too late


def test_more_than_is_wanted_is_refused_by_its_announced_length(site: Site, tmp_path: Path) -> None:
    assert get(f"{site.url}/photo.jpg", tmp_path / "just", most=len(JPEG)).path.stat().st_size == len(JPEG)
    error = refused(f"{site.url}/photo.jpg", tmp_path, most=len(JPEG) - 1)
    assert isinstance(error, Refused) and not error.temporary and "256.0 kB" in str(error)


def test_a_body_without_end_is_cut_at_the_cap(site: Site, tmp_path: Path) -> None:
    site.faults = ["endless"]
    error = refused(f"{site.url}/photo.jpg", tmp_path, most=1_000_000)
    assert "limit: 1.00 MB" in str(error) and len(site.received) == 1


@pytest.mark.parametrize("fault", ["drip", "hang"])
def test_a_server_that_takes_its_time_is_left(
    site: Site, tmp_path: Path, fault: Fault, deadlines_end: Callable[[threading.Event], None]
) -> None:
    deadlines_end(site.stuck)
    site.faults = [fault]
    error = refused(f"{site.url}/photo.jpg", tmp_path, deadline=Deadline(300))
    assert isinstance(error, Unreachable) and "time limit of 300 s exceeded" in str(error)


def test_stopping_ends_it(site: Site, tmp_path: Path) -> None:
    site.faults = ["hang"]
    assert "stopped" in str(refused(f"{site.url}/photo.jpg", tmp_path, deadline=Deadline(300, site.stuck)))


def test_a_body_that_ends_early_is_asked_for_again(site: Site, tmp_path: Path) -> None:
    whole = site.pages["/photo.jpg"]
    cut = Reply(200, JPEG[:100_000], {**whole.headers, "content-length": str(len(JPEG)), "connection": "close"})
    site.pages["/photo.jpg"] = cut
    error = refused(f"{site.url}/photo.jpg", tmp_path)
    assert isinstance(error, Unreachable) and error.temporary and f"tried {TRIES} times" in str(error)
    assert len(site.received) == TRIES


def test_nobody_there(tmp_path: Path) -> None:
    with nobody() as address:
        error = refused(f"{address}/a.jpg?{SECRET}", tmp_path, deadline=Deadline(0.4))
    assert isinstance(error, Unreachable) and "127.0.0.1" in str(error)


def test_a_folder_that_cannot_be_written(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError):
        fetch(f"{site.url}/photo.jpg", tmp_path / "file" / "in", allow=["127.0.0.1"], deadline=Deadline(300))
    assert (tmp_path / "file").read_bytes() == b""


def test_a_full_disk(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "fetched"
    folder.mkdir()
    (folder / module._PARTIAL).symlink_to("/dev/full")
    with pytest.raises(DiskFull, match="no space left"):
        get(f"{site.url}/photo.jpg", tmp_path)
    assert list(folder.iterdir()) == []


# ---------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As a company's own authority is trusted: by the variable that OpenSSL reads."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    web._trust.cache_clear()
    yield
    web._trust.cache_clear()


class Secure(Site):
    """`names`: those that clients asked for in the handshake."""

    def __init__(self, authority: trustme.CA, *names: str) -> None:
        self.names: list[str | None] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names).configure_cert(context)
        context.sni_callback = lambda _, name, __: self.names.append(name)
        super().__init__(context=context)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("host", "asked"),
    [
        ("media.example", "media.example"),
        ("media.example.", "media.example"),
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("127.0.0.1", None),
        ("[::1]", None),
    ],
)
def test_the_certificate_is_that_of_the_name_not_of_the_address(
    authority: trustme.CA, tmp_path: Path, host: str, asked: str | None
) -> None:
    with Secure(authority, asked or host.strip("[]")) as site:
        url = f"https://{host}:{site.port}/photo.jpg"
        found = get(url, tmp_path, allow=(host,), resolve=lambda *_: ["127.0.0.1"])
    assert found.path.read_bytes() == JPEG
    assert site.names == [asked]
    assert site.received[0].headers["host"] == f"{asked or host}:{site.port}"


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name_is_refused_and_not_tried_again(authority: trustme.CA, tmp_path: Path) -> None:
    with Secure(authority, "other.example", "127.0.0.1") as site:
        url = f"https://media.example:{site.port}/photo.jpg?{SECRET}"
        error = refused(url, tmp_path, allow=("media.example",), resolve=lambda *_: ["127.0.0.1"])
    assert isinstance(error, Unreachable) and "cannot verify the TLS certificate" in str(error) and not error.temporary
    assert len(site.names) == 1 and not site.received


def test_a_certificate_of_a_stranger_is_refused_and_not_tried_again(authority: trustme.CA, tmp_path: Path) -> None:
    with Secure(authority, "localhost") as site:
        error = refused(f"https://localhost:{site.port}/photo.jpg", tmp_path, allow=("localhost",))
    assert isinstance(error, Unreachable) and "cannot verify the TLS certificate" in str(error) and not error.temporary
    assert len(site.names) == 1 and not site.received


@pytest.mark.usefixtures("trusted")
def test_a_redirect_never_leaves_tls(authority: trustme.CA, site: Site, tmp_path: Path) -> None:
    with Secure(authority, "127.0.0.1") as secure:
        secure.redirect("/photo.jpg", f"{site.url}/photo.jpg?{SECRET}")
        site.redirect("/up", f"{secure.url}/last.jpg")
        secure.pages["/last.jpg"] = Reply(200, JPEG, {"content-type": "image/jpeg"})
        error = refused(f"{secure.url}/photo.jpg", tmp_path)
        assert "from https to http" in str(error) and not site.received
        assert get(f"{site.url}/up", tmp_path).path.name == "last.jpg"
