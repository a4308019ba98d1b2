"""Films made for real from tiny generated ones, and looked at with other eyes: PyAV and a walk through the boxes."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from msgspec.structs import replace
from PIL import Image, ImageChops, ImageDraw, ImageStat

from mediaprep.encoders import Work
from mediaprep.encoders.film import FilmRecipe
from mediaprep.encoders.mp4 import Mp4
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.planning.profiles import load
from mediaprep.reading.probe import probe
from mediaprep.rules import Limits, check_media, errors_of
from mediaprep.running import tools

ENCODER = Mp4()
VIDEO = load("whatsapp").limits("video")
GIF = load("whatsapp").limits("gif")

PICTURE = "testsrc2=size=320x240:rate=25:duration=2"
TONE = "sine=frequency=440:sample_rate=48000:duration=2"
MAIN = ["-c:v", "libx264", "-profile:v", "main", "-bf", "0", "-pix_fmt", "yuv420p", "-preset", "ultrafast"]
AAC = ["-c:a", "aac", "-ac", "2", "-b:a", "96k"]


class Made:
    """A finished output: its recipe, its path, and what PyAV reads in it."""

    def __init__(self, recipe: FilmRecipe, path: Path, work: Work) -> None:
        self.recipe, self.path, self.work = recipe, path, work
        with av.open(str(path)) as container:
            self.tags = dict(container.metadata)
            self.kinds = [stream.type for stream in container.streams]
            self.duration = (container.duration or 0) / 1e6
            video = container.streams.video[0]
            self.size = (video.codec_context.width, video.codec_context.height)
            self.profile = video.codec_context.profile
            self.pixels = video.codec_context.pix_fmt
            self.aspect = video.sample_aspect_ratio
            packets = [packet for packet in container.demux(video) if packet.size]
            self.times = [float((packet.pts or 0) * packet.time_base) for packet in packets]
            self.lengths = [float((packet.duration or 0) * packet.time_base) for packet in packets]
            self.payload = [bytes(packet) for packet in packets]
        with av.open(str(path)) as container:
            self.sounds = [(s.codec_context.name, s.codec_context.channels) for s in container.streams.audio]

    def frames(self) -> list[av.VideoFrame]:
        with av.open(str(self.path)) as container:
            return list(container.decode(video=0))

    def image(self, number: int = 0) -> Image.Image:
        picture: Image.Image = self.frames()[number].to_image()  # type: ignore[no-untyped-call]
        return picture


Convert = Callable[..., Made]


def ffmpeg(*arguments: str) -> None:
    command = [tools.ffmpeg().path, "-v", "error", "-y", *arguments]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=600)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tmp_path / "input"


@pytest.fixture
def convert(tmp_path: Path, source: Path) -> Convert:
    def run(
        limits: Limits = VIDEO, *, rung: int = 0, name: str = "a.mp4", options: Options | None = None, **facts: Any
    ) -> Made:
        options = options or Options()
        media = replace(probe(source, name), **facts)
        findings = errors_of(check_media(media, limits, ours=True))
        recipe = ENCODER.ladder(media, limits, findings, options)[rung]
        work = Work(media=media, limits=limits, options=options, folder=tmp_path, ceiling=limits.max_bytes)
        output = tmp_path / "output.mp4"
        ENCODER.encode(recipe, work, output)
        made = Made(recipe, output, work)
        examine(made, ENCODER.expect(recipe, media, limits), limits)
        return made

    return run


def examine(made: Made, expected: Media, limits: Limits) -> None:
    """What every output must be, whatever it came from."""
    names = [name for name, _ in boxes(made.path)]
    assert names.index(b"moov") < names.index(b"mdat")
    whole = made.path.read_bytes()
    start = whole.index(b"mvhd")
    assert struct.unpack_from(">II", whole, start + 8) == (0, 0), "no dates"
    assert set(made.tags) <= {"major_brand", "minor_version", "compatible_brands"}
    assert made.kinds in (["video"], ["video", "audio"])
    assert made.duration == pytest.approx(expected.duration, abs=0.1)
    assert made.times[0] == pytest.approx(0, abs=0.05)
    assert all(earlier < later for earlier, later in pairwise(sorted(made.times)))
    if made.recipe.picture is not None:
        assert (made.profile, made.pixels) == ("Main", "yuv420p")
        assert made.times == sorted(made.times), "no B-frames"
        assert made.size == (expected.width, expected.height)
        assert made.aspect in (None, 0, 1)
    else:
        assert made.recipe.encodes <= 1
    ours = replace(probe(made.path, "output.mp4"))
    assert not errors_of(check_media(ours, limits, ours=True))
    if limits.max_bytes is not None:
        assert made.path.stat().st_size <= limits.max_bytes


def boxes(path: Path) -> Iterator[tuple[bytes, int]]:
    data = path.read_bytes()
    at = 0
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        yield name, size
        at += size or len(data)


def quadrants(path: Path, size: tuple[int, int] = (64, 48)) -> None:
    """Red and green above, blue and white below."""
    image = Image.new("RGB", size, "white")
    draw, (middle, half) = ImageDraw.Draw(image), (size[0] // 2, size[1] // 2)
    draw.rectangle((0, 0, middle - 1, half - 1), fill="red")
    draw.rectangle((middle, 0, size[0], half - 1), fill="lime")
    draw.rectangle((0, half, middle - 1, size[1]), fill="blue")
    image.save(path)


def corners(image: Image.Image) -> str:
    """The colours of the four quarters, row by row, by their first letters."""
    across, down = image.width // 4, image.height // 4
    spots = [(across, down), (3 * across, down), (across, 3 * down), (3 * across, 3 * down)]
    names = {(True, False, False): "r", (False, True, False): "g", (False, False, True): "b", (True, True, True): "w"}
    return "".join(
        names[(red > 128, green > 128, blue > 128)] for red, green, blue in map(partial(pixel, image), spots)
    )


def pixel(image: Image.Image, spot: tuple[int, int]) -> tuple[int, int, int]:
    red, green, blue = image.convert("RGB").getpixel(spot)  # type: ignore[misc]
    return red, green, blue


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean absolute difference, 0 to 255."""
    return float(sum(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean) / 3)


