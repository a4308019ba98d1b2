"""Frames as a viewer sees them: composed, clear where they are clear, and for as long as they last."""

from __future__ import annotations

import io
import itertools
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from PIL import Image, ImageCms, ImageDraw

from mediaprep.encoders.picture import frames
from mediaprep.encoders.picture.frames import Shot
from mediaprep.errors import Damaged, ToolError, TooMuch
from mediaprep.media import Media, VideoStream
from mediaprep.running import tools

RED, GREEN, BLUE, CLEAR = (255, 0, 0, 255), (0, 255, 0, 255), (0, 0, 255, 255), (0, 0, 0, 0)
SIZE = (32, 16)
ANIMATION = Media(name="a", size=1, mime="image/gif", kind="animation", width=32, height=16, frames=3)


def square(colour: tuple[int, int, int, int], left: int) -> Image.Image:
    image = Image.new("RGBA", SIZE, CLEAR)
    ImageDraw.Draw(image).rectangle((left, 4, left + 7, 11), fill=colour)
    return image


def animation(path: Path, **options: object) -> Path:
    pictures = [square(RED, 0), square(GREEN, 8), square(BLUE, 16)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:], **options)  # type: ignore[arg-type]
    return path


def seen(path: Path, media: Media) -> list[tuple[Image.Image, float]]:
    return list(frames.pictures(path, media))


@pytest.mark.parametrize(
    ("suffix", "mime", "options"),
    [
        (".gif", "image/gif", {"disposal": 2}),
        (".png", "image/png", {}),
        (".webp", "image/webp", {"lossless": True}),
        (".avif", "image/avif", {"quality": 100}),
    ],
)
def test_every_format_gives_whole_pictures_and_true_times(
    tmp_path: Path, suffix: str, mime: str, options: dict[str, object]
) -> None:
    path = animation(tmp_path / f"a{suffix}", duration=[80, 120, 200], **options)
    shown = seen(path, replace(ANIMATION, mime=mime))
    assert [round(seconds, 3) for _, seconds in shown] == [0.08, 0.12, 0.2]
    assert all(picture.mode == "RGBA" and picture.size == SIZE and not picture.info for picture, _ in shown)
    for (picture, _), colour, left in zip(shown, (RED, GREEN, BLUE), (0, 8, 16), strict=True):
        inside = picture.getpixel((left + 4, 8))
        assert isinstance(inside, tuple)
        assert max(abs(a - b) for a, b in zip(inside, colour, strict=True)) < 12
        assert picture.getchannel("A").getpixel((28, 1)) == 0


Block = tuple[int, int, tuple[int, int, int, int], int]


