"""`samples/`: complete, tiny, what its page says, and made again by its script."""

from __future__ import annotations

from pathlib import Path

import av
import pillow_heif
import pytest
from PIL import Image, UnidentifiedImageError

from mediaprep import check_all
from tests.make_samples import README, SAMPLES, make_all, readme

FOLDER = Path(__file__).parent.parent / "samples"

FACTS = {
    "photo-ready.jpg": "JPEG RGB 480x360",
    "photo-gps-rotated.jpg": "JPEG RGB 360x480 orientation 6 GPS",
    "photo-gps.jpg": "JPEG RGB 480x360 orientation 1 GPS",
    "photo-display-p3.jpg": "JPEG RGB 480x360 ICC",
    "photo-cmyk.jpg": "JPEG CMYK 480x360",
    "really-a-jpeg.png": "JPEG RGB 480x360",
    "photo-stereo.mpo": "MPO RGB 480x360 2 frames",
    "photo-phone.heic": "HEIF RGB 480x360 orientation 1 GPS",
    "photo.avif": "AVIF RGB 480x360",
    "photo.webp": "WEBP RGB 480x360",
    "photo.jp2": "JPEG2000 RGB 480x360",
    "photo.bmp": "BMP RGB 160x120",
    "scan-cmyk.tiff": "TIFF CMYK 240x180",
    "scan-float.tiff": "TIFF F 80x60",
    "scan-4-bit.tiff": "TIFF L 81x60",
    "drawing-with-gaps.bmp": "BMP P 64x64",
    "icon.ico": "ICO RGBA 256x256 transparent",
    "poster.psd": "PSD RGB 80x60",
    "page.pbm": "PPM 1 160x120",
    "page.pgm": "PPM L 80x60",
    "photo.ppm": "PPM RGB 80x60",
    "photo.pcx": "PCX RGB 80x60",
    "photo.sgi": "SGI RGB 80x60",
    "photo-no-footer.tga": "TGA RGB 80x60",
    "photo-16-bit.tiff": "TIFF RGB 160x120 16 bit",
    "gradient-16-bit.png": "PNG RGB 160x120 16 bit",
    "logo-transparent.png": "PNG RGBA 256x256 transparent",
    "screenshot-palette.png": "PNG P 480x360",
    "ball-transparent.gif": "GIF P 160x160 12 frames transparent",
    "ball-apng.png": "PNG RGBA 160x160 12 frames transparent",
    "ball-animated.webp": "WEBP RGBA 160x160 12 frames transparent",
    "ball-animated.avif": "AVIF RGBA 160x160 12 frames transparent",
    "sticker-ready.webp": "WEBP RGBA 512x512 transparent",
    "sticker-animated-ready.webp": "WEBP RGBA 512x512 8 frames transparent",
    "film-ready.mp4": "mov: aac* 1ch 48000, h264* Main yuv420p 240x136 index first",
    "film-ready.3gp": "mov: aac* 1ch 48000, h264* Main yuv420p 240x136 index first",
    "film.mkv": "matroska: aac* 1ch 48000, h264* Main yuv420p 240x136",
    "film.mov": "mov: aac* 1ch 48000, h264* Main yuv420p 240x136 index last",
    "film-index-last.mp4": "mov: aac* 1ch 48000, h264* Main yuv420p 240x136 index last",
    "film-with-place.mp4": "mov: aac* 1ch 48000, h264* Main yuv420p 240x136 index first place",
    "film-pcm-sound.mov": "mov: h264* Main yuv420p 240x136, pcm_s16le* 1ch 8000 index last",
    "film-high-b-frames.mp4": "mov: aac* 1ch 48000, h264* High yuv420p 240x136 B-frames index first",
    "film-odd-444.mp4": "mov: aac* 1ch 48000, h264* High 4:4:4 Predictive yuv444p 161x121 B-frames index last",
    "film-hevc.mp4": "mov: aac* 1ch 48000, hevc* Main yuv420p 240x136 B-frames index last",
    "film-rotated.mov": "mov: aac* 1ch 48000, hevc* Main yuv420p 240x136 B-frames turned -90 index last",
    "film-hdr10.mp4": "mov: aac* 1ch 48000, hevc* Main 10 yuv420p10le 240x136 B-frames PQ index last",
    "film-hlg.mov": "mov: aac* 1ch 48000, hevc* Main 10 yuv420p10le 240x136 B-frames HLG index last",
    "film-av1.mp4": "mov: aac* 1ch 48000, av1* Main yuv420p 240x136 index last",
    "film-vp9-opus.webm": "matroska: opus 1ch 48000, vp9 Profile 0 yuv420p 240x136",
    "film-alpha.webm": "matroska: vp9 Profile 0 yuv420p 160x160 alpha",
    "film-variable-rate.mp4": "mov: aac* 1ch 48000, h264* Main yuv420p 240x136 uneven index first",
    "film-interlaced.ts": "mpegts: mp2 1ch 48000, mpeg2video Main yuv420p 240x136 B-frames interlaced",
    "film-dvd.mpg": "mpeg: mp2 1ch 48000, mpeg2video Main yuv420p 352x288 B-frames wide pixels",
    "film-old-phone.3gp": "mov: amr_nb* 1ch 8000, h263* - yuv420p 176x144 wide pixels index last",
    "film-mpeg4-mp3.avi": "avi: mp3 1ch 48000, mpeg4 Simple Profile yuv420p 240x136",
    "film-mjpeg.avi": "avi: mjpeg Baseline yuvj420p 160x120, pcm_u8 1ch 8000",
    "film.wmv": "asf: wmav2 1ch 48000, wmv2 - yuv420p 240x136",
    "film.flv": "flv: flv1 - yuv420p 240x136, mp3 1ch 22050",
    "film.mxf": "mxf: mpeg2video Main yuv420p 240x136 B-frames, pcm_s16le 1ch 48000",
    "film.h264": "h264: h264 Main yuv420p 240x136",
    "film.dv": "dv: dvvideo - yuv411p 720x480 interlaced wide pixels, pcm_s16le 2ch 48000",
    "film-silent.mp4": "mov: h264* Main yuv420p 240x136 index first",
    "film-surround-subtitles.mkv": "matroska: aac* 1ch 48000, ac3 6ch 44100, h264 Main yuv420p 240x136, subtitle",
    "sound-only.mp4": "mov: aac* 1ch 48000 index first",
    "memo-ready.m4a": "mov: aac* 1ch 48000 index first",
    "memo-ready.ogg": "ogg: opus 1ch 48000",
    "memo-ready.amr": "amr: amr_nb 1ch 8000",
    "memo.aac": "aac: aac 1ch 48000",
    "memo-recording.webm": "matroska: opus 1ch 48000",
    "memo-stereo-opus.ogg": "ogg: opus 2ch 48000",
    "memo-vorbis.ogg": "ogg: vorbis 1ch 48000",
    "memo-alac.m4a": "mov: alac* 1ch 8000 index last",
    "memo.caf": "caf: pcm_s16be 1ch 8000",
    "memo.wav": "wav: pcm_s16le 1ch 8000",
    "memo.aiff": "aiff: pcm_s16be 1ch 8000",
    "memo.gsm": "gsm: gsm 1ch 8000",
    "memo.flac": "flac: flac 1ch 8000",
    "memo.wma": "asf: wmav2 1ch 48000",
    "song-cover.mp3": "mp3: mjpeg Baseline yuvj420p 160x160, mp3 2ch 44100",
    "letter.pdf": "%PDF",
    "letter.docx": "PK",
    "notes.txt": "Dear",
}
"""What another reader (Pillow, PyAV, the bytes) says about each; `*` marks a track that is the default."""

