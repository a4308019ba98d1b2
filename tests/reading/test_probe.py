"""Facts of real, tiny files: pictures, animations, films, sounds, documents, and refusals with a reason."""

from __future__ import annotations

import io
import itertools
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from mediaprep import errors
from mediaprep.media import Media
from mediaprep.reading.probe import probe
from mediaprep.running import tools
from tests import hand_made, material

FILM = ("-f", "lavfi", "-i", "testsrc=d=1:s=64x48:r=10")
TONE = ("-f", "lavfi", "-i", "sine=duration=1:sample_rate=48000")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")

DRAWING = material.photo(32, 32).quantize(16)

numbers = itertools.count()


def film(folder: Path, suffix: str, *arguments: str) -> Path:
    path = folder / f"{next(numbers)}{suffix}"
    command = [tools.ffmpeg().path, "-nostdin", "-v", "error", "-y", *arguments, "-threads", "1", str(path)]
    subprocess.run(command, check=True, timeout=600)
    return path


def picture(folder: Path, form: str, image: Image.Image, **options: object) -> Media:
    path = folder / f"{next(numbers)}"
    image.save(path, form, **options)
    return probe(path, "name.bin")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


# ---------------------------------------------------------------- pictures


def test_photo(folder: Path) -> None:
    media = picture(folder, "JPEG", material.photo(96, 64), exif=material.exif(6), icc_profile=material.display_p3())
    assert (media.name, media.mime, media.kind, media.mode) == ("name.bin", "image/jpeg", "image", "RGB")
    assert (media.width, media.height, media.orientation, media.upright) == (96, 64, 6, (64, 96))
    assert media.colour_space == "Display P3" and not media.alpha and not media.lossless and media.colours is None
    assert media.metadata == ("location", "device", "person", "time")
    assert (media.frames, media.duration, media.demuxer, media.trailing) == (1, None, "", 0)


@pytest.mark.parametrize(
    ("image", "options", "alpha"),
    [
        (Image.new("RGBA", (4, 4), (1, 2, 3, 255)), {}, False),
        (Image.new("RGBA", (4, 4), (1, 2, 3, 254)), {}, True),
        (Image.new("LA", (4, 4), (1, 0)), {}, True),
        (DRAWING, {"transparency": 0}, True),
        (DRAWING.point(lambda index: max(index, 1)), {"transparency": 0}, False),
        (Image.new("RGB", (4, 4), (9, 9, 9)), {"transparency": (9, 9, 9)}, True),
        (Image.new("RGB", (4, 4), (9, 9, 9)), {"transparency": (8, 9, 9)}, False),
        (Image.new("L", (4, 4), 7), {"transparency": 7}, True),
        (Image.new("RGB", (4, 4)), {}, False),
    ],
)
def test_transparency_is_what_pixels_are(
    folder: Path, image: Image.Image, options: dict[str, object], alpha: bool
) -> None:
    assert picture(folder, "PNG", image, **options).alpha is alpha


def test_lossless_facts(folder: Path) -> None:
    drawing = picture(folder, "PNG", material.logo(32).convert("P"))
    assert drawing.lossless and drawing.colours is not None and drawing.colours <= 256
    assert picture(folder, "PNG", Image.effect_noise((64, 64), 90).convert("RGB")).colours is not None
    assert picture(folder, "PNG", material.photo(64, 64)).colours is None
    assert picture(folder, "PNG", Image.new("I;16", (4, 4), 40000)).bit_depth == 16
    assert picture(folder, "WEBP", material.photo(32, 32), lossless=True).lossless
    assert not picture(folder, "WEBP", material.photo(32, 32)).lossless
    assert picture(folder, "TIFF", material.photo(32, 32), compression="tiff_lzw").lossless
    assert not picture(folder, "TIFF", material.photo(32, 32), compression="jpeg").lossless


