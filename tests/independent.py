"""A second opinion on outputs: PyAV, Pillow and reading of our own. Nothing of mediaprep is used, and every number is
written out here again, so that a mistake in a profile or a rule cannot hide itself.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
from PIL import Image

MOST = {
    "image": 5_000_000,
    "video": 16_000_000,
    "gif": 16_000_000,
    "audio": 16_000_000,
    "voice": 16_000_000,
    "sticker": 100_000,
    "animated_sticker": 500_000,
    "document": 100_000_000,
    "template_document": 100_000_000,
}


def inspect(path: Path, target: str, *, alpha: bool = True, ours: bool = True) -> None:
    """Assert that a file is fit for WhatsApp as `target`. `alpha`: whether transparent pictures are taken.
    `ours`: it was made by mediaprep, not passed as it came."""
    size = path.stat().st_size
    assert 0 < size <= MOST[target], f"{size} bytes"
    if target == "image":
        still(path, alpha=alpha)
    elif target in ("video", "gif"):
        film(path, silent=target == "gif")
    elif target == "audio":
        sound(path)
    elif target == "voice":
        voice(path)
    elif target == "sticker":
        sticker(path, animated=False)
    elif target == "animated_sticker":
        sticker(path, animated=True, ours=ours)


def still(path: Path, *, alpha: bool = True) -> None:
    data = path.read_bytes()
    with Image.open(path, formats=["JPEG", "PNG"]) as image:
        assert path.suffix == {"JPEG": ".jpg", "PNG": ".png"}[str(image.format)]
        assert image.mode in (("RGB", "RGBA") if alpha else ("RGB",)), image.mode
        image.load()
        assert not image.getexif(), dict(image.getexif())
        assert not {"xmp", "comment", "photoshop", "Comment", "Author", "Software"} & set(image.info)
        assert getattr(image, "n_frames", 1) == 1
        if image.format == "JPEG":
            assert data.endswith(b"\xff\xd9"), "bytes after the end"
            markers = [marker for marker, _ in jpeg_segments(data)]
            assert not {0xE1, 0xED, 0xFE} & set(markers), [hex(marker) for marker in markers]
        else:
            assert data[-12:-4] == b"\0\0\0\0IEND", "bytes after the end"
            chunks = [kind for kind, _ in png_chunks(data)]
            assert not {b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME", b"acTL"} & set(chunks), chunks
            assert data[24] == 8, "bits a channel"


def film(path: Path, *, silent: bool = False) -> None:
    assert path.suffix in (".mp4", ".3gp")
    top = [(kind, offset) for kind, offset, _ in boxes(path.read_bytes())]
    kinds = [kind for kind, _ in top]
    assert kinds[0] == b"ftyp"
    assert b"moof" not in kinds, "fragmented"
    assert kinds.index(b"moov") < kinds.index(b"mdat"), "the index comes last"
    moov = next(body for kind, _, body in boxes(path.read_bytes()) if kind == b"moov")
    assert created(moov) == 0, "a creation time"
    for trace in (b"\xa9xyz", b"loci", b"com.apple.quicktime.location", b"com.android"):
        assert trace not in moov, trace
    with av.open(str(path)) as container:
        assert len(container.streams.video) == 1
        assert len(container.streams.audio) <= (0 if silent else 1)
        assert len(container.streams) == len(container.streams.video) + len(container.streams.audio)
        video = container.streams.video[0]
        context = video.codec_context
        assert context.name == "h264"
        assert context.pix_fmt in ("yuv420p", "yuvj420p"), context.pix_fmt
        assert context.width % 2 == 0 and context.height % 2 == 0
        assert context.profile in ("Main", "High", "Baseline", "Constrained Baseline", "Progressive High"), (
            context.profile
        )
        assert not ("High" in str(context.profile) and context.has_b_frames), "High profile with B-frames"
        assert str(context.color_trc) not in ("16", "18"), "high dynamic range"
        for audio in container.streams.audio:
            assert audio.codec_context.name == "aac"
            assert audio.codec_context.channels <= 2
        shown = []
        for frame in container.decode(video=0):
            assert not frame.interlaced_frame
            shown.append(frame.time)
        assert shown, "no frame"
        assert all(a < b for a, b in pairwise(shown)), "frames out of order"
    if not silent:
        with av.open(str(path)) as container:
            if container.streams.audio:
                assert sum(frame.samples for frame in container.decode(audio=0)) > 0


def sound(path: Path) -> None:
    data = path.read_bytes()
    with av.open(str(path)) as container:
        assert not container.streams.video, "a cover"
        assert len(container.streams.audio) == 1
        stream = container.streams.audio[0]
        codec = stream.codec_context.name
        want = {
            ".m4a": ("aac",),
            ".mp3": ("mp3float", "mp3"),
            ".aac": ("aac",),
            ".amr": ("amrnb", "libopencore_amrnb"),
            ".ogg": ("opus", "libopus"),
        }
        assert codec in want[path.suffix], (path.suffix, codec)
        assert sum(frame.samples for frame in container.decode(audio=0)) > 0
        if path.suffix in (".m4a", ".aac"):
            assert stream.codec_context.channels <= 2
    if path.suffix in (".mp3", ".aac"):
        tag = data[: 10 + int.from_bytes(data[6:10], "big")] if data[:3] == b"ID3" else b""
        for frame in (b"APIC", b"TPE1", b"TIT2", b"TALB", b"COMM", b"TCOM", b"TDRC", b"GEOB", b"PRIV"):
            assert frame not in tag, frame
        assert data[-128:-125] != b"TAG"
    if path.suffix == ".m4a":
        moov = next(body for kind, _, body in boxes(data) if kind == b"moov")
        assert created(moov) == 0
        assert b"covr" not in moov and b"\xa9ART" not in moov
    if path.suffix == ".ogg":
        opus(data)


def voice(path: Path) -> None:
    assert path.suffix == ".ogg"
    opus(path.read_bytes())
    with av.open(str(path)) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) > 0


def opus(data: bytes) -> None:
    """Ogg with Opus, mono, without comments but an encoder's own, closed by an end-of-stream page (RFC 7845)."""
    assert data[:4] == b"OggS"
    head = data.index(b"OpusHead")
    assert data[head + 9] == 1, "channels"
    tags = data.index(b"OpusTags") + 8
    vendor = struct.unpack_from("<I", data, tags)[0]
    at = tags + 4 + vendor
    for _ in range(struct.unpack_from("<I", data, at)[0]):
        length = struct.unpack_from("<I", data, at + 4)[0]
        comment = data[at + 8 : at + 8 + length]
        assert comment.lower().startswith((b"encoder=", b"encoder_options=")), comment
        at += 4 + length
    last = data.rindex(b"OggS")
    assert data[last + 5] & 4, "no end of stream"


