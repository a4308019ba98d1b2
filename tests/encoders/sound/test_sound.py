"""What is worth keeping of a sound, how it is filtered, and its waveform."""

from __future__ import annotations

import json
import math
import struct
import subprocess
import sys
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediaprep.encoders import sound
from mediaprep.encoders.sound import Heard, Levels, Loudness, edges, left_out, loudness_of, worth
from mediaprep.errors import Damaged, MediaprepError
from mediaprep.media import AudioStream, Media, VideoStream
from mediaprep.running import tools
from tests.sounds import facts, record

MONO = AudioStream(index=1, codec="aac", channels=1)


def loud(pcm: bytes) -> float:
    values = array("h", pcm)
    return math.fsum(value * value for value in values) / len(values)


def waveform(samples: list[int], block: int = 4096) -> tuple[int, ...]:
    levels = Levels(loud)
    data = struct.pack(f"<{len(samples)}h", *samples)
    for at in range(0, len(data), block):
        levels.add(data[at : at + block])
    assert levels.samples == len(samples)
    return levels.waveform()


def chain(media: Media, stream: AudioStream, channels: int, sample_rate: int | None = None) -> str:
    import ffmpeg

    node = sound.mixed(tools.source(media)[str(stream.index)], media, stream, channels, sample_rate)
    return " ".join(tools.arguments(ffmpeg.output(node, "-", f="null")))


def test_worth_follows_the_bit_rate_and_the_codec() -> None:
    assert worth(AudioStream(index=0, codec="mp3", bit_rate=128_000)) == 160_000
    assert worth(AudioStream(index=0, codec="opus", bit_rate=24_000)) == 48_000
    assert worth(AudioStream(index=0, codec="aac", profile="HE-AACv2", bit_rate=32_000)) == 64_000
    assert worth(AudioStream(index=0, codec="amr_nb", bit_rate=12_200)) == 24_400
    assert worth(AudioStream(index=0, codec="mp3")) is None


def test_what_is_left_out_is_said() -> None:
    english = AudioStream(index=2, codec="ac3", channels=6)
    chosen = AudioStream(index=1, codec="aac", channels=2, default=True)
    film = Media(
        name="film.mkv", size=1, mime="video/x-matroska", kind="video", audio=(english, chosen),
        video=(VideoStream(index=0, codec="h264"),), extras=("subtitle", "chapters", "cover"),
    )  # fmt: skip
    assert left_out(film) == (
        "video removed",
        "audio stream removed: ac3, 5.1",
        "chapters removed",
        "subtitles removed",
    )
    assert (
        left_out(Media(name="a.mp3", size=1, mime="audio/mpeg", kind="audio", audio=(MONO,), extras=("cover",))) == ()
    )


def test_a_film_starts_at_zero_and_keeps_its_gaps() -> None:
    film = Media(name="a.mkv", size=1, mime="video/x-matroska", kind="video", demuxer="matroska", audio=(MONO,))
    assert "asetpts=PTS-STARTPTS" in chain(film, MONO, 1)
    assert "async=1" in chain(film, MONO, 1)
    bare = Media(name="a.mp3", size=1, mime="audio/mpeg", kind="audio", demuxer="mp3", audio=(MONO,))
    assert "filter_complex" not in chain(bare, MONO, 1)


def test_mixing_down() -> None:
    media = Media(name="a.ac3", size=1, mime="audio/ac3", kind="audio", demuxer="ac3")
    surround, stereo = (AudioStream(index=0, codec="ac3", channels=count) for count in (6, 2))
    assert "ochl=stereo" in chain(media, surround, 2)
    assert "alimiter" in chain(media, surround, 2)
    assert "ochl=mono" not in chain(media, surround, 2)
    assert "ochl=mono" in chain(media, surround, 1)
    assert "ochl=mono:osr=16000:rematrix_maxval=1" in chain(media, stereo, 1, 16000)
    assert "aresample" not in chain(media, stereo, 2)


@pytest.mark.parametrize(
    ("noted", "found"),
    [
        ([], (None, None)),
        (["start=0", "end=2.0", "start=12"], (1.9, 12.1)),
        (["start=0"], (None, None)),
        (["start=5", "end=6"], (None, None)),
        (["start=5", "end=6", "start=9"], (None, 9.1)),
        (["start=0", "end=2", "start=5", "end=6"], (1.9, None)),
        (["start=0.02", "end=0.05"], (None, None)),
    ],
)
def test_the_edges_of_the_sound(noted: list[str], found: tuple[float | None, float | None]) -> None:
    lines = ["frame:2    pts:8192    pts_time:0.18", *(f"lavfi.silence_{note}\n" for note in noted)]
    assert edges(lines) == pytest.approx(found)