def test_tiff_pages_are_told(folder: Path) -> None:
    pages = [material.photo(32, 32), material.photo(32, 32)]
    media = picture(folder, "TIFF", pages[0], save_all=True, append_images=pages[1:])
    assert media.kind == "image" and media.frames == 1 and media.extras == ("pages",)


def test_a_tiff_that_has_lost_its_last_pages_is_truncated(folder: Path) -> None:
    pages = [Image.new("L", (64, 64), 9) for _ in range(3)]
    path = folder / "input"
    pages[0].save(path, format="TIFF", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(errors.Incomplete, match=r"page [23] is missing"):
        probe(path, "scan.tiff")


def test_cmyk_and_grey(folder: Path) -> None:
    assert picture(folder, "JPEG", material.photo(32, 32).convert("CMYK")).mode == "CMYK"
    assert picture(folder, "JPEG", material.photo(32, 32).convert("L")).mode == "L"


@pytest.mark.parametrize("form", ["AVIF", "HEIF"])
def test_phone_pictures(folder: Path, form: str) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    media = picture(folder, form, material.photo(64, 96), exif=material.exif(6))
    # Only the boxes turn such a picture, never the EXIF. Pillow's AVIF writes them, pillow_heif does not.
    assert media.upright == ((96, 64) if form == "AVIF" else (64, 96)) and "location" in media.metadata
    assert not picture(folder, form, Image.new("RGBA", (64, 64), (5, 5, 5, 255))).alpha
    assert picture(folder, form, material.logo(64)).alpha


@pytest.mark.parametrize("form", ["GIF", "WEBP", "PNG", "AVIF"])
def test_animations(folder: Path, form: str) -> None:
    first, *rest = material.ball(3, 64)
    options: dict[str, object] = {"save_all": True, "append_images": rest, "duration": [100, 40, 250]}
    if form == "GIF":
        options["disposal"] = 2
    media = picture(folder, form, first, **options)
    assert (media.kind, media.frames, media.alpha, media.moves) == ("animation", 3, True, True)
    assert media.shortest_frame == pytest.approx(0.04) and media.duration == pytest.approx(0.39)
    opaque = [frame.convert("RGB") for frame in (first, *rest)]
    options["append_images"] = opaque[1:]
    assert not picture(folder, form, opaque[0], **options).alpha


def test_one_jpeg_of_several_is_a_still_picture(folder: Path) -> None:
    media = picture(folder, "MPO", material.photo(64, 48), save_all=True, append_images=[material.photo(64, 48)])
    assert (media.mime, media.kind, media.frames) == ("image/jpeg", "image", 1) and media.trailing > 0


def test_cut_and_damaged_pictures(folder: Path) -> None:
    path = folder / "input"
    for form in ("JPEG", "PNG", "GIF", "WEBP", "BMP"):
        out = io.BytesIO()
        material.photo(96, 64).save(out, form)
        path.write_bytes(out.getvalue()[: len(out.getvalue()) // 2])
        with pytest.raises(errors.Incomplete, match="truncated"):
            probe(path)
    path.write_bytes(b"GIF89a" + bytes(20))
    with pytest.raises(errors.Damaged, match="cannot be opened"):
        probe(path)


def test_bombs_are_refused_from_the_header(folder: Path) -> None:
    path = folder / "input"
    Image.new("1", (20_000, 20_000)).save(path, "PNG")
    with pytest.raises(errors.TooMuch, match="20,000 x 20,000"):
        probe(path)
    Image.new("1", (14_000, 14_000)).save(path, "TIFF", compression="group4")
    with pytest.raises(errors.TooMuch, match="196,000,000 pixels"):
        probe(path)
    dot = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\2\2\x44\1\0"
    path.write_bytes(b"GIF89a" + struct.pack("<HHBBB", 4000, 4000, 0x80, 0, 0) + bytes(6) + dot * 30 + b"\x3b")
    with pytest.raises(errors.TooMuch, match="30 frames"):
        probe(path)
    path.write_bytes(b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6) + dot * 20_001 + b"\x3b")
    with pytest.raises(errors.TooMuch, match="20,001 frames"):
        probe(path)


@pytest.mark.parametrize(
    "data",
    [
        hand_made.tiff((4, 4), bytes(4 * 4 * 12), bits=32, channels=3, kind=3),
        hand_made.tiff((4, 4), bytes(4 * 4 * 8), bits=64, kind=3),
        hand_made.tiff((4, 4), bytes(4 * 4 * 3), bits=4, channels=3),
        hand_made.tiff((4, 4), bytes(16), bits=8, coding=34712),
        b"BM" + struct.pack("<IHHIIiiHHIIiiII", 200, 0, 0, 54, 40, 4, 4, 1, 24, 4, 0, 0, 0, 0, 0) + bytes(99),
        struct.pack(">HBB4HII", 474, 0, 1, 3, 4, 4, 2, 0, 255).ljust(512, b"\0") + bytes(32),
        struct.pack("<4B6H", 10, 5, 1, 2, 0, 0, 3, 3, 1, 1) + bytes(49) + struct.pack("<BHH", 1, 2, 1) + bytes(60),
    ],
    ids=["float colours", "long floats", "4-bit colours", "JPEG 2000 in TIFF", "JPEG in BMP", "SGI pair", "PCX 2 bits"],
)
def test_a_variant_without_a_reader_is_not_called_damaged(folder: Path, data: bytes) -> None:
    (folder / "input").write_bytes(data)
    with pytest.raises(errors.UnknownType, match=r"not supported.*Export it as JPEG or PNG"):
        probe(folder / "input")


@pytest.mark.parametrize(("kind", "pixels"), [(3, struct.pack("<12f", *(0.25,) * 12)), (1, b"\x44" * 12)])
def test_a_tiff_in_floats_or_four_bits_is_read(folder: Path, kind: int, pixels: bytes) -> None:
    (folder / "input").write_bytes(hand_made.tiff((4, 3), pixels, bits=32 if kind == 3 else 4, kind=kind))
    media = probe(folder / "input")
    assert (media.width, media.height, media.mode) == (4, 3, "F" if kind == 3 else "L") and media.lossless


def test_bmp_with_gaps(folder: Path) -> None:
    data = hand_made.bmp_with_gaps()
    (folder / "input").write_bytes(data)
    media = probe(folder / "input")
    assert (media.mime, media.kind, media.width, media.height) == ("image/bmp", "image", 64, 64) and media.lossless
    (folder / "input").write_bytes(data[:-40])
    with pytest.raises(errors.Incomplete, match="truncated"):
        probe(folder / "input")


def test_photoshop_tells_transparency_from_a_saved_selection(folder: Path) -> None:
    for count, alpha in ((-1, True), (1, False), (None, False)):
        layers = b"" if count is None else struct.pack(">IhH", 4, count, 0)
        (folder / "input").write_bytes(hand_made.psd(material.logo(32), layers=layers))
        media = probe(folder / "input")
        assert (media.mime, media.width, media.alpha) == ("image/vnd.adobe.photoshop", 32, alpha)


def test_photoshop_gives_away_what_its_resources_say(folder: Path) -> None:
    block = hand_made.resource(0x0422, material.exif(1).tobytes().removeprefix(b"Exif\0\0"))
    (folder / "input").write_bytes(hand_made.psd(material.photo(32, 24), resources=block))
    assert probe(folder / "input").metadata == ("location", "device", "person", "time")


def test_the_largest_picture_of_an_icon_counts(folder: Path) -> None:
    media = picture(folder, "ICO", material.logo(64), sizes=[(16, 16), (48, 48)])
    assert (media.mime, media.width, media.height, media.alpha) == ("image/vnd.microsoft.icon", 48, 48, True)


def test_bombs_of_the_newer_formats_are_refused_from_the_header(folder: Path) -> None:
    out = io.BytesIO()
    Image.new("1", (16_000, 10_000)).save(out, "PNG")
    bomb = struct.pack("<3H4B2H2I", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(out.getvalue()), 22) + out.getvalue()
    psd = hand_made.psd(material.photo(8, 6))
    bombs = {
        "icon": bomb,
        "psd": psd[:14] + struct.pack(">II", 30_000, 30_000) + psd[22:],
        "pcx": struct.pack("<4B6H", 10, 5, 1, 8, 0, 0, 59_999, 59_999, 1, 1).ljust(65, b"\0")
        + struct.pack("<BHH", 1, 60_000, 1).ljust(63, b"\0")
        + bytes(769),
        "sgi": struct.pack(">HBB4HII", 474, 1, 1, 3, 60_000, 60_000, 3, 0, 255).ljust(512, b"\0") + bytes(99),
        "tga": struct.pack("<3B5s4H2B", 0, 0, 10, b"", 0, 0, 60_000, 60_000, 24, 0) + b"\xff\1\2\3" * 20_000,
        "pnm": b"P6 60000 60000 255\n" + bytes(99),
        "slow": b"P3 6000 6000 255\n" + b"1 2 3 " * 99,
    }
    for name, data in bombs.items():
        (folder / name).write_bytes(data)
        with pytest.raises(errors.TooMuch, match="too large"):
            probe(folder / name)


# ---------------------------------------------------------------- sound and film


@pytest.mark.parametrize(("rate", "order"), [("25", "0"), ("30", "0"), ("30", "2")])
def test_a_bare_stream_is_as_long_as_its_pictures(folder: Path, rate: str, order: str) -> None:
    source = ("-f", "lavfi", "-i", f"testsrc=d=1:s=64x48:r={rate}")
    media = probe(film(folder, ".h264", *source, "-c:v", "libx264", "-bf", order, "-pix_fmt", "yuv420p"))
    assert (media.mime, media.kind, media.frames, media.audio) == ("video/h264", "video", int(rate), ())
    assert media.duration == pytest.approx(1, abs=0.01)
    video = media.main_video
    assert video is not None and video.fps == pytest.approx(int(rate)) and video.b_frames is (order == "2")
    assert not video.variable


def test_tape_broadcast_and_telephone(folder: Path) -> None:
    tape = ("-f", "lavfi", "-i", "testsrc=d=0.2:s=720x576:r=25")
    media = probe(film(folder, ".dv", *tape, *TONE, "-t", "0.2", "-ac", "2", "-pix_fmt", "yuv420p"))
    assert (media.mime, media.kind, media.frames, len(media.audio)) == ("video/x-dv", "video", 5, 1)
    assert media.duration == pytest.approx(0.2, abs=0.01)
    path = film(folder, ".mxf", "-f", "lavfi", "-i", "testsrc=d=1:s=64x48:r=25", *TONE, "-c:v", "mpeg2video")
    media = probe(path)
    assert (media.mime, media.kind) == ("application/mxf", "video") and media.duration == pytest.approx(1, abs=0.05)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    with pytest.raises(errors.SourceError, match=r"truncated|damaged"):
        probe(path)
    (folder / "memo").write_bytes(hand_made.gsm(2))
    media = probe(folder / "memo")
    assert (media.mime, media.kind, media.duration) == ("audio/x-gsm", "audio", 2.0)


def test_film(folder: Path) -> None:
    path = film(folder, ".mp4", *FILM, *TONE, *H264, "-c:a", "aac", "-ac", "2", "-movflags", "+faststart")
    media = probe(path, "holiday.mp4")
    assert (media.kind, media.mime, media.demuxer, media.faststart) == ("video", "video/mp4", "mov", True)
    assert media.duration == pytest.approx(1, abs=0.03) and media.frames == 10 and not media.metadata
    video, sound = media.main_video, media.main_audio
    assert video is not None and sound is not None
    assert (video.codec, video.profile, video.pixel_format) == ("h264", "Constrained Baseline", "yuv420p")
    assert (video.width, video.height, video.fps, video.b_frames, video.variable) == (64, 48, 10, False, False)
    assert (sound.codec, sound.profile, sound.channels, sound.sample_rate) == ("aac", "LC", 2, 48000)
    assert video.bit_rate and sound.bit_rate and video.default and sound.default


@pytest.mark.parametrize(
    ("arguments", "profile", "b_frames"),
    [
        (("-profile:v", "baseline"), "Constrained Baseline", False),
        (("-profile:v", "main", "-bf", "0"), "Main", False),
        (("-profile:v", "main", "-bf", "2"), "Main", True),
        (("-profile:v", "high", "-bf", "3"), "High", True),
        (("-profile:v", "high444", "-pix_fmt", "yuv444p"), "High 4:4:4 Predictive", True),
    ],
)
def test_h264_profiles_and_order(folder: Path, arguments: tuple[str, ...], profile: str, b_frames: bool) -> None:
    for suffix in (".mp4", ".mkv", ".ts"):
        media = probe(film(folder, suffix, *FILM, "-c:v", "libx264", "-pix_fmt", "yuv420p", *arguments))
        video = media.main_video
        assert video is not None and (video.profile, video.b_frames) == (profile, b_frames)


@pytest.mark.parametrize(("turn", "clockwise"), [("90", 270), ("180", 180), ("270", 90)])
def test_rotation_is_clockwise(folder: Path, turn: str, clockwise: int) -> None:
    straight = film(folder, ".mp4", *FILM, *H264)
    for suffix in (".mp4", ".mkv"):
        turned = film(folder, suffix, "-display_rotation", turn, "-i", str(straight), "-c", "copy")
        video = probe(turned).main_video
        assert video is not None and (video.rotation, video.mirrored) == (clockwise, False)


def test_mirrored(folder: Path) -> None:
    straight = film(folder, ".mp4", *FILM, *H264)
    video = probe(film(folder, ".mp4", "-display_hflip", "-i", str(straight), "-c", "copy")).main_video
    assert video is not None and (video.rotation, video.mirrored) == (0, True)


def test_hdr_depth_and_colours(folder: Path) -> None:
    tags = "setparams=color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc"
    video = probe(film(folder, ".mp4", *FILM, "-vf", tags, "-c:v", "libx264", "-pix_fmt", "yuv420p10le")).main_video
    assert video is not None and (video.hdr, video.bit_depth, video.primaries) == ("hlg", 10, "bt2020")


def test_interlaced_and_pixel_aspect(folder: Path) -> None:
    fields = ("-vf", "setfield=tff,setsar=12/11", "-flags", "+ildct+ilme")
    for suffix, codec in ((".ts", "mpeg2video"), (".mp4", "libx264")):
        video = probe(film(folder, suffix, *FILM, "-r", "25", *fields, "-pix_fmt", "yuv420p", "-c:v", codec)).main_video
        assert video is not None and video.interlaced
    assert video is not None and video.pixel_aspect == pytest.approx(12 / 11)
    straight = probe(film(folder, ".mp4", *FILM, *H264)).main_video
    assert straight is not None and not straight.interlaced and straight.pixel_aspect == 1


def test_variable_frame_rate(folder: Path) -> None:
    uneven = ("-vf", "setpts='(N+mod(N,3)*0.6)/10/TB'", "-fps_mode", "passthrough")
    for suffix in (".mp4", ".mkv"):
        video = probe(film(folder, suffix, *FILM, *uneven, *H264)).main_video
        assert video is not None and video.variable


def test_thirds_of_a_second_in_whole_milliseconds_are_constant(folder: Path) -> None:
    video = probe(film(folder, ".mkv", "-f", "lavfi", "-i", "testsrc=d=1:s=64x48:r=30000/1001", *H264)).main_video
    assert video is not None and not video.variable and video.fps == pytest.approx(29.97, abs=0.02)


def test_transparent_film(folder: Path) -> None:
    clear = ("-vf", "format=rgba,colorchannelmixer=aa=0.5", "-pix_fmt", "yuva420p", "-c:v", "libvpx-vp9")
    media = probe(film(folder, ".webm", *FILM, "-t", "0.2", *clear))
    assert media.alpha and media.main_video is not None and media.main_video.alpha


@pytest.mark.parametrize(
    ("suffix", "arguments", "mime"),
    [
        (".mp4", (), "audio/mp4"),
        (".3gp", ("-c:a", "aac"), "audio/3gpp"),
        (".webm", (), "audio/webm"),
        (".mkv", (), "audio/x-matroska"),
        (".wma", (), "audio/x-ms-wma"),
        (".mp3", (), "audio/mpeg"),
        (".flac", (), "audio/flac"),
        (".ogg", ("-c:a", "libopus"), "audio/ogg"),
        (".aac", (), "audio/aac"),
        (".wav", (), "audio/wav"),
    ],
)
def test_sound(folder: Path, suffix: str, arguments: tuple[str, ...], mime: str) -> None:
    media = probe(film(folder, suffix, *TONE, *arguments))
    assert (media.kind, media.mime, media.video) == ("audio", mime, ()) and not media.metadata
    assert media.duration == pytest.approx(1, abs=0.08) and media.main_audio is not None


def test_cover_art_is_no_film(folder: Path) -> None:
    cover = folder / "cover.png"
    material.photo(32, 32).save(cover)
    both = (*TONE, "-i", str(cover), "-map", "0", "-map", "1")
    for suffix, arguments in ((".mp3", ()), (".m4a", ("-c:v", "mjpeg", "-disposition:v", "attached_pic"))):
        media = probe(film(folder, suffix, *both, *arguments))
        assert (media.kind, media.video, media.extras) == ("audio", (), ("cover",)) and "thumbnail" in media.metadata


def test_default_track_subtitles_and_chapters(folder: Path) -> None:
    words = folder / "words.srt"
    words.write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    notes = folder / "notes.txt"
    notes.write_text(";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=One\n")
    inputs = (*FILM, *TONE, *TONE, "-i", str(words), "-i", str(notes))
    maps = ("-map", "0", "-map", "1", "-map", "2", "-map", "3", "-map_chapters", "4")
    media = probe(film(folder, ".mkv", *inputs, *maps, *H264, "-disposition:a:0", "0", "-disposition:a:1", "default"))
    assert media.main_audio is not None and media.main_audio.index == 2 and len(media.audio) == 2
    assert sorted(media.extras) == ["chapters", "subtitle"]


def test_lengths_without_and_against_the_header(folder: Path) -> None:
    live = film(folder, ".webm", *FILM, *TONE, "-c:v", "libvpx", "-c:a", "libopus", "-live", "1")
    assert probe(live).duration == pytest.approx(1, abs=0.05)
    broken = film(folder, ".mp4", *FILM, *H264, "-movflags", "+frag_keyframe+empty_moov")
    assert probe(broken).duration == pytest.approx(1, abs=0.05) and probe(broken).faststart is False


def test_metadata(folder: Path) -> None:
    assert probe(film(folder, ".mp3", *TONE, "-metadata", "artist=Jo")).metadata == ("person",)
    assert probe(film(folder, ".flac", *TONE, "-metadata", "DATE=2026")).metadata == ("time",)
    private = "h264_metadata=sei_user_data=086f3693-b7b3-4f2c-9653-21492feee5b8+secret"
    assert probe(film(folder, ".mp4", *FILM, *H264, "-bsf:v", private)).metadata == ("text",)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".avi", ".mp3", ".wav", ".flac", ".ogg", ".m4a"])