@pytest.mark.parametrize(
    ("form", "extra"),
    [
        ("mov", []),
        ("matroska", []),
        ("flv", []),
        ("mpegts", []),
        ("3gp", []),
        ("avi", []),
        ("mp4", ["-movflags", "+frag_keyframe+empty_moov"]),
    ],
)
def test_complying_streams_move_into_mp4_untouched(source: Path, convert: Convert, form: str, extra: list[str]) -> None:
    secrets = ["-metadata", "title=Secret", "-metadata", "creation_time=2026-01-02T03:04:05Z"]
    ffmpeg(
        "-f", "lavfi", "-i", PICTURE, "-f", "lavfi", "-i", TONE, *MAIN, *AAC, *secrets, *extra, "-f", form, str(source)
    )
    made = convert()
    assert made.recipe.encodes == 0
    assert made.recipe.sound == "copy"
    assert len(made.frames()) == 50
    assert made.sounds == [("aac", 2)]
    assert b"Secret" not in made.path.read_bytes()
    assert made.times[0] < 0.022, "the sound may start earlier by one frame of its own"
    assert [time - made.times[1] for time in made.times[1:]] == pytest.approx([n / 25 for n in range(49)], abs=0.002)


def test_b_frames_keep_their_order_in_a_remux(source: Path, convert: Convert) -> None:
    ffmpeg(
        "-f", "lavfi", "-i", PICTURE, "-c:v", "libx264", "-profile:v", "main", "-bf", "3", "-f", "matroska", str(source)
    )
    made = convert()
    assert made.recipe.encodes == 0
    assert sorted(made.times) == pytest.approx([number / 25 for number in range(50)], abs=0.002)


def test_wrong_sound_alone_leaves_the_picture_bit_for_bit(source: Path, convert: Convert) -> None:
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        PICTURE,
        "-f",
        "lavfi",
        "-i",
        TONE,
        *MAIN,
        "-c:a",
        "ac3",
        "-ac",
        "6",
        "-f",
        "mp4",
        str(source),
    )
    made = convert()
    assert made.recipe.picture is None
    assert made.recipe.encodes == 1
    assert made.sounds == [("aac", 2)]
    with av.open(str(source)) as container:
        assert [bytes(packet) for packet in container.demux(video=0) if packet.size] == made.payload


def test_the_default_sound_is_taken_and_the_rest_left(source: Path, convert: Convert) -> None:
    ffmpeg(
        "-f", "lavfi", "-i", PICTURE, "-f", "lavfi", "-i", TONE, "-f", "lavfi", "-i", TONE, "-map", "0", "-map", "1",
        "-map", "2", *MAIN, "-c:a", "aac", "-ac:a:0", "1", "-ac:a:1", "2", "-disposition:a:0", "0", "-disposition:a:1",
        "default", "-f", "matroska", str(source),
    )  # fmt: skip
    made = convert()
    assert made.sounds == [("aac", 2)]
    assert made.recipe.changes == ("audio stream removed: aac, mono",)