def gif(blocks: list[Block], size: tuple[int, int] = (4, 1), clear: Sequence[int] = (0, 1, 2, 3)) -> bytes:
    """A GIF by hand; each block: delay in 1/100 s, disposal, rectangle, index of its colour. `clear`: the numbers
    of the blocks in which index 0 is transparent."""
    table = bytes([9, 9, 9, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    out = b"GIF89a" + struct.pack("<HHBBB", *size, 0b10010001, 0, 0) + table
    for number, (delay, disposal, (x, y, width, height), colour) in enumerate(blocks):
        out += b"\x21\xf9\x04" + struct.pack("<BHBB", disposal << 2 | (number in clear), delay, 0, 0)
        out += b"\x2c" + struct.pack("<HHHHB", x, y, width, height, 0)
        codes = _lzw([colour] * (width * height))
        out += b"\x02" + bytes([len(codes)]) + codes + b"\0"
    return out + b";"


def _lzw(indices: list[int]) -> bytes:
    """Uncompressed LZW: a clear code before each pixel keeps codes at three bits."""
    codes = [code for index in indices for code in (4, index)] + [5]
    value = sum(code << 3 * place for place, code in enumerate(codes))
    return value.to_bytes((3 * len(codes) + 7) // 8, "little")


def pixels(picture: Image.Image) -> list[object]:
    return [picture.getpixel((x, 0)) for x in range(picture.width)]


def test_gif_disposal(tmp_path: Path) -> None:
    whole, second, third = (0, 0, 4, 1), (1, 0, 1, 1), (2, 0, 1, 1)
    path = tmp_path / "a.gif"
    keep, background, previous = 1, 2, 3
    path.write_bytes(
        gif([(10, keep, whole, 1), (10, background, second, 2), (10, previous, third, 3), (10, keep, second, 3)])
    )
    shown = [pixels(picture) for picture, _ in seen(path, ANIMATION)]
    assert shown[0] == [RED] * 4
    assert shown[1] == [RED, GREEN, RED, RED]
    assert shown[2][1][3] == 0  # type: ignore[index]
    assert shown[2][0::2] == [RED, BLUE]
    assert shown[3] == [RED, BLUE, RED, RED]


def test_what_an_opaque_gif_frame_leaves_behind_is_clear(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    blocks = [(10, 1, (0, 0, 1, 1), 1), (10, 2, (1, 0, 2, 1), 2), (10, 1, (3, 0, 1, 1), 3)]
    path.write_bytes(gif(blocks, clear=[0]))
    shown = [pixels(picture) for picture, _ in seen(path, ANIMATION)]
    assert shown[1][:3] == [RED, GREEN, GREEN]
    assert shown[2] == [RED, CLEAR, CLEAR, BLUE]


@pytest.mark.parametrize(("said", "shown"), [(0, 0.1), (1, 0.1), (2, 0.02), (3, 0.03), (100, 1.0)])
def test_a_frame_of_no_time_is_shown_as_browsers_do(tmp_path: Path, said: int, shown: float) -> None:
    path = tmp_path / "a.gif"
    path.write_bytes(gif([(said, 1, (0, 0, 4, 1), 1), (said, 1, (0, 0, 4, 1), 2)]))
    assert [seconds for _, seconds in seen(path, ANIMATION)] == [shown, shown]


def test_playing_time_is_the_files_unless_viewers_stretch_it() -> None:
    assert frames.playing_time(replace(ANIMATION, duration=3.0, shortest_frame=0.05)) == 3.0
    assert frames.playing_time(replace(ANIMATION, frames=3, duration=0.03, shortest_frame=0.01)) == pytest.approx(0.3)
    assert frames.playing_time(replace(ANIMATION, frames=3, duration=0.0, shortest_frame=0.0)) == pytest.approx(0.3)
    assert frames.playing_time(replace(ANIMATION, frames=3, duration=5.0, shortest_frame=0.0)) is None
    assert frames.playing_time(replace(ANIMATION, kind="video", duration=2.5)) == 2.5


def test_an_apngs_default_picture_is_no_frame(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    pictures = [square(GREEN, 8), square(BLUE, 16)]
    square(RED, 0).save(path, save_all=True, default_image=True, append_images=pictures, duration=100)
    shown = seen(path, replace(ANIMATION, mime="image/png"))
    assert [picture.getpixel((12, 8)) for picture, _ in shown] == [GREEN, CLEAR]


def test_frames_are_upright_and_srgb(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    animation(path, duration=100, lossless=True)
    assert seen(path, replace(ANIMATION, mime="image/webp", orientation=6))[0][0].size == (16, 32)
    animation(path, duration=100, lossless=True, icc_profile=profile)
    assert all(picture.mode == "RGBA" for picture, _ in seen(path, replace(ANIMATION, mime="image/webp")))


def test_a_webp_whose_frames_leave_the_canvas_open_is_clear_there(tmp_path: Path) -> None:
    path = animation(tmp_path / "a.webp", duration=100, lossless=True)
    assert not path.read_bytes()[20] & 0x10, "the file itself does not say that it has transparency"
    assert seen(path, replace(ANIMATION, mime="image/webp"))[0][0].getpixel((28, 1)) == CLEAR


def test_only_the_sniffed_format_is_opened(tmp_path: Path) -> None:
    path = animation(tmp_path / "a.webp", duration=100)
    with pytest.raises(Damaged):
        seen(path, replace(ANIMATION, mime="image/gif"))


def test_a_damaged_frame_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    noise = [Image.effect_noise((64, 64), 90).convert("RGB") for _ in range(3)]
    noise[0].save(path, save_all=True, append_images=noise[1:], duration=100)
    path.write_bytes(path.read_bytes()[:-900])
    with pytest.raises(Damaged, match="cannot be read"):
        seen(path, replace(ANIMATION, mime="image/webp"))


def test_a_bomb_is_stopped_on_the_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = animation(tmp_path / "a.gif", duration=100)
    monkeypatch.setattr(frames, "MAX_PIXELS", 2 * 32 * 16)
    with pytest.raises(TooMuch, match="more than 2 frames of 32 x 16 pixels"):
        seen(path, ANIMATION)


def test_one_frame_at_a_time_is_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    pictures = [Image.new("P", (1000, 1000), number) for number in range(120)]
    for picture in pictures:
        picture.putpalette([value for number in range(120) for value in (number, 0, 255 - number)])
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=40)
    program = (
        "import re, sys; from pathlib import Path\n"
        "from mediaprep.encoders.picture import frames; from mediaprep.media import Media\n"
        "media = Media(name='a', size=1, mime='image/gif', kind='animation')\n"
        "print(sum(1 for _ in frames.pictures(Path(sys.argv[1]), media)))\n"
        "print(int(re.search(r'VmHWM:\\s*(\\d+)', Path('/proc/self/status').read_text())[1]) >> 10)"
    )
    said = subprocess.run([sys.executable, "-c", program, str(path)], check=True, capture_output=True, text=True)
    count, mebibytes = map(int, said.stdout.split())
    assert count == 120
    assert mebibytes < 200


def film(folder: Path, *arguments: str) -> None:
    tools.run(["-hide_banner", "-nostdin", "-y", "-v", "error", *arguments], folder=folder, seconds=600)


FILM = Media(
    name="a", size=1, mime="video/x-matroska", kind="video", demuxer="matroska", width=64, height=32,
    video=(VideoStream(index=0, codec="ffv1", width=64, height=32, fps=10.0, default=True),),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = ["-f", "lavfi", "-i", "testsrc2=s=64x32:r=10:d=2", "-f", "matroska"]
    film(tmp_path, *source, "-c:v", "libx264", "-qp", "0", "input")
    return tmp_path


def h264(media: Media = FILM, **changes: object) -> Media:
    return replace(media, video=(replace(media.video[0], codec="h264", **changes),))


def test_film_gives_frames_at_the_asked_size_rate_and_length(folder: Path) -> None:
    pictures = list(frames.film_frames(folder, h264(), Shot(size=(20, 10), fps=5, seconds=1.0)))
    assert [(picture.mode, picture.size) for picture in pictures] == [("RGB", (20, 10))] * 5


def test_film_sped_up_is_shown_whole(folder: Path) -> None:
    pictures = list(frames.film_frames(folder, h264(), Shot(size=(64, 32), fps=10, seconds=1.0, speed=2.0)))
    plain = list(frames.film_frames(folder, h264(), Shot(size=(64, 32), fps=10, seconds=2.0)))
    assert len(pictures) == 10
    assert pictures[5].tobytes() == plain[10].tobytes()


def test_film_keeps_its_transparency(tmp_path: Path) -> None:
    half = "color=red@0.5:s=64x32:r=10:d=0.3,format=yuva420p"
    film(tmp_path, "-f", "lavfi", "-i", half, "-c:v", "libvpx-vp9", "-f", "webm", "input")
    media = replace(FILM, video=(replace(FILM.video[0], codec="vp9", alpha=True),))
    picture = next(frames.film_frames(tmp_path, media, Shot(size=(64, 32), fps=10, seconds=0.3)))
    assert picture.mode == "RGBA"
    red, green, _, alpha = picture.getpixel((32, 16))  # type: ignore[misc]
    assert red > 200 and green < 40 and 110 < alpha < 145


def test_film_is_turned_upright(tmp_path: Path, folder: Path) -> None:
    film(folder, "-display_rotation", "90", "-i", "input", "-c", "copy", "-f", "matroska", "turned")
    (folder / "turned").replace(folder / "input")
    plain = next(frames.film_frames(folder, h264(rotation=270), Shot(size=(32, 64), fps=10, seconds=0.1)))
    assert plain.size == (32, 64)
    corner = [plain.getpixel((x, y)) for x, y in itertools.product((2, 29), (2, 61))]
    assert len(set(corner)) > 1


def test_shot_arguments_are_pure_and_follow_the_facts() -> None:
    media = h264(interlaced=True, hdr="pq")
    line = " ".join(frames.shot_arguments(media, Shot(size=(20, 10), fps=5, seconds=2.5, speed=1.5)))
    for part in ("-format_whitelist matroska", "bwdif", "tonemap", "setpts=", "fps=5.000000", "-t 2.500000", "pipe:1"):
        assert part in line
    plain = " ".join(frames.shot_arguments(h264(), Shot(size=(20, 10), fps=5, seconds=2.5)))
    assert not any(part in plain for part in ("bwdif", "tonemap", "setpts", "c:v"))
    alpha = replace(FILM, video=(replace(FILM.video[0], codec="vp9", alpha=True),))
    assert "-c:v libvpx-vp9" in " ".join(frames.shot_arguments(alpha, Shot(size=(20, 10), fps=5, seconds=1)))


def test_a_broken_film_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "input").write_bytes(io.BytesIO(b"\x1aE\xdf\xa3" + b"\0" * 99).getvalue())
    with pytest.raises(ToolError):
        list(frames.film_frames(tmp_path, h264(), Shot(size=(8, 8), fps=5, seconds=1)))