def test_cut_sound_and_film(folder: Path, suffix: str) -> None:
    ways = {".mp4": (*FILM, *H264), ".mkv": (*FILM, *H264), ".webm": (*FILM, "-c:v", "libvpx"), ".avi": FILM}
    path = film(folder, suffix, *ways.get(suffix, TONE))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with pytest.raises(errors.Incomplete, match="truncated"):
        probe(path)


def test_what_is_refused_says_why(folder: Path) -> None:
    with pytest.raises(errors.UnknownType, match="cinepak"):
        probe(film(folder, ".avi", *FILM, "-c:v", "cinepak"))
    with pytest.raises(errors.TooMuch, match="16000 x 4000"):
        probe(film(folder, ".mov", "-f", "lavfi", "-i", "color=s=16000x4000", "-frames:v", "1", "-c:v", "mjpeg"))
    slow = struct.pack("<HHIIHH", 1, 1, 1, 1, 1, 8)  # one byte a second
    silence = b"WAVEfmt " + struct.pack("<I", 16) + slow + b"data" + struct.pack("<I", 46_800) + bytes(46_800)
    (folder / "slow").write_bytes(b"RIFF" + struct.pack("<I", len(silence)) + silence)
    with pytest.raises(errors.TooMuch, match=r"13\.0 hours"):
        probe(folder / "slow")
    nine = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 9, 8000, 72_000, 9, 8) + b"data" + struct.pack("<I", 9000)
    (folder / "nine").write_bytes(b"RIFF" + struct.pack("<I", len(nine) + 9000) + nine + bytes(9000))
    with pytest.raises(errors.TooMuch, match="9 channels"):
        probe(folder / "nine")
    header = film(folder, ".wav", *TONE, "-fflags", "+bitexact")
    header.write_bytes(header.read_bytes()[:40] + bytes(4))
    with pytest.raises(errors.Incomplete, match="no video or audio data"):
        probe(header)
    many = film(folder, ".mkv", *TONE, *(("-map", "0") * 70), "-t", "0.1")
    with pytest.raises(errors.TooMuch, match="too many streams"):
        probe(many)