def test_a_gif_to_be_is_silent_and_copied(source: Path, convert: Convert) -> None:
    ffmpeg("-f", "lavfi", "-i", PICTURE, "-f", "lavfi", "-i", TONE, *MAIN, *AAC, "-f", "mp4", str(source))
    made = convert(GIF)
    assert made.recipe.encodes == 0
    assert made.kinds == ["video"]


def test_high_profile_with_b_frames_and_four_four_four_becomes_main(source: Path, convert: Convert) -> None:
    odd = "testsrc2=size=321x241:rate=25:duration=1"
    ffmpeg("-f", "lavfi", "-i", odd, "-c:v", "libx264", "-pix_fmt", "yuv444p", "-crf", "1", "-f", "mp4", str(source))
    made = convert()
    assert made.size == (320, 240)
    with av.open(str(source)) as container:
        before: Image.Image = next(container.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    assert difference(before.crop((0, 0, 320, 240)), made.image()) < 5, "cropped, not scaled"


@pytest.mark.parametrize(
    ("turn", "seen"),
    [
        (["-display_rotation", "90"], "gwrb"),
        (["-display_rotation", "-90"], "brwg"),
        (["-display_rotation", "180"], "wbgr"),
        (["-display_hflip"], "grwb"),
        (["-display_rotation", "90", "-display_hflip"], None),
    ],
)
def test_a_turned_or_mirrored_film_is_encoded_as_it_is_seen(
    tmp_path: Path, source: Path, convert: Convert, turn: list[str], seen: str | None
) -> None:
    quadrants(tmp_path / "q.png")
    plain = tmp_path / "plain.mp4"
    ffmpeg("-loop", "1", "-t", "0.4", "-i", str(tmp_path / "q.png"), "-c:v", "mpeg4", "-q:v", "2", str(plain))
    ffmpeg(*turn, "-i", str(plain), "-c", "copy", "-f", "mp4", str(source))
    made = convert()
    image = made.image()
    if seen is None:
        ffmpeg("-i", str(source), "-frames:v", "1", str(tmp_path / "seen.png"))
        with Image.open(tmp_path / "seen.png") as shown:
            seen = corners(shown.convert("RGB"))
    assert corners(image) == seen
    assert (image.width < image.height) == any(word in ("90", "-90") for word in turn)


def test_a_turned_film_that_complies_keeps_its_turn(tmp_path: Path, source: Path, convert: Convert) -> None:
    plain = tmp_path / "plain.mp4"
    ffmpeg("-f", "lavfi", "-i", PICTURE, *MAIN, str(plain))
    ffmpeg("-display_rotation", "90", "-i", str(plain), "-c", "copy", "-f", "mov", str(source))
    made = convert()
    assert made.recipe.encodes == 0
    assert probe(made.path, "a.mp4").video[0].rotation == probe(source, "a.mov").video[0].rotation != 0


def test_full_range_becomes_limited_range(source: Path, convert: Convert) -> None:
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "color=white:size=64x64:rate=10:duration=0.5",
        "-c:v",
        "mjpeg",
        "-q:v",
        "1",
        "-f",
        "matroska",
        str(source),
    )
    made = convert()
    luma = made.frames()[0].planes[0]
    assert 233 <= bytes(luma)[0] <= 236
    assert min(pixel(made.image(), (32, 32))) > 250


def test_pixels_become_square(source: Path, convert: Convert) -> None:
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=180x144:rate=10:duration=0.5,setsar=16/15",
        "-c:v",
        "mpeg2video",
        "-f",
        "mpegts",
        str(source),
    )
    assert convert().size == (192, 144)


def test_interlaced_film_becomes_progressive(source: Path, convert: Convert) -> None:
    ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=160x128:rate=50:duration=1,tinterlace=mode=interleave_top", "-c:v",
        "mpeg2video", "-flags", "+ildct+ilme", "-q:v", "2", "-f", "mpegts", str(source),
    )  # fmt: skip
    made = convert()
    assert "deinterlaced" in made.recipe.changes
    assert not any(frame.interlaced_frame for frame in made.frames())
    assert len(made.frames()) == pytest.approx(25, abs=1)


