"""Stickers: rungs that honour the limits, and files that hold to what WhatsApp's validator asks."""

from __future__ import annotations

import json
import math
import struct
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image, ImageChops, ImageDraw, ImageSequence, ImageStat

from mediaprep.converting.fit import fit
from mediaprep.encoders import Work, encoder
from mediaprep.encoders.webp import Webp, WebpEncoder
from mediaprep.media import AudioStream, Media, VideoStream
from mediaprep.options import Options
from mediaprep.planning import profiles
from mediaprep.reading.probe import probe
from mediaprep.rules import Limits, check_media, errors_of
from mediaprep.running import tools
from tests import strategies

WEBP = WebpEncoder()
STILL = profiles.load("whatsapp").limits("sticker")
MOVING = profiles.load("whatsapp").limits("animated_sticker")
PHOTO = Media(name="photo.jpg", size=9, mime="image/jpeg", kind="image", width=4000, height=3000, mode="RGB")
GIF = Media(
    name="a.gif", size=9, mime="image/gif", kind="animation", width=480, height=360, frames=60, duration=3.0,
    shortest_frame=0.05, lossless=True,
)  # fmt: skip
FILM = Media(
    name="a.mp4", size=9, mime="video/mp4", kind="video", demuxer="mov", width=640, height=360, duration=12.0,
    video=(VideoStream(index=0, codec="h264", width=640, height=360, fps=30.0, default=True),),
    audio=(AudioStream(index=1, codec="aac"),),
)  # fmt: skip


def ladder(media: Media, limits: Limits, options: Options | None = None) -> Sequence[Webp]:
    return WEBP.ladder(media, limits, errors_of(check_media(media, limits)), options or Options())


# ---------------------------------------------------------------- pure


def test_the_registry_knows_it() -> None:
    assert isinstance(encoder("image/webp"), WebpEncoder)


limits = st.builds(
    replace,
    st.sampled_from([STILL, MOVING, replace(STILL, width=None, height=None), replace(MOVING, min_frame=0.05)]),
    alpha=st.sampled_from([None, True, False]),
    animated=st.sampled_from([None, True, False]),
    max_side=st.sampled_from([None, 640, 512, 96]),
    modes=st.sampled_from([(), ("RGB",), ("RGBA",), ("L",)]),
    bit_depth=st.sampled_from([None, 8]),
    max_duration=st.sampled_from([None, 0.5, 10.0]),
)


@given(strategies.media, limits, strategies.options)
def test_what_is_expected_complies(media: Media, limits: Limits, options: Options) -> None:
    for recipe in ladder(media, limits, options):
        expected = WEBP.expect(recipe, media, limits)
        left = errors_of(check_media(expected, limits, ours=True))
        assert not [finding for finding in left if finding.part != "message"]
        assert expected.size == 0 and expected.name.endswith(".webp")


@given(strategies.media, st.sampled_from([STILL, MOVING]))
def test_no_knob_ever_rises(media: Media, limits: Limits) -> None:
    rungs = [rung for rung in ladder(media, limits) if rung.encodes]
    for better, worse in pairwise(rungs):
        assert (better.fps or math.inf) >= (worse.fps or math.inf)
        assert (101 if better.quality is None else better.quality) >= (101 if worse.quality is None else worse.quality)
        assert better.detail >= worse.detail
        assert (better.fps, better.quality, better.detail) != (worse.fps, worse.quality, worse.detail)


def test_a_photo_has_enough_rungs_and_says_nothing_untrue() -> None:
    rungs = ladder(PHOTO, STILL)
    assert 10 <= len(rungs) <= 40
    assert rungs[0].changes == () and rungs[0].art.size == (512, 384)
    assert "detail reduced" in rungs[-1].changes[-1]


def test_a_long_clip_is_cut_or_sped_up_and_it_is_said() -> None:
    cut, fast = ladder(FILM, MOVING)[0], ladder(FILM, MOVING, Options(speed_up=True))[0]
    assert cut.changes == ("cut to the first 10 s of 12.0 s", "audio removed")
    assert fast.changes[0] == "sped up 1.20 times to fit 10 s"
    assert WEBP.expect(cut, FILM, MOVING).duration == WEBP.expect(fast, FILM, MOVING).duration == 10.0