def sticker(path: Path, *, animated: bool, ours: bool = True) -> None:
    data = path.read_bytes()
    assert path.suffix == ".webp"
    assert data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    assert struct.unpack_from("<I", data, 4)[0] + 8 == len(data), "RIFF length"
    chunks = list(riff_chunks(data))
    kinds = [kind for kind, _ in chunks]
    assert b"XMP " not in kinds
    for kind, body in chunks:
        if kind == b"EXIF":
            assert body[:22][10:12] == b"\x41\x57", "an EXIF block that is no sticker's"
    with Image.open(path, formats=["WEBP"]) as image:
        assert image.size == (512, 512)
        frames = getattr(image, "n_frames", 1)
        assert (frames > 1) == animated, frames
        for index in range(frames):
            image.seek(index)
            image.load()
    if animated:
        bodies = [body for kind, body in chunks if kind == b"ANMF"]
        durations = [int.from_bytes(body[12:15], "little") for body in bodies]
        assert min(durations) >= 8 and sum(durations) <= 10_000, durations
        first = bodies[0]
        if ours:
            assert first[:6] == bytes(6), "the first frame starts at the corner"
            width, height = (int.from_bytes(first[at : at + 3], "little") + 1 for at in (6, 9))
            assert (width, height) == (512, 512), "the first frame is whole"


# ---------------------------------------------------------------- reading of our own


def boxes(data: bytes, at: int = 0) -> Iterator[tuple[bytes, int, bytes]]:
    """(type, offset, body) of the boxes in an MP4 or in a box's body."""
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        elif size == 0:
            size = len(data) - at
        assert size >= head and at + size <= len(data), f"the box {kind!r} is cut short"
        yield kind, at, data[at + head : at + size]
        at += size


def created(moov: bytes) -> int:
    """The creation time in the movie header: 0 is none."""
    header = next(body for kind, _, body in boxes(moov) if kind == b"mvhd")
    return int(struct.unpack_from(">Q" if header[0] else ">I", header, 4)[0])


def jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 2
    while at < len(data):
        marker = data[at + 1]
        if marker == 0xDA:
            return
        length = struct.unpack_from(">H", data, at + 2)[0]
        yield marker, data[at + 4 : at + 2 + length]
        at += 2 + length


def png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at < len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        yield kind, data[at + 8 : at + 8 + length]
        at += 12 + length


def riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at < len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        assert at + 8 + length <= len(data), f"the chunk {kind!r} is cut short"
        yield kind, data[at + 8 : at + 8 + length]
        at += 8 + length + (length & 1)


def streams(path: Path) -> dict[str, Any]:
    """Codec, length and sizes as PyAV sees them."""
    with av.open(str(path)) as container:
        return {
            "duration": (container.duration or 0) / 1e6,
            "video": [
                (s.codec_context.name, s.codec_context.width, s.codec_context.height) for s in container.streams.video
            ],
            "audio": [
                (s.codec_context.name, s.codec_context.channels, s.codec_context.sample_rate)
                for s in container.streams.audio
            ],
        }
