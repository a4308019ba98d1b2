"""The table of formats: without contradictions, known to ffmpeg and Pillow, and all that a new format needs."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import pillow_heif
import pytest
from PIL import Image

from mediaprep import formats
from mediaprep.encoders import ENCODERS
from mediaprep.formats import FORMATS, Container, Format
from mediaprep.reading import sniff
from mediaprep.reading.probe import probe
from mediaprep.running import tools
from tests import material

SAMPLES = Path(__file__).parent.parent / "samples"

FILM = ("-f", "lavfi", "-i", "testsrc=d=0.4:s=64x48:r=10")
TONE = ("-f", "lavfi", "-i", "sine=duration=0.4:sample_rate=8000")
LOUD = ("-f", "lavfi", "-i", "sine=duration=0.4:sample_rate=48000")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")

MADE: dict[str, tuple[str, ...]] = {
    "video/3gpp2": (*FILM, *H264, "-f", "3g2"),
    "video/x-m4v": (*FILM, *H264, "-f", "ipod"),
    "video/ogg": (*FILM, "-c:v", "libtheora", "-f", "ogg"),
    "audio/3gpp": (*TONE, "-c:a", "aac", "-f", "3gp"),
    "audio/3gpp2": (*TONE, "-c:a", "aac", "-f", "3g2"),
    "audio/x-matroska": (*TONE, "-c:a", "aac", "-f", "matroska"),
    "audio/mp2t": (*TONE, "-c:a", "aac", "-f", "mpegts"),
    "audio/x-flv": (*TONE, "-c:a", "aac", "-f", "flv"),
    "audio/basic": (*TONE, "-f", "au"),
    "audio/ac3": (*LOUD, "-f", "ac3"),
    "audio/eac3": (*LOUD, "-f", "eac3"),
    "audio/x-wavpack": (*TONE, "-c:a", "wavpack", "-f", "wv"),
    "audio/vnd.rn-realaudio": (*LOUD, "-c:a", "ac3", "-f", "rm"),
}
"""What ffmpeg makes of the formats that have no sample."""

ELSEWHERE = {
    "video/x-ms-wmv": "another name of video/x-ms-asf",
    "audio/amr-wb": "made by the test of sniffing, since no encoder is at hand",
    "audio/x-ape": "no encoder; among the real media",
    "audio/x-musepack": "no encoder; among the real media",
}


@pytest.fixture(scope="module")
def sampled() -> dict[str, str]:
    """Type -> the name of a sample that is one, by what is read."""
    return {probe(path).mime: path.name for path in sorted(SAMPLES.iterdir()) if path.suffix != ".md"}


def twice(values: list[bytes]) -> list[bytes]:
    return [value for value, count in Counter(values).items() if count > 1]


def test_no_two_rows_claim_the_same() -> None:
    rows = FORMATS.values()
    assert [row.mime for row in formats._ROWS] == list(FORMATS)
    assert not twice([start for row in rows for start in row.starts])
    assert not twice([brand for row in rows for brand in row.brands])
    by_demuxer = {row.container.demuxer: row.container for row in rows}
    assert all(row.container == by_demuxer[row.container.demuxer] for row in rows)


def test_what_a_row_says_fits_together() -> None:
    for row in FORMATS.values():
        assert not (row.pillow and row.container.demuxer), row.mime
        assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in row.suffixes.split()), row.mime
        assert row.readable or not (row.moves or row.lossless or row.second or row.sound), row.mime
        assert row.kind == "document" or row.mime.startswith(row.kind) or row.medium, row.mime
        if row.sound:
            assert formats.of(row.sound).container == row.container and formats.of(row.sound).kind == "audio"
        if row.suffixes:
            assert row.mime in formats.mimes_for_suffix(formats.suffix_for(row.mime))


def test_ffmpeg_and_pillow_know_every_reader() -> None:
    program = [tools.ffmpeg().path, "-v", "error", "-demuxers"]
    listed = subprocess.run(program, capture_output=True, text=True, check=True).stdout
    for known in (re.findall(r"^ D\S* +(\S+)", listed, re.MULTILINE), av.formats_available):
        names = {name for several in known for name in several.split(",")}
        assert {name for row in FORMATS.values() for name in (row.container.demuxer, row.second) if name} <= names
    Image.init()
    pillow_heif.register_heif_opener()
    assert {row.pillow for row in FORMATS.values() if row.pillow} <= set(Image.OPEN)


def test_what_is_made_or_copied_has_an_encoder() -> None:
    assert {row.mime for row in FORMATS.values() if row.output} == set(ENCODERS)
    assert {row.mime for row in FORMATS.values() if row.output == "copied"} == {
        mime for mime, module in ENCODERS.items() if module == "rewrap"
    }
    assert all(formats.suffix_for(mime) for mime in ENCODERS)


@pytest.mark.parametrize("mime", [row.mime for row in FORMATS.values() if row.readable])
def test_every_format_that_is_read_is_recognised(mime: str, sampled: dict[str, str], tmp_path: Path) -> None:
    if mime in ELSEWHERE:
        assert mime not in sampled and mime not in MADE
        return
    path = SAMPLES / sampled[mime] if mime in sampled else tmp_path / "input"
    if mime in MADE:
        assert mime not in sampled, "a sample is enough"
        subprocess.run(
            [tools.ffmpeg().path, "-nostdin", "-v", "error", *MADE[mime], str(path)], check=True, timeout=600
        )
    assert probe(path).mime == mime


def test_no_type_without_a_row_has_a_reader() -> None:
    assert formats.of("image/x-unheard-of") == Format("image/x-unheard-of")
    assert not formats.of("image/x-unheard-of").readable
    assert formats.container("unheard-of") == Container("unheard-of")


def test_suffixes_and_types() -> None:
    assert formats.suffix_for("image/jpeg") == ".jpg" and formats.suffix_for("audio/ogg") == ".ogg"
    assert formats.suffix_for("application/x-unheard-of") == ""
    assert "audio/mp4" in formats.mimes_for_suffix(".MP4") and "video/mp4" in formats.mimes_for_suffix(".mp4")
    assert formats.mimes_for_suffix(".unheard") == frozenset() == formats.mimes_for_suffix("")
    assert formats.promises_media(".jpg") and formats.promises_media(".mxf")
    assert not formats.promises_media(".pdf") and not formats.promises_media(".svg") and not formats.promises_media("")


@pytest.fixture
def one_more(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Format], None]]:
    """Adds a row to the table until the test ends."""

    def add(row: Format) -> None:
        monkeypatch.setitem(FORMATS, row.mime, row)
        sniff._signatures.cache_clear()

    yield add
    monkeypatch.undo()
    sniff._signatures.cache_clear()


def test_a_row_is_all_that_a_picture_needs(one_more: Callable[[Format], None], tmp_path: Path) -> None:
    row = Format("image/vnd-ms.dds", ".dds", (b"DDS ",), pillow="DDS")
    material.photo(64, 48).save(tmp_path / "input", "DDS")
    one_more(row)
    media = probe(tmp_path / "input")
    assert (media.mime, media.kind, media.width, media.height) == (row.mime, "image", 64, 48)


def test_a_row_is_all_that_a_sound_needs(one_more: Callable[[Format], None], tmp_path: Path) -> None:
    row = Format("audio/x-w64", ".w64", (b"riff\x2e\x91\xcf\x11",), Container("w64"))
    path = tmp_path / "input"
    program = [tools.ffmpeg().path, "-nostdin", "-v", "error", *TONE, "-f", "w64", str(path)]
    subprocess.run(program, check=True, timeout=600)
    one_more(row)
    media = probe(path)
    assert (media.mime, media.kind, media.demuxer) == (row.mime, "audio", "w64")
    assert media.duration == pytest.approx(0.4, abs=0.01)