def test_loudness_of_silence_is_nothing() -> None:
    told = {
        "input_i": "-23.54", "input_tp": "-7.96", "input_lra": "2.10", "input_thresh": "-34.03",
        "normalization_type": "dynamic", "target_offset": "0.43",
    }  # fmt: skip
    assert loudness_of(json.dumps(told).encode()) == Loudness(
        integrated=-23.54, range=2.1, peak=-7.96, threshold=-34.03, offset=0.43
    )
    silence = told | {"input_i": "-inf", "input_tp": "-inf", "target_offset": "inf"}
    assert loudness_of(json.dumps(silence).encode()) is None


def test_a_waveform_has_64_values_whatever_the_length() -> None:
    assert waveform([]) == (0,) * 64
    assert waveform([0] * 16000) == (0,) * 64
    assert waveform([9] * 5) == (100,) * 64
    assert waveform([1000] * 160) == (100,) * 64


def test_a_waveform_follows_the_level() -> None:
    rising = [round(30000 * at / 64_000) * (-1) ** at for at in range(64_000)]
    values = waveform(rising)
    assert values[-1] == 100
    assert all(abs(value - 100 * (at + 0.5) / 63.5) < 2 for at, value in enumerate(values))


def test_a_waveform_of_two_hours_stays_small() -> None:
    levels = Levels(lambda pcm: float(pcm[0]) ** 2)
    for second in range(7200):
        levels.add(bytes([10 if second < 3600 else 20]) * 16000)
        assert len(levels.means) < sound.MOST_LEVELS
        assert len(levels.rest) < 2 * levels.span
    assert levels.samples == 7200 * 8000
    assert set(levels.waveform()[:32]) == {50}
    assert set(levels.waveform()[33:]) == {100}


@given(st.lists(st.integers(-32768, 32767), max_size=3000), st.integers(1, 500))
def test_any_sound_has_a_waveform(samples: list[int], block: int) -> None:
    values = waveform(samples, 2 * block)
    assert len(values) == 64
    assert all(0 <= value <= 100 for value in values)
    assert max(values) == (100 if any(samples) else 0)


def test_measuring_a_real_sound(tmp_path: Path) -> None:
    graph = "aevalsrc=exprs='if(lt(t,1),0.1,0.4)*sin(2*PI*300*t)|0':s=44100:d={seconds}"
    path = record(tmp_path, 2, "-c:a", "aac", "-f", "mp4", "-b:a", "96k", graph=graph)
    measured = sound.measure(tmp_path, facts(path, "audio/mp4", "mov"), "input")
    assert measured.duration == pytest.approx(2.0, abs=0.03)
    assert all(abs(value - 25) < 4 for value in measured.waveform[1:31])
    assert all(abs(value - 100) < 4 for value in measured.waveform[33:63])


def test_measuring_what_does_not_decode(tmp_path: Path) -> None:
    path = record(tmp_path, 1, "-c:a", "libopus", "-f", "ogg")
    media = facts(path, "audio/ogg", "ogg")
    data = path.read_bytes()
    path.write_bytes(data[:200])
    with pytest.raises(MediaprepError):
        sound.measure(tmp_path, media, "input")
    with pytest.raises(Damaged, match="no audio"):
        sound.measure(tmp_path, Media(name="a", size=1, mime="audio/ogg", kind="audio", demuxer="ogg"), "input")


def test_listening_finds_the_edges_and_the_loudness(tmp_path: Path) -> None:
    graph = "aevalsrc=exprs='between(t,1,4)*0.1*sin(2*PI*400*t)':s=48000:d=6"
    path = record(tmp_path, 6, "-f", "wav", graph=graph)
    media = facts(path, "audio/wav", "wav")
    heard = sound.listen(tmp_path, media, media.audio[0], 1, 16000)
    assert heard.start == pytest.approx(0.9, abs=0.02)
    assert heard.end == pytest.approx(4.1, abs=0.02)
    assert heard.loudness is not None
    assert heard.loudness.integrated == pytest.approx(-24, abs=1)
    silent = record(tmp_path, 1, "-f", "wav", graph="anullsrc=d={seconds}")
    assert sound.listen(tmp_path, facts(silent, "audio/wav", "wav"), media.audio[0], 1, 16000) == Heard()


def test_pydub_is_imported_late_and_without_a_word() -> None:
    program = (
        "import sys; from mediaprep.encoders import sound; assert 'pydub' not in sys.modules; "
        "sound._mean_square()(b'ab')"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert math.isclose(sound._mean_square()(struct.pack("<2h", 300, -300)), 90_000)
