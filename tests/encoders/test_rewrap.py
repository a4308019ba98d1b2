"""MP3 and ADTS without what is around their frames."""

from __future__ import annotations

import random
from pathlib import Path

import av
import pytest
from hypothesis import given
from msgspec.structs import replace

from mediaprep.encoders import Recipe
from mediaprep.encoders.rewrap import ENCODERS
from mediaprep.errors import Damaged
from mediaprep.media import AudioStream, Media
from mediaprep.options import Options
from mediaprep.rules import check_media
from tests import strategies
from tests.sounds import AUDIO, facts, pcm, record, work

MP3, AAC = ENCODERS["audio/mpeg"], ENCODERS["audio/aac"]
# A picture with what looks like the start of a frame in it.
ID3 = b"ID3\x04\0\0\0\0\x02\x00" + b"TIT2\0\0\0\x07\0\0\x03Secret" + bytes(39) + b"\xff\xfb\x90\x64" + bytes(196)
ID3V1 = b"TAGSecret".ljust(128, b"\0")
APE = b"APETAGEX" + bytes(24) + b"Secret" + b"\xff\xfb\x90\x64" + b"APETAGEX" + bytes(24)


def rewrapped(folder: Path, media: Media) -> bytes:
    recipe = MP3.ladder(media, AUDIO, (), Options())[0]
    assert recipe.encodes == 0
    MP3.encode(recipe, work(folder, media, AUDIO), folder / "output.mp3")
    return (folder / "output.mp3").read_bytes()


@pytest.mark.parametrize("quality", [("-b:a", "96k"), ("-q:a", "5")])
def test_the_frames_stay_and_the_tags_go(tmp_path: Path, quality: tuple[str, str]) -> None:
    path = record(tmp_path, 2, "-c:a", "libmp3lame", *quality, "-id3v2_version", "0", "-f", "mp3")
    frames = path.read_bytes()
    path.write_bytes(ID3 + ID3 + frames + b"garbage" + APE + ID3V1)
    media = facts(path, "audio/mpeg", "mp3", metadata=("text", "thumbnail"), extras=("cover",), trailing=160)
    assert rewrapped(tmp_path, media) == frames
    with av.open(str(tmp_path / "output.mp3")) as container:
        assert container.duration == pytest.approx(2_000_000, abs=60_000)
        assert not container.metadata.get("title")


def test_a_tag_between_two_joined_files_goes_too(tmp_path: Path) -> None:
    path = record(tmp_path, 1, "-c:a", "libmp3lame", "-id3v2_version", "0", "-f", "mp3")
    frames = path.read_bytes()
    path.write_bytes(ID3 + frames + ID3 + frames + ID3V1)
    assert rewrapped(tmp_path, facts(path, "audio/mpeg", "mp3")) == frames + frames


def test_aac_in_adts(tmp_path: Path) -> None:
    path = record(tmp_path, 2, "-c:a", "aac", "-f", "adts")
    frames = path.read_bytes()
    path.write_bytes(ID3 + frames + ID3V1)
    media = facts(path, "audio/aac", "aac", metadata=("text",))
    AAC.encode(AAC.ladder(media, AUDIO, (), Options())[0], work(tmp_path, media, AUDIO), tmp_path / "output.aac")
    assert (tmp_path / "output.aac").read_bytes() == frames
    assert len(pcm(tmp_path / "output.aac")) / 48000 == pytest.approx(2.0, abs=0.05)


def test_a_frame_that_is_cut_short_is_left_off(tmp_path: Path) -> None:
    path = record(tmp_path, 1, "-c:a", "libmp3lame", "-b:a", "96k", "-id3v2_version", "0", "-f", "mp3")
    frames = path.read_bytes()
    path.write_bytes(frames[:-100])
    assert rewrapped(tmp_path, facts(path, "audio/mpeg", "mp3")) == frames[:-288]


def test_noise_holds_no_frames(tmp_path: Path) -> None:
    noise = random.Random(7).randbytes(200_000) + b"\xff\xfb" * 1000
    (tmp_path / "input").write_bytes(noise)
    media = Media(name="a.mp3", size=len(noise), mime="audio/mpeg", kind="audio", demuxer="mp3")
    with pytest.raises(Damaged, match="no complete audio frame"):
        MP3.encode(Recipe(encodes=0), work(tmp_path, media, AUDIO), tmp_path / "output.mp3")


def test_only_a_file_of_frames_is_rewrapped() -> None:
    sound = AudioStream(index=0, codec="mp3", channels=2, bit_rate=128_000)
    media = Media(name="a.mp3", size=1, mime="audio/mpeg", kind="audio", duration=10.0, audio=(sound,))
    assert len(MP3.ladder(media, AUDIO, (), Options())) == 1
    assert MP3.ladder(media, AUDIO, (), Options(normalize=True)) == ()
    assert MP3.ladder(replace(media, audio=(replace(sound, codec="mp2"),)), AUDIO, (), Options()) == ()
    assert MP3.ladder(replace(media, mime="audio/wav"), AUDIO, (), Options()) == ()
    assert AAC.ladder(media, AUDIO, (), Options()) == ()


@given(strategies.recordings(), strategies.options)
def test_what_is_expected_passes_the_rules(media: Media, options: Options) -> None:
    for mime, encoder in ENCODERS.items():
        ladder = encoder.ladder(media, AUDIO, (), options)
        assert not ladder or (media.mime == mime and not options.ask_for_work("audio"))
        for recipe in ladder:
            expected = encoder.expect(recipe, media, AUDIO)
            assert not [finding for finding in check_media(expected, AUDIO, ours=True) if finding.level == "error"]