TRANSFERS = {16: "PQ", 18: "HLG"}  # ITU-T H.273, table 3


def facts(path: Path) -> str:
    if path.suffix in (".pdf", ".docx", ".txt"):
        return path.read_text(encoding="latin-1")[:4].strip("\3\4")
    pillow_heif.register_heif_opener()
    try:
        with Image.open(path) as image:
            return picture_facts(image, path.read_bytes())
    except UnidentifiedImageError:
        with av.open(path) as container:
            return " ".join([film_facts(container), *index_facts(path.read_bytes())])


def picture_facts(image: Image.Image, data: bytes) -> str:
    exif = image.getexif()
    frames = getattr(image, "n_frames", 1)
    said = {
        f"{frames} frames": frames > 1,
        f"orientation {exif.get(0x0112)}": 0x0112 in exif,
        "GPS": bool(exif.get_ifd(0x8825)),
        "ICC": "icc_profile" in image.info,
        "16 bit": exif.get(258) == (16, 16, 16) or (image.format == "PNG" and data[24] == 16),
        "transparent": "A" in image.mode or "transparency" in image.info,
    }
    size = f"{image.width}x{image.height}"
    return " ".join([f"{image.format}", image.mode, size, *(word for word in said if said[word])])


def film_facts(container: av.container.InputContainer) -> str:
    tracks = []
    for stream in container.streams:
        default = "*" if stream.disposition & av.stream.Disposition.default else ""
        if isinstance(stream, av.VideoStream):
            codec = stream.codec_context
            words = [codec.profile or "-", str(codec.pix_fmt), f"{codec.width}x{codec.height}"]
            words += picture_words(container, stream)
            tracks.append(f"{codec.codec.canonical_name}{default} {' '.join(words)}")
        elif isinstance(stream, av.AudioStream):
            tracks.append(f"{stream.codec_context.codec.canonical_name}{default} {stream.channels}ch {stream.rate}")
        else:
            tracks.append(stream.type)
    return f"{container.format.name.split(',')[0]}: {', '.join(sorted(tracks))}"


