"""Where other tools fail: each of these traps was seen in a published tool, and none may catch this one."""

from __future__ import annotations

import subprocess
import sys
from array import array
from itertools import pairwise
from pathlib import Path

import av
import pytest
from PIL import Image

from mediaprep import Options, Prepared, prepare
from mediaprep.running import tools
from tests import independent, material

SAMPLES = Path(__file__).parent.parent / "samples"


def ffmpeg(*arguments: object) -> None:
    command = [tools.ffmpeg().path, "-nostdin", "-y", "-v", "error", *map(str, arguments)]
    subprocess.run(command, check=True, timeout=1200)


def made(record: Prepared) -> Path:
    assert record.status == "ready", record
    return Path(str(record.path))


def noise(folder: Path, seconds: float, size: str = "640x360", rate: int = 30) -> Path:
    """A film that is hard to compress, with a tone; H.264 and AAC in Matroska."""
    path = folder / "noise.mkv"
    ffmpeg(
        "-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}", "-f", "lavfi", "-i", f"sine=d={seconds}",
        "-vf", "noise=alls=12:allf=t", "-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "main", "-bf", "0",
        "-pix_fmt", "yuv420p", "-crf", "23", "-c:a", "aac", path,
    )  # fmt: skip
    return path


def test_a_film_that_fits_in_the_wrong_container_is_neither_skipped_nor_encoded(tmp_path: Path) -> None:
    record = prepare(noise(tmp_path, 1), into=tmp_path / "out")
    assert (record.action, record.encodes) == ("remux", 0)
    independent.film(made(record))


def test_a_film_over_the_limit_ends_below_it_and_close_to_it(tmp_path: Path) -> None:
    profile = tmp_path / "tight.toml"
    profile.write_text('extends = "whatsapp"\n[video]\nmax_bytes = "300 KB"\nerror_above = "300 KB"\n')
    record = prepare(noise(tmp_path, 6), into=tmp_path / "out", profile=profile)
    assert 300_000 * 0.8 < made(record).stat().st_size <= 300_000
    assert record.encodes <= 4
    independent.film(made(record))


def test_a_place_in_a_photo_is_gone_and_the_photo_is_upright(tmp_path: Path) -> None:
    path = made(prepare(SAMPLES / "photo-gps-rotated.jpg", into=tmp_path))
    independent.still(path)
    with Image.open(path) as picture:
        upright = material.photo().resize(picture.size)
        assert picture.size[0] > picture.size[1]
        assert similar(picture.convert("RGB"), upright)


def similar(one: Image.Image, other: Image.Image) -> bool:
    from PIL import ImageChops, ImageStat

    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean) < 12


def test_a_sticker_is_a_sticker_and_not_a_small_picture(tmp_path: Path) -> None:
    for source in ("photo-gps-rotated.jpg", "logo-transparent.png", "ball-transparent.gif"):
        record = prepare(SAMPLES / source, into=tmp_path, target="sticker")
        independent.sticker(made(record), animated=source.endswith("gif"))


def test_a_turned_photo_becomes_an_upright_sticker(tmp_path: Path) -> None:
    with Image.open(made(prepare(SAMPLES / "photo-gps-rotated.jpg", into=tmp_path, target="sticker"))) as sticker:
        art = sticker.getchannel("A").getbbox()
        assert art is not None and art[2] - art[0] == 512 and art[3] - art[1] < 512


def test_a_long_clip_is_cut_and_not_sped_up_unless_asked(tmp_path: Path) -> None:
    clip = noise(tmp_path, 12, "320x180", 15)
    cut = prepare(clip, into=tmp_path / "cut", target="sticker")
    fast = prepare(clip, into=tmp_path / "fast", target="sticker", options=Options(speed_up=True))
    for record in (cut, fast):
        independent.sticker(made(record), animated=True)
        assert made(record).stat().st_size <= 500_000
        assert record.duration is not None and 9.5 < record.duration <= 10.0
        assert record.changes, "what was given up is said"
    assert any("removed" in change or "cut" in change for change in cut.changes), cut.changes
    assert cut.frames is not None and cut.frames / 10 >= 8, "a sticker that moves, not a slide show"


def test_an_index_at_the_end_does_not_make_an_empty_voice_note(tmp_path: Path) -> None:
    source = tmp_path / "memo.m4a"
    ffmpeg("-f", "lavfi", "-i", "sine=d=4", "-c:a", "aac", source)
    data = source.read_bytes()
    assert data.index(b"mdat") < data.index(b"moov")
    record = prepare(source, into=tmp_path / "out", target="voice")
    independent.voice(made(record))
    assert record.duration is not None and abs(record.duration - 4) < 0.2


