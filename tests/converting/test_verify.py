"""No exit code counts: an output is read back, decoded, measured and put through the same rules."""

from __future__ import annotations

from pathlib import Path
from shutil import copy

import pytest
from msgspec.structs import replace

from mediaprep.converting.verify import verify
from mediaprep.errors import OutputError
from mediaprep.planning.profiles import load
from mediaprep.reading.probe import probe

SAMPLES = Path(__file__).parents[2] / "samples"
LIMITS = load("whatsapp").targets


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return Path(copy(SAMPLES / "film-ready.mp4", tmp_path / "output.mp4"))


def test_what_is_right_is_proved(film: Path) -> None:
    expected = probe(film, "film.mp4")
    for copied in (True, False):
        proof = verify(film, expected, LIMITS["video"], copied=copied, folder=film.parent)
        assert proof.remaining == ()


def test_an_output_that_is_too_short_or_too_long_is_not(film: Path) -> None:
    expected = probe(film, "film.mp4")
    assert expected.duration is not None
    for wrong in (expected.duration * 2 + 1, expected.duration / 2 - 0.5):
        with pytest.raises(OutputError, match="output lasts"):
            verify(film, replace(expected, duration=wrong), LIMITS["video"], copied=True, folder=film.parent)


def test_a_twentieth_and_a_little_is_as_far_as_a_length_may_be_off(film: Path) -> None:
    expected = probe(film, "film.mp4")
    assert expected.duration == pytest.approx(2.0, abs=0.05)
    for right in (1.7, 2.35):
        verify(film, replace(expected, duration=right), LIMITS["video"], copied=True, folder=film.parent)
    for wrong in (1.55, 2.5):
        with pytest.raises(OutputError):
            verify(film, replace(expected, duration=wrong), LIMITS["video"], copied=True, folder=film.parent)


def test_half_an_output_is_not(film: Path) -> None:
    expected = probe(film, "film.mp4")
    data = film.read_bytes()
    film.write_bytes(data[: len(data) // 2])
    with pytest.raises(OutputError, match="cannot be read back"):
        verify(film, expected, LIMITS["video"], copied=False, folder=film.parent)


def test_streams_that_do_not_decode_are_found(film: Path) -> None:
    expected = probe(film, "film.mp4")
    data = bytearray(film.read_bytes())
    start = data.index(b"mdat") + 8
    data[start:] = bytes(len(data) - start)
    film.write_bytes(data)
    with pytest.raises(OutputError):
        verify(film, expected, LIMITS["video"], copied=False, folder=film.parent)


def test_a_stream_that_decodes_but_contradicts_itself_is_found(tmp_path: Path) -> None:
    """The message before the first picture claims more bytes than there are. By itself a decoder passes over that."""
    film = tmp_path / "output.mp4"
    data = bytearray((SAMPLES / "film-silent.mp4").read_bytes())
    length = data.index(b"\x06\x05\xff", data.index(b"mdat")) + 4  # SEI, payload type 5, 255 bytes and so many more
    data[length] = 0xFE
    film.write_bytes(data)
    with pytest.raises(OutputError):
        verify(film, probe(film, "film.mp4"), LIMITS["video"], copied=False, folder=tmp_path)


def test_a_rule_that_is_still_broken_is_said(tmp_path: Path) -> None:
    film = Path(copy(SAMPLES / "film-hevc.mp4", tmp_path / "output.mp4"))
    proof = verify(film, probe(film, "film.mp4"), LIMITS["video"], copied=True, folder=tmp_path)
    assert "MP301" in {finding.code for finding in proof.remaining}


def test_the_wrong_kind_is_found(film: Path) -> None:
    expected = replace(probe(film, "film.mp4"), kind="audio")
    with pytest.raises(OutputError, match="video, expected audio"):
        verify(film, expected, LIMITS["video"], copied=True, folder=film.parent)


def test_a_voice_note_brings_its_waveform(tmp_path: Path) -> None:
    note = Path(copy(SAMPLES / "memo-ready.ogg", tmp_path / "output.ogg"))
    proof = verify(note, probe(note, "memo.ogg"), LIMITS["voice"], copied=True, voice=True, folder=tmp_path)
    assert proof.waveform is not None and len(proof.waveform) == 64