def picture_words(container: av.container.InputContainer, stream: av.VideoStream) -> list[str]:
    packets = list(container.demux(stream))
    first = next(frame for packet in packets for frame in packet.decode())
    lengths = [packet.duration for packet in packets if packet.duration]
    said = {
        "B-frames": stream.codec_context.has_b_frames,
        "interlaced": first.interlaced_frame,
        f"turned {first.rotation}": bool(first.rotation),
        TRANSFERS.get(first.color_trc, ""): first.color_trc in TRANSFERS,
        "wide pixels": (stream.sample_aspect_ratio or 1) != 1,
        "uneven": bool(lengths) and max(lengths) > 2 * min(lengths),
        "alpha": "alpha_mode" in stream.metadata,
    }
    return [word for word in said if said[word]]


def index_facts(data: bytes) -> list[str]:
    """Where an MP4 has its index, and whether it names a place (`loci`)."""
    if data[4:8] != b"ftyp":
        return []
    order = "index first" if data.find(b"moov") < data.find(b"mdat") else "index last"
    return [order, "place"] if b"loci" in data else [order]


def test_every_sample_is_listed_and_committed() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {README, *(sample.name for sample in SAMPLES)}
    assert [sample.name for sample in SAMPLES] == list(FACTS)
    assert len(SAMPLES) >= 25
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 2_000_000


def test_the_page_is_what_the_script_writes() -> None:
    assert (FOLDER / README).read_text(encoding="utf-8") == readme()


@pytest.mark.parametrize("name", FACTS)
def test_a_sample_is_what_it_says(name: str) -> None:
    assert facts(FOLDER / name) == FACTS[name]


def test_the_script_makes_them_again(tmp_path: Path) -> None:
    make_all(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in FOLDER.iterdir()}
    assert {name: facts(tmp_path / name) for name in FACTS} == FACTS


def test_the_plans_are_what_the_page_says() -> None:
    planned = {}
    for target in {sample.target for sample in SAMPLES}:
        paths = [FOLDER / sample.name for sample in SAMPLES if sample.target == target]
        for record in check_all(paths, target=target, stage="plan"):
            planned[Path(record.source).name] = record.action if record.error is None else record.error.message
    assert planned == {sample.name: sample.does.replace(",", ":").split(":")[0] for sample in SAMPLES}