def test_a_voice_note_is_opus_mono_and_never_vorbis(tmp_path: Path) -> None:
    path = made(prepare(SAMPLES / "memo-vorbis.ogg", into=tmp_path, target="voice"))
    with av.open(str(path)) as note:
        assert note.streams.audio[0].codec_context.name in ("opus", "libopus")
    head = path.read_bytes().index(b"OpusHead")
    assert int.from_bytes(path.read_bytes()[head + 12 : head + 16], "little") == 16000
    assert path.suffix == ".ogg", "a note named .opus is refused as audio/opus"


def test_an_opus_name_becomes_an_ogg_name(tmp_path: Path) -> None:
    source = tmp_path / "note.opus"
    source.write_bytes((SAMPLES / "memo-ready.ogg").read_bytes())
    record = prepare(source, into=tmp_path / "out", target="voice")
    assert (made(record).name, record.action) == ("note.ogg", "pass")


def test_a_recording_of_a_browser_is_remuxed_into_a_note(tmp_path: Path) -> None:
    record = prepare(SAMPLES / "memo-recording.webm", into=tmp_path, target="voice")
    assert (record.action, record.encodes) == ("remux", 0)
    independent.voice(made(record))


def test_another_package_named_ffmpeg_is_told_by_the_doctor(tmp_path: Path) -> None:
    (tmp_path / "ffmpeg.py").write_text("probe = None\n")
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from mediaprep.cli.doctor import examine\n"
        "(check,) = [check for check in examine() if check.name == 'ffmpeg-python']\n"
        "assert not check.found and 'uninstall' in check.advice, check"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=600)


def test_quality_can_be_measured_with_what_pip_brings() -> None:
    assert {"libvmaf", "ssim", "libx264", "libopus"} <= tools.features()


@pytest.mark.parametrize("name", ["photo.webp", "photo-phone.heic", "photo.avif", "photo.bmp", "photo-cmyk.jpg"])
def test_pictures_that_platforms_refuse_become_pictures_they_take(name: str, tmp_path: Path) -> None:
    independent.still(made(prepare(SAMPLES / name, into=tmp_path)))


def test_transparency_is_laid_on_white_and_never_black(tmp_path: Path) -> None:
    path = made(prepare(SAMPLES / "logo-transparent.png", into=tmp_path, profile="engagelab"))
    with Image.open(path) as picture:
        assert picture.convert("L").getpixel((0, 0)) == 255
    other = prepare(
        SAMPLES / "logo-transparent.png", into=tmp_path, profile="engagelab", options=Options(background="#FF0000")
    )
    with Image.open(made(other)) as picture:
        red, green, _ = picture.convert("RGB").getpixel((0, 0))  # type: ignore[misc]
        assert red > 240 > 20 > green


def test_a_name_that_lies_does_not_decide(tmp_path: Path) -> None:
    for name in ("photo.mp4", "photo.pdf", "photo"):
        (tmp_path / name).write_bytes((SAMPLES / "photo-ready.jpg").read_bytes())
        record = prepare(tmp_path / name, into=tmp_path / "out")
        assert (record.target, record.action, made(record).suffix) == ("image", "pass", ".jpg")


def test_several_sound_tracks_leave_the_one_that_was_meant(tmp_path: Path) -> None:
    source = tmp_path / "two.mkv"
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=160x120:d=1", "-f", "lavfi", "-i", "sine=f=300:d=1", "-f", "lavfi", "-i",
        "sine=f=3000:d=1", "-map", "0", "-map", "1", "-map", "2", "-c:v", "libx264", "-profile:v", "main", "-bf", "0",
        "-pix_fmt", "yuv420p", "-c:a", "aac", "-disposition:a:0", "0", "-disposition:a:1", "default", source,
    )  # fmt: skip
    record = prepare(source, into=tmp_path / "out")
    independent.film(made(record))
    assert pitch(made(record)) > 1500, "the default track, not the first"
    assert any("audio stream removed" in change for change in record.changes)


def pitch(path: Path) -> float:
    """Hz, by counting how often the sound crosses zero."""
    with av.open(str(path)) as container:
        plain = av.AudioResampler(format="s16", layout="mono", rate=16000)
        samples = array("h")
        for frame in container.decode(audio=0):
            for part in plain.resample(frame):
                samples.frombytes(bytes(part.planes[0])[: part.samples * 2])
    return sum((one < 0) != (other < 0) for one, other in pairwise(samples)) / 2 / (len(samples) / 16000)