def test_a_still_asked_to_move_is_refused() -> None:
    assert not ladder(PHOTO, MOVING)
    assert not ladder(replace(PHOTO, kind="audio"), STILL) and not ladder(replace(PHOTO, kind="document"), STILL)


def test_of_what_moves_the_first_frame_becomes_a_still() -> None:
    assert "only the first of 60 frames is kept" in ladder(GIF, STILL)[0].changes
    assert WEBP.expect(ladder(FILM, STILL)[0], FILM, STILL).kind == "image"


def test_metadata_alone_is_cured_by_a_copy() -> None:
    media = replace(PHOTO, mime="image/webp", width=512, height=512, metadata=("location",), trailing=7)
    rungs = ladder(media, STILL)
    assert rungs[0].copies and not any(rung.copies for rung in rungs[1:])
    assert not ladder(replace(media, width=511), STILL)[0].copies
    assert not ladder(replace(media, mime="image/png"), STILL)[0].copies


def test_a_name_for_the_pack_alone_is_written_by_a_copy() -> None:
    media = replace(PHOTO, mime="image/webp", width=512, height=512)
    first = ladder(media, STILL, Options(pack="Cats"))[0]
    assert first.copies and b"Cats" in first.block


def test_crop_fills_the_square() -> None:
    rung = ladder(PHOTO, STILL, Options(crop=True))[0]
    assert rung.art.size == (512, 512) and rung.art.window == (0.75, 1.0)
    assert "image cropped to 512 x 512" in rung.changes


# ---------------------------------------------------------------- real files, looked at independently


class Sticker:
    """A WebP walked through by hand (RFC 9649)."""

    def __init__(self, data: bytes) -> None:
        assert data[:4] == b"RIFF" and data[8:12] == b"WEBP"
        assert struct.unpack_from("<I", data, 4)[0] + 8 == len(data), "RIFF length is the file's"
        self.chunks: list[tuple[bytes, bytes]] = []
        at = 12
        while at < len(data):
            kind, size = struct.unpack_from("<4sI", data, at)
            self.chunks.append((kind, data[at + 8 : at + 8 + size]))
            at += 8 + size + size % 2
        assert at == len(data), "nothing follows"
        self.head = dict(self.chunks).get(b"VP8X", b"")
        bodies = [body for kind, body in self.chunks if kind == b"ANMF"]
        self.boxes = [(number(b, 0) * 2, number(b, 3) * 2, number(b, 6) + 1, number(b, 9) + 1) for b in bodies]
        self.times = [number(body, 12) for body in bodies]


def number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")