# ---------------------------------------------------------------- documents and the rest


def test_documents(folder: Path) -> None:
    material.pdf(folder / "letter")
    media = probe(folder / "letter", "letter.pdf")
    assert (media.kind, media.mime, media.size) == ("document", "application/pdf", (folder / "letter").stat().st_size)
    (folder / "letter").write_bytes((folder / "letter").read_bytes()[:-60])
    with pytest.raises(errors.Incomplete, match="PDF"):
        probe(folder / "letter")
    with zipfile.ZipFile(folder / "pack", "w") as package:
        package.writestr("[Content_Types].xml", "x" * 500)
        package.writestr("word/document.xml", "x" * 500)
    assert probe(folder / "pack").mime.endswith("wordprocessingml.document")
    (folder / "pack").write_bytes((folder / "pack").read_bytes()[:-40])
    with pytest.raises(errors.Incomplete, match="archive"):
        probe(folder / "pack")


def test_a_file_that_vanished(folder: Path) -> None:
    with pytest.raises(errors.Unreadable):
        probe(folder / "nothing")


def test_nothing_heavy_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys, mediaprep.reading.probe; print(*{'PIL', 'av', 'magic', 'pillow_heif', 'numpy'} & set(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == ""


def test_a_stream_that_appears_while_a_film_is_read_is_damage(tmp_path: Path) -> None:
    """One bit of a transport stream names a packet of a stream that no table knows."""
    data = bytearray((Path(__file__).parents[2] / "samples" / "film-interlaced.ts").read_bytes())
    data[32525] ^= 1
    film = tmp_path / "film.ts"
    film.write_bytes(data)
    with pytest.raises(errors.Damaged):
        probe(film)