@pytest.mark.parametrize(("curve", "white"), [("arib-std-b67", 0.75), ("smpte2084", 0.58)])
def test_high_dynamic_range_is_tone_mapped(source: Path, convert: Convert, curve: str, white: float) -> None:
    """White paper (203 cd/m²) is 75 % of an HLG signal and 58 % of a PQ signal (ITU-R BT.2408); it stays light."""
    paper = f"format=yuv420p10le,lutyuv=y={round(64 + 876 * white)}:u=512:v=512"
    told = f"setparams=color_primaries=bt2020:color_trc={curve}:colorspace=bt2020nc"
    ffmpeg(
        "-f", "lavfi", "-i", "color=size=64x64:rate=10:duration=0.5", "-vf", f"{paper},{told}",
        "-c:v", "libx265", "-x265-params", f"log-level=none:colorprim=bt2020:transfer={curve}:colormatrix=bt2020nc",
        "-f", "mp4", str(source),
    )  # fmt: skip
    made = convert()
    assert "high dynamic range (HDR) converted to standard dynamic range" in made.recipe.changes
    red, green, blue = pixel(made.image(), (32, 32))
    assert 200 < green < 250
    assert abs(red - green) < 6
    assert abs(blue - green) < 6


def test_a_variable_frame_rate_keeps_every_frame_at_its_time(source: Path, convert: Convert) -> None:
    ffmpeg(
        "-f", "lavfi", "-i", PICTURE, "-vf", "setpts='if(lt(N,20),N/25,0.8+(N-20)/10)/TB',settb=1/1000", "-fps_mode",
        "passthrough", "-enc_time_base:v", "1/1000", "-c:v", "mpeg4", "-f", "matroska", str(source),
    )  # fmt: skip
    made = convert()
    with av.open(str(source)) as container:
        before = [float((packet.pts or 0) * packet.time_base) for packet in container.demux(video=0) if packet.size]
    assert made.times == pytest.approx(before, abs=0.001)


def test_too_many_frames_a_second_are_thinned_out(source: Path, convert: Convert) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=240:duration=1", "-c:v", "mpeg4", "-f", "mp4", str(source))
    made = convert()
    assert len(made.times) == pytest.approx(60, abs=1)
    assert "frame rate lowered from 240 to 60 frames per second" in made.recipe.changes


@pytest.mark.parametrize("most", [60.0, 30.0, 9.0])
def test_a_film_has_no_more_frames_a_second_than_the_limits_accept(source: Path, convert: Convert, most: float) -> None:
    """`convert` puts what was made through the rules, MP314 among them."""
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=120:duration=2", *MAIN, "-f", "mp4", str(source))
    made = convert(replace(VIDEO, max_fps=most))
    assert made.recipe.picture is not None and made.recipe.picture.crf == 21
    assert len(made.times) == pytest.approx(2 * most, abs=1)