def art(number: int, side: int = 200) -> Image.Image:
    """A disc that moves over a shaded ground, with a clear frame around."""
    image = Image.new("RGBA", (side, side * 3 // 4))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((8, 8, side - 9, side * 3 // 4 - 9), 20, fill=(40, 90, 160, 255))
    left = 12 + number * 7 % (side - 80)
    draw.ellipse((left, 40, left + 50, 90), fill=(250, 200, 40, 255))
    return image


def noise(number: int, size: tuple[int, int] = (120, 120)) -> Image.Image:
    return Image.merge("RGB", [Image.effect_noise(size, 60 + number % 7) for _ in "RGB"])


def written(folder: Path, pictures: Sequence[Image.Image], suffix: str, duration: int | list[int]) -> Media:
    path = folder / "input"
    mime = {"GIF": "image/gif", "PNG": "image/png", "WEBP": "image/webp"}[suffix]
    extra = {"disposal": 2} if suffix == "GIF" else {"lossless": True} if suffix == "WEBP" else {}
    pictures[0].save(path, suffix, save_all=True, append_images=list(pictures[1:]), duration=duration, loop=0, **extra)
    times = duration if isinstance(duration, list) else [duration] * len(pictures)
    return replace(
        GIF, mime=mime, width=pictures[0].width, height=pictures[0].height, frames=len(pictures), alpha=True,
        duration=sum(times) / 1000, shortest_frame=min(times) / 1000,
    )  # fmt: skip


def made(folder: Path, media: Media, limits: Limits, options: Options | None = None) -> tuple[Path, Webp]:
    """As the pipeline makes it: the ladder, the search, the output."""
    rungs = ladder(media, limits, options)
    work = Work(media=media, limits=limits, options=options or Options(), folder=folder, ceiling=limits.max_bytes)
    output = folder / "output.webp"

    def attempt(rung: int) -> int:
        WEBP.encode(rungs[rung], work, output)
        return output.stat().st_size

    found = fit(rungs, budget=limits.max_bytes, estimate=lambda rung: WEBP.estimate(rung, work), attempt=attempt)
    assert found.rung is not None and len(found.tried) <= 4
    attempt(found.rung)
    return output, rungs[found.rung]


def shown(path: Path) -> list[Image.Image]:
    with Image.open(path, formats=["WEBP"]) as image:
        return [picture.convert("RGBA") for picture in ImageSequence.Iterator(image)]


def complies(path: Path) -> Sticker:
    sticker = Sticker(path.read_bytes())
    assert path.stat().st_size <= 500_000
    assert sticker.head[0] & 0x02 and (number(sticker.head, 4), number(sticker.head, 7)) == (511, 511)
    assert sticker.boxes[0] == (0, 0, 512, 512), "the first frame is whole"
    assert len(sticker.boxes) > 1 and min(sticker.times) >= 8 and sum(sticker.times) <= 10_000
    assert dict(sticker.chunks)[b"ANIM"][4:6] == b"\0\0", "for ever"
    assert [picture.size for picture in shown(path)] == [(512, 512)] * len(sticker.boxes)
    return sticker


def psnr(one: Image.Image, other: Image.Image) -> float:
    ground = Image.new("RGBA", one.size, "white")
    seen = [Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB") for picture in (one, other)]
    squares = ImageStat.Stat(ImageChops.difference(*seen)).sum2
    return 10 * math.log10(255**2 / max(1e-9, sum(squares) / (3 * one.width * one.height)))


@pytest.mark.parametrize("suffix", ["GIF", "PNG", "WEBP"])
def test_an_animation_keeps_its_frames_times_and_clear_ground(tmp_path: Path, suffix: str) -> None:
    times = [50, 70, 120, 500, 60, 50, 50, 50]
    media = written(tmp_path, [art(number) for number in range(8)], suffix, times)
    output, rung = made(tmp_path, media, MOVING)
    sticker = complies(output)
    assert sticker.times == times
    assert rung.fps is None and rung.changes == ()
    for picture, source in zip(shown(output), range(8), strict=True):
        assert picture.getpixel((256, 20))[3] == 0  # type: ignore[index]
        expected = Image.new("RGBA", (512, 512))
        expected.paste(art(source).resize((512, 384), Image.Resampling.BICUBIC), (0, 64))
        assert psnr(expected, picture) > 25


def test_opaque_art_on_a_canvas_is_clear_around(tmp_path: Path) -> None:
    media = written(tmp_path, [noise(number, (160, 90)) for number in range(4)], "WEBP", 100)
    output, _ = made(tmp_path, replace(media, alpha=False), MOVING)
    sticker = complies(output)
    assert sticker.head[0] & 0x10, "the file says that it has transparency"
    assert all(picture.getpixel((256, 30))[3] == 0 for picture in shown(output))  # type: ignore[index]


def test_noise_is_made_to_fit_without_losing_time(tmp_path: Path) -> None:
    media = written(tmp_path, [noise(number) for number in range(16)], "PNG", 50)
    tight = replace(MOVING, max_bytes=90_000)
    output, rung = made(tmp_path, media, tight)
    assert output.stat().st_size <= 90_000
    assert sum(complies(output).times) == 800
    assert rung.quality is not None


def test_bytes_fall_with_every_rung(tmp_path: Path) -> None:
    media = written(tmp_path, [noise(number) for number in range(6)], "PNG", 40)
    work = Work(media=media, limits=MOVING, options=Options(), folder=tmp_path)
    sizes = [WEBP.estimate(rung, work) or 0 for rung in ladder(media, MOVING)[1::2]]
    assert sizes == sorted(sizes, reverse=True)


def test_identical_neighbours_become_one(tmp_path: Path) -> None:
    pictures = [art(number // 4 * 4) for number in range(12)]
    output, _ = made(tmp_path, written(tmp_path, pictures, "PNG", 40), MOVING)
    assert complies(output).times == [160, 160, 160]


def test_frames_that_are_all_alike_stay_an_animation(tmp_path: Path) -> None:
    media = Media(
        name="a.gif", size=9, mime="image/gif", kind="animation", width=20, height=20, frames=2, duration=1.0,
        shortest_frame=0.5,
    )  # fmt: skip
    frame = Image.new("P", (20, 20), 1)
    frame.putpalette([0, 0, 0, 200, 30, 30])
    frame.save(tmp_path / "input", "GIF")
    output, _ = made(tmp_path, media, MOVING)
    assert len(complies(output).times) == 2


def test_frames_of_no_time_play_as_in_a_browser(tmp_path: Path) -> None:
    media = written(tmp_path, [art(number) for number in range(4)], "PNG", 5)
    output, _ = made(tmp_path, media, MOVING)
    assert complies(output).times == [100] * 4


def film(folder: Path, source: str, *codec: str) -> None:
    arguments = ["-hide_banner", "-nostdin", "-y", "-v", "error", "-f", "lavfi", "-i", source, *codec, "input"]
    tools.run(arguments, folder=folder, seconds=600)


def test_a_film_becomes_a_sticker_in_time(tmp_path: Path) -> None:
    film(tmp_path, "testsrc2=s=160x90:r=10:d=1.2", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-f", "mp4")
    video = replace(FILM.video[0], width=160, height=90, fps=10.0)
    media = replace(FILM, width=160, height=90, duration=1.2, video=(video,))
    output, _ = made(tmp_path, media, MOVING)
    sticker = complies(output)
    assert sum(sticker.times) == 1200 and len(sticker.times) == 12
    assert not (tmp_path / "output.webp.part").exists()


@pytest.mark.parametrize("most", [4.0, 9.0])
def test_a_sticker_has_no_more_frames_a_second_than_the_limits_accept(tmp_path: Path, most: float) -> None:
    limits = replace(MOVING, max_fps=most)
    media = written(tmp_path, [art(number) for number in range(40)], "GIF", 50)
    output, rung = made(tmp_path, media, limits)
    assert f"frame rate lowered to {most:g} frames per second" in rung.changes and rung.fps == most
    assert sum(complies(output).times) == 2000
    assert not errors_of(check_media(probe(output, "a.webp"), limits, ours=True))
    assert ladder(replace(media, duration=20.0), limits)[0].changes[1:] == (), "slow enough as it is"


def test_a_film_too_long_is_cut_or_sped_up(tmp_path: Path) -> None:
    film(tmp_path, "testsrc2=s=64x64:r=2:d=12", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-f", "mp4")
    video = replace(FILM.video[0], width=64, height=64, fps=2.0)
    media = replace(FILM, width=64, height=64, video=(video,))
    output, _ = made(tmp_path, media, MOVING)
    assert sum(complies(output).times) == 10_000
    last = shown(output)[-1]
    output, _ = made(tmp_path, media, MOVING, Options(speed_up=True))
    assert sum(complies(output).times) == 10_000
    assert psnr(last, shown(output)[-1]) < 30, "sped up, it shows the end"


def test_a_still_sticker_is_fitted_centred_and_small_enough(tmp_path: Path) -> None:
    noise(1, (900, 600)).save(tmp_path / "input", "JPEG", quality=95)
    output, rung = made(tmp_path, replace(PHOTO, width=900, height=600), replace(STILL, max_bytes=60_000))
    sticker = Sticker(output.read_bytes())
    assert output.stat().st_size <= 60_000 and rung.detail == 1.0
    (picture,) = shown(output)
    assert picture.size == (512, 512) and not sticker.boxes
    assert picture.getchannel("A").getbbox() == (0, 85, 512, 426)


def test_flat_art_is_lossless(tmp_path: Path) -> None:
    art(3, 512).save(tmp_path / "input", "PNG")
    media = replace(
        PHOTO, name="a.png", mime="image/png", width=512, height=384, alpha=True, mode="RGBA", lossless=True
    )
    output, rung = made(tmp_path, media, STILL)
    (picture,) = shown(output)
    assert rung.quality is None
    assert picture.crop((0, 64, 512, 448)).tobytes() == art(3, 512).tobytes()


def test_a_turned_photo_is_upright(tmp_path: Path) -> None:
    picture = Image.new("RGB", (300, 200), "blue")
    picture.paste("red", (0, 0, 300, 60))
    exif = Image.Exif()
    exif[274] = 6
    picture.save(tmp_path / "input", "JPEG", exif=exif)
    output, _ = made(tmp_path, replace(PHOTO, width=300, height=200, orientation=6, metadata=("device",)), STILL)
    (seen,) = shown(output)
    right, left = seen.getpixel((410, 256)), seen.getpixel((110, 256))
    assert right[0] > 200 and left[2] > 200  # type: ignore[index]
    assert b"EXIF" not in dict(Sticker(output.read_bytes()).chunks)


@pytest.mark.parametrize("animated", [False, True])
def test_pack_name_and_emojis_are_written(tmp_path: Path, animated: bool) -> None:
    options = Options(pack="Été 2026", publisher="Moi", emojis=("😀",))
    if animated:
        media, limits = written(tmp_path, [art(0), art(1)], "PNG", 100), MOVING
    else:
        art(1).save(tmp_path / "input", "PNG")
        media, limits = replace(PHOTO, mime="image/png", width=200, height=150, alpha=True), STILL
    output, _ = made(tmp_path, media, limits, options)
    sticker = Sticker(output.read_bytes())
    block = dict(sticker.chunks)[b"EXIF"]
    assert sticker.head[0] & 0x08
    assert json.loads(block[22:].decode())["sticker-pack-name"] == "Été 2026"


def test_a_copy_changes_no_pixel(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[315] = "someone"
    pictures = [art(number, 512).resize((512, 512)) for number in range(3)]
    pictures[0].save(
        tmp_path / "input", "WEBP", save_all=True, append_images=pictures[1:], duration=100, exif=exif.tobytes()
    )
    media = replace(GIF, mime="image/webp", width=512, height=512, frames=3, duration=0.3, metadata=("person",))
    for options in (Options(), Options(pack="Cats")):
        output, rung = made(tmp_path, media, MOVING, options)
        assert rung.copies
        assert b"someone" not in output.read_bytes()
        assert [a.tobytes() for a in shown(output)] == [b.tobytes() for b in shown(tmp_path / "input")]
        assert (b"Cats" in output.read_bytes()) == bool(options.pack)
        Sticker(output.read_bytes())


@pytest.mark.slow
def test_ten_seconds_stay_within_memory(tmp_path: Path) -> None:
    film(tmp_path, "testsrc2=s=512x512:r=30:d=10,noise=alls=20:allf=t", "-c:v", "libx264", "-crf", "30", "-f", "mp4")
    program = (
        "import re, sys; from pathlib import Path\n"
        "from tests.encoders.test_webp import FILM, MOVING, complies, made, replace\n"
        "video = replace(FILM.video[0], width=512, height=512)\n"
        "media = replace(FILM, width=512, height=512, duration=10.0, video=(video,))\n"
        "complies(made(Path(sys.argv[1]), media, MOVING)[0])\n"
        "print(int(re.search(r'VmHWM:\\s*(\\d+)', Path('/proc/self/status').read_text())[1]) >> 10)"
    )
    said = subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=True, capture_output=True, text=True)
    assert int(said.stdout) < 400
