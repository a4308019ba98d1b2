"""Sound as AAC in MP4."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mediaprep.encoders.m4a import ENCODERS, RATES, M4a, copy_arguments, rate_for
from mediaprep.encoders.sound import Heard, Loudness
from mediaprep.media import AudioStream, Media, VideoStream
from mediaprep.options import Options
from mediaprep.rules import check_media
from mediaprep.running import tools
from tests import strategies
from tests.sounds import AUDIO, facts, pcm, record, work

M4A = M4a()
STEREO = AudioStream(index=0, codec="flac", channels=2, sample_rate=44100, bit_rate=900_000, duration=200.0)
SONG = Media(name="song.flac", size=22_500_000, mime="audio/flac", kind="audio", demuxer="flac", audio=(STEREO,))


def song(**more: object) -> Media:
    return replace(SONG, audio=(replace(STEREO, **more),))


def boxes(data: bytes) -> list[tuple[str, bytes]]:
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        found.append((data[at + 4 : at + 8].decode("latin-1"), data[at + 8 : at + size]))
        at += size
    return found


def assert_clean_m4a(path: Path) -> None:
    data = path.read_bytes()
    top = boxes(data)
    names = [name for name, _ in top]
    assert names[0] == "ftyp"
    assert top[0][1][:4] == b"M4A "
    assert names.index("moov") < names.index("mdat")
    header = dict(boxes(dict(top)["moov"]))["mvhd"]
    assert header[4:12] == bytes(8), "a time of creation or change"
    assert not [name for name in (b"\xa9too", b"\xa9nam", b"covr", b"Lavf") if name in dict(top)["moov"]]
    with av.open(str(path)) as container:
        assert [stream.type for stream in container.streams] == ["audio"]
        assert container.streams.audio[0].codec_context.codec.canonical_name == "aac"


def test_music_is_made_well_and_gets_smaller_rung_by_rung() -> None:
    ladder = M4A.ladder(SONG, AUDIO, (), Options())
    assert (ladder[0].bit_rate, ladder[0].channels, ladder[0].sample_rate) == (160_000, 2, 44100)
    assert (ladder[-1].bit_rate, ladder[-1].channels) == (24_000, 1)
    sizes = [M4A.size(rung.bit_rate, rung.sample_rate, 200.0) for rung in ladder]
    assert all(larger > smaller for larger, smaller in pairwise(sizes))
    assert ladder[0].changes == ()
    assert ladder[-1].changes == ("audio mixed down from stereo to mono", "audio encoded at 24 kbit/s to fit 16.00 MB")


@pytest.mark.parametrize(
    ("stream", "first"),
    [
        ({"codec": "amr_nb", "channels": 1, "sample_rate": 8000, "bit_rate": 12_200}, (24_000, 1, 8000)),
        ({"codec": "mp3", "bit_rate": 128_000}, (160_000, 2, 44100)),
        ({"codec": "mp3", "bit_rate": 64_000}, (80_000, 2, 44100)),
        ({"codec": "ac3", "channels": 6, "sample_rate": 48000, "bit_rate": 384_000}, (160_000, 2, 48000)),
        ({"codec": "opus", "sample_rate": 48000, "bit_rate": 900}, (48_000, 2, 24000)),
        ({"codec": "pcm_s24le", "sample_rate": 192_000, "bit_rate": 9_216_000}, (160_000, 2, 48000)),
        ({"codec": "vorbis", "sample_rate": 37800, "bit_rate": None}, (160_000, 2, 44100)),
    ],
)
def test_no_more_than_the_source_deserves(stream: dict[str, object], first: tuple[int, int, int]) -> None:
    best = M4A.ladder(song(**stream), AUDIO, (), Options())[0]
    assert (best.bit_rate, best.channels, best.sample_rate) == first


@given(st.integers(1, 400_000), st.integers(20_000, 200_000), st.integers(1, 2))
def test_any_sample_rate_becomes_one_that_aac_has(source: int, bit_rate: int, channels: int) -> None:
    assert rate_for(source, bit_rate, channels) in RATES


def test_aac_is_copied_out_of_anything_and_nothing_else_is() -> None:
    aac = song(codec="aac", profile="LC", bit_rate=128_000)
    film = replace(aac, mime="video/x-matroska", kind="video", video=(VideoStream(index=1, codec="hevc"),))
    assert M4A.ladder(film, AUDIO, (), Options())[0].encodes == 0
    assert M4A.ladder(film, AUDIO, (), Options())[0].changes == ("video removed",)
    for other in (song(codec="mp3"), replace(aac, audio=(replace(aac.audio[0], channels=6),))):
        assert M4A.ladder(other, AUDIO, (), Options())[0].encodes == 1
    for asked in (Options(normalize=True), Options(trim_silence=True)):
        assert M4A.ladder(aac, AUDIO, (), asked)[0].encodes == 1
    long = replace(aac, audio=(replace(aac.audio[0], duration=1200.0),))
    assert M4A.ladder(long, AUDIO, (), Options())[0].encodes == 1, "a copy would have 19 MB"


def test_what_is_too_long_is_cut_and_said() -> None:
    limits = replace(AUDIO, max_duration=60.0)
    best = M4A.ladder(song(codec="aac", bit_rate=128_000), limits, (), Options())[0]
    assert best.encodes == 1
    assert best.changes == ("cut to the first 60 s",)
    told = " ".join(M4A.arguments(best, SONG, STEREO, Heard(), "output.m4a"))
    assert "atrim=end=59.950" in told


def test_nothing_is_made_of_what_has_no_sound() -> None:
    assert M4A.ladder(replace(SONG, audio=()), AUDIO, (), Options()) == ()
    assert M4A.ladder(SONG, replace(AUDIO, max_channels={"audio/mp4": 0}), (), Options()) == ()
    assert M4A.ladder(SONG, replace(AUDIO, mime=("audio/ogg",)), (), Options()) == ()


def test_the_arguments_of_an_encode() -> None:
    recipe = M4A.ladder(SONG, AUDIO, (), Options(normalize=True, trim_silence=True))[0]
    loudness = Loudness(integrated=-30, range=14, peak=-9, threshold=-40, offset=0.2)
    told = M4A.arguments(recipe, SONG, STEREO, Heard(start=1.5, end=9.25, loudness=loudness), "output.m4a")
    line = " ".join(told)
    assert told[told.index("-i") + 1] == "file:input"
    assert told[-1] == "output.m4a"
    assert "atrim=end=9.250:start=1.500" in line
    assert "loudnorm=I=-16.0:LRA=14" in line
    assert "measured_I=-30" in line
    assert "linear=true" in line
    for pair in ("-map_metadata -1", "-map_chapters -1", "-fflags +bitexact", "-movflags +faststart", "-f ipod"):
        assert pair in line
    assert "-c copy" in " ".join(copy_arguments(SONG, STEREO, "output.m4a"))


@given(st.one_of(strategies.films(), strategies.recordings()), strategies.options)
def test_what_is_expected_passes_the_rules(media: Media, options: Options) -> None:
    for recipe in M4A.ladder(media, AUDIO, (), options):
        expected = M4A.expect(recipe, media, AUDIO)
        assert not [finding for finding in check_media(expected, AUDIO, ours=True) if finding.level == "error"]
        assert expected.name.endswith(".m4a")


def test_a_song_is_encoded(tmp_path: Path) -> None:
    path = record(tmp_path, 3, "-ac", "2", "-ar", "44100", "-metadata", "title=Secret", "-f", "flac")
    media = facts(path, "audio/flac", "flac")
    heard: list[float] = []
    job = work(tmp_path, media, AUDIO)
    job.progress = heard.append
    recipe = M4A.ladder(media, AUDIO, (), Options())[0]
    M4A.encode(recipe, job, tmp_path / "output.m4a")
    assert_clean_m4a(tmp_path / "output.m4a")
    assert b"Secret" not in (tmp_path / "output.m4a").read_bytes()
    made = facts(tmp_path / "output.m4a", "audio/mp4", "mov")
    assert (made.audio[0].channels, made.audio[0].sample_rate) == (2, 44100)
    assert made.duration == pytest.approx(3.0, abs=0.05)
    assert heard[-1] == 1.0


def test_the_size_is_known_before(tmp_path: Path) -> None:
    noise = "anoisesrc=colour=pink:sample_rate=44100:duration={seconds},aformat=channel_layouts=stereo"
    media = facts(record(tmp_path, 8, "-f", "wav", graph=noise), "audio/wav", "wav")
    for recipe in (M4A.ladder(media, AUDIO, (), Options())[at] for at in (0, 4, -1)):
        M4A.encode(recipe, work(tmp_path, media, AUDIO), tmp_path / "output.m4a")
        assert M4A.estimate(recipe, work(tmp_path, media, AUDIO)) == pytest.approx(
            (tmp_path / "output.m4a").stat().st_size, rel=0.08
        )


def test_an_encode_stops_at_its_ceiling(tmp_path: Path) -> None:
    media = facts(record(tmp_path, 8, "-f", "wav"), "audio/wav", "wav")
    job = work(tmp_path, media, AUDIO)
    job.ceiling = 20_000
    with pytest.raises(tools.Overshoot):
        M4A.encode(M4A.ladder(media, AUDIO, (), Options())[0], job, tmp_path / "output.m4a")


def test_the_sound_of_a_film_is_copied_from_where_it_starts(tmp_path: Path) -> None:
    record(tmp_path, 4, "-c:a", "aac", "-f", "adts", name="sound.aac")
    late = ["-itsoffset", "2", "-i", "sound.aac", "-map", "0", "-map", "1", "-c:a", "copy", "-c:v", "mjpeg"]
    picture = "testsrc2=size=64x64:rate=10:duration={seconds}"
    made = ["-v", "error", "-y", "-f", "lavfi", "-i", picture.format(seconds=6)]
    tools.run([*made, *late, "-f", "matroska", "input"], folder=tmp_path, seconds=600)
    media = facts(tmp_path / "input", "video/x-matroska", "matroska", kind="video")
    sound = replace(media.audio[0], duration=4.0, bit_rate=64_000)
    film = replace(media, audio=(sound,), video=(VideoStream(index=0, codec="mjpeg"),))
    recipe = M4A.ladder(film, AUDIO, (), Options())[0]
    assert recipe.encodes == 0
    M4A.encode(recipe, work(tmp_path, film, AUDIO), tmp_path / "output.m4a")
    assert_clean_m4a(tmp_path / "output.m4a")
    assert facts(tmp_path / "output.m4a", "audio/mp4", "mov").duration == pytest.approx(4.0, abs=0.1)


def test_surround_keeps_its_centre(tmp_path: Path) -> None:
    graph = "aevalsrc=exprs='0|0|0.3*sin(2*PI*400*t)|0|0|0':channel_layout=5.1:s=48000:d={seconds}"
    media = facts(record(tmp_path, 2, "-f", "wav", graph=graph), "audio/wav", "wav")
    recipe = M4A.ladder(media, AUDIO, (), Options())[0]
    assert recipe.changes == ("audio mixed down from 5.1 to stereo",)
    M4A.encode(recipe, work(tmp_path, media, AUDIO), tmp_path / "output.m4a")
    heard = pcm(tmp_path / "output.m4a")[24000:72000]
    level = math.sqrt(math.fsum(value * value for value in heard) / len(heard)) / 32768
    assert level == pytest.approx(0.3 * math.sqrt(0.5) * math.sqrt(0.5), rel=0.1), "3 dB below, in both channels"


def test_loudness_and_silence(tmp_path: Path) -> None:
    graph = "aevalsrc=exprs='between(t,1,4)*0.02*sin(2*PI*997*t)':s=48000:d={seconds}"
    media = facts(record(tmp_path, 6, "-f", "wav", graph=graph), "audio/wav", "wav")
    job = work(tmp_path, media, AUDIO, normalize=True, trim_silence=True)
    recipe = M4A.ladder(media, AUDIO, (), job.options)[0]
    assert recipe.changes == ("loudness normalized to -16 LUFS", "silence trimmed at both ends")
    assert M4A.expect(recipe, media, AUDIO).duration is None
    M4A.encode(recipe, job, tmp_path / "output.m4a")
    heard = pcm(tmp_path / "output.m4a")
    assert len(heard) / 48000 == pytest.approx(3.2, abs=0.06)
    middle = heard[48000:96000]
    level = 20 * math.log10(math.sqrt(math.fsum(value * value for value in middle) / len(middle)) / 32768)
    assert level == pytest.approx(-15.3, abs=0.7), "-16 LUFS of a sine at 997 Hz (ITU-R BS.1770: -0.69 dB)"
    assert len(job.notes) == 1


def test_the_shelf() -> None:
    assert ENCODERS["audio/mp4"].mime == "audio/mp4"