def test_transparency_takes_the_wanted_background(source: Path, convert: Convert) -> None:
    clear = "color=red@0.0:size=64x64:rate=10:duration=0.5,format=yuva420p"
    ffmpeg("-f", "lavfi", "-i", clear, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-f", "webm", str(source))
    made = convert(options=Options(background="#0000FF"))
    assert "transparent areas filled with the background colour #0000FF" in made.recipe.changes
    red, green, blue = pixel(made.image(), (32, 32))
    assert (red < 20, green < 20, blue > 230) == (True, True, True)


@pytest.mark.parametrize(
    ("size", "made"), [("2x2", (16, 16)), ("8x8", (16, 16)), ("17x31", (16, 30)), ("4x400", (16, 1600))]
)
def test_tiny_films_stay_playable(source: Path, convert: Convert, size: str, made: tuple[int, int]) -> None:
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=10:duration=0.5", "-c:v", "png", "-f", "mov", str(source))
    assert convert().size == made


def test_sound_that_starts_late_stays_in_step(source: Path, convert: Convert) -> None:
    ffmpeg(
        "-f", "lavfi", "-i", PICTURE, "-itsoffset", "0.5", "-f", "lavfi", "-i", "sine=duration=1", "-c:v", "mpeg4",
        "-c:a", "pcm_s16le", "-f", "matroska", str(source),
    )  # fmt: skip
    made = convert()
    with av.open(str(made.path)) as container:
        samples = [
            (
                frame.time or 0.0,
                1000 * max(map(abs, struct.unpack(f"{frame.samples}f", bytes(frame.planes[0])[: 4 * frame.samples]))),
            )
            for frame in container.decode(audio=0)
        ]
    assert next(time for time, level in samples if level > 20) == pytest.approx(0.5, abs=0.05)


def test_what_is_too_long_is_cut(source: Path, convert: Convert) -> None:
    ffmpeg("-f", "lavfi", "-i", PICTURE, "-f", "lavfi", "-i", TONE, *MAIN, *AAC, "-f", "mp4", str(source))
    made = convert(replace(VIDEO, max_duration=1.0))
    assert 0.9 < made.duration <= 1.0


def test_an_animation_keeps_its_times_and_takes_the_background(source: Path, convert: Convert) -> None:
    frames = []
    for step in range(4):
        frame = Image.new("RGBA", (51, 40), (0, 0, 0, 0))
        ImageDraw.Draw(frame).rectangle((step * 10, 10, step * 10 + 8, 20), fill=(255, 0, 0, 255))
        frames.append(frame)
    lengths = [100, 40, 500, 1200]
    frames[0].save(source, format="GIF", save_all=True, append_images=frames[1:], duration=lengths, disposal=2, loop=0)
    made = convert(GIF, name="a.gif", options=Options(background="#00FF00"))
    assert made.size == (50, 40)
    assert made.lengths == pytest.approx([length / 1000 for length in lengths], abs=0.001)
    red, green, _ = pixel(made.image(3), (5, 30))
    assert green > 240 > 20 > red
    red, green, _ = pixel(made.image(3), (34, 15))
    assert red > 220 > 40 > green


def noise(source: Path, seconds: float) -> None:
    busy = f"testsrc2=size=320x240:rate=25:duration={seconds},noise=alls=40:allf=t"
    ffmpeg(
        "-f", "lavfi", "-i", busy, "-f", "lavfi", "-i", f"sine=duration={seconds}", "-c:v", "mpeg4", "-q:v", "3",
        "-c:a", "mp2", "-f", "mpegts", str(source),
    )  # fmt: skip


def test_a_bit_rate_hits_its_aim(source: Path, convert: Convert) -> None:
    noise(source, 6)
    limits = replace(VIDEO, max_bytes=400_000)
    media = probe(source, "a.ts")
    ladder = ENCODER.ladder(media, limits, (), Options())
    rung = next(place for place, recipe in enumerate(ladder) if recipe.aim)
    made = convert(limits, rung=rung)
    assert made.recipe.encodes == 2
    assert 0.85 * 400_000 < made.path.stat().st_size <= 400_000


def test_an_encode_that_overshoots_is_stopped(source: Path, tmp_path: Path) -> None:
    noise(source, 2)
    media = probe(source, "a.ts")
    work = Work(media=media, limits=VIDEO, options=Options(), folder=tmp_path, ceiling=50_000)
    with pytest.raises(tools.Overshoot):
        ENCODER.encode(ENCODER.ladder(media, VIDEO, (), Options())[0], work, tmp_path / "output.mp4")


def test_a_sample_foretells_constant_quality(source: Path, tmp_path: Path) -> None:
    noise(source, 12)
    media = probe(source, "a.ts")
    limits = replace(VIDEO, max_bytes=2_000_000)
    work = Work(media=media, limits=limits, options=Options(), folder=tmp_path, ceiling=limits.max_bytes)
    recipe = ENCODER.ladder(media, limits, (), Options())[0]
    assert recipe.aim is None
    foretold = ENCODER.estimate(recipe, work)
    assert foretold is not None
    assert (tmp_path / "sample.mp4").exists()
    unbound = Work(media=media, limits=limits, options=Options(), folder=tmp_path)
    ENCODER.encode(recipe, unbound, tmp_path / "output.mp4")
    real = (tmp_path / "output.mp4").stat().st_size
    assert 0.7 < foretold / real < 1.4


def test_an_hour_of_slides_fits(source: Path, convert: Convert) -> None:
    ffmpeg("-f", "lavfi", "-i", "smptebars=size=128x96:rate=1:duration=3600", "-c:v", "mpeg4", "-f", "avi", str(source))
    made = convert(replace(VIDEO, max_bytes=400_000))
    assert made.duration == pytest.approx(3600, abs=2)


def test_progress_rises_over_both_passes(source: Path, tmp_path: Path) -> None:
    noise(source, 3)
    heard: list[float] = []
    media = probe(source, "a.ts")
    limits = replace(VIDEO, max_bytes=200_000)
    recipe = next(recipe for recipe in ENCODER.ladder(media, limits, (), Options()) if recipe.aim)
    work = Work(media=media, limits=limits, options=Options(), folder=tmp_path, progress=heard.append)
    ENCODER.encode(recipe, work, tmp_path / "output.mp4")
    assert heard == sorted(heard)
    assert heard[-1] == 1
