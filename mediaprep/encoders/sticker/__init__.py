"""What makes a picture a sticker: art fitted into a canvas, and the block of data that names its pack."""

from __future__ import annotations

import hashlib
import json
import struct
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from mediaprep.containers import riff
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.rules import Limits

if TYPE_CHECKING:
    from PIL.Image import Image

LARGEST_SIDE = 16383
"""Pixels of a WebP's side (RFC 9649, 2.7.1.1)."""

PACK_HEADER = bytes.fromhex("49492A0008000000010041570700")
"""A little-endian TIFF block with one entry: tag 0x5741 ("AW") of type 7. Its length and offset (22) follow.
So WhatsApp's own stickers carry their pack (its sample packs in WhatsApp/stickers), and every client writes it."""

_ALPHA, _EXIF = 0x10, 0x08


def canvas(media: Media, limits: Limits) -> tuple[int, int]:
    """Width and height of the output: what the limits say exactly, else the picture's own within `max_side`. Pure."""
    if limits.width is not None and limits.height is not None:
        return limits.width, limits.height
    side = min(limits.max_side or LARGEST_SIDE, max(media.upright))
    return fitted_art(media.upright, (side, side)).size


class Art(Struct, frozen=True, kw_only=True):
    """`size`: pixels of the art on the canvas. `window`: the shares of the picture's width and height that it shows,
    taken from the middle."""

    size: tuple[int, int]
    window: tuple[float, float] = (1.0, 1.0)


def fitted_art(size: tuple[int, int], box: tuple[int, int]) -> Art:
    """The whole picture, as large as the box allows. Pure."""
    scale = min(side / own for side, own in zip(box, size, strict=True))
    width, height = (max(1, min(side, round(own * scale))) for own, side in zip(size, box, strict=True))
    return Art(size=(width, height))


def cropped_art(size: tuple[int, int], box: tuple[int, int]) -> Art:
    """As much of the picture as fills the box. Pure."""
    aspect = (box[0] / box[1]) / (size[0] / size[1])
    return Art(size=box, window=(min(1.0, aspect), min(1.0, 1 / aspect)))


def cut_out(image: Image, art: Art) -> Image:
    """The art of one picture, at its size."""
    across, down = art.window
    if art.window != (1.0, 1.0):
        width, height = max(1, round(image.width * across)), max(1, round(image.height * down))
        left, top = (image.width - width) // 2, (image.height - height) // 2
        image = image.crop((left, top, left + width, top + height))
    return resized_art(image, art.size)


def resized_art(image: Image, size: tuple[int, int]) -> Image:
    """The picture at another size. Transparent pixels lend no colour to their neighbours; enlarging does not ring."""
    from PIL.Image import Resampling

    if image.size == size:
        return image
    smaller = size[0] < image.width or size[1] < image.height
    return image.resize(size, Resampling.LANCZOS if smaller else Resampling.BICUBIC, reducing_gap=3.0)


def placed(art: Image, box: tuple[int, int], background: str | None = None) -> Image:
    """The art in the middle of a canvas that is transparent, or of one colour."""
    from PIL import Image

    corner = ((box[0] - art.width) // 2, (box[1] - art.height) // 2)
    if background is None:
        ground = Image.new("RGBA", box)
        ground.paste(art, corner)
        return ground
    ground = Image.new("RGB", box, background)
    ground.paste(art, corner, art if art.mode == "RGBA" else None)
    return ground


def pack_block(options: Options) -> bytes:
    """The EXIF block with pack, publisher and emojis; empty where none is asked for. Pure.

    The id follows from pack and publisher, so that stickers of one pack belong together.
    """
    if not (options.pack or options.publisher or options.emojis):
        return b""
    said = {
        "sticker-pack-id": hashlib.sha256(f"{options.pack}\0{options.publisher}".encode()).hexdigest()[:32],
        "sticker-pack-name": options.pack,
        "sticker-pack-publisher": options.publisher,
        "emojis": list(options.emojis),
    }
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
    return PACK_HEADER + struct.pack("<II", len(text), len(PACK_HEADER) + 8) + text


def label(source: Path, output: Path, block: bytes) -> None:
    """Copy a stripped WebP with `block` as its EXIF; pixels and frames stay identical."""
    with source.open("rb") as file:
        facts = riff.read_webp(file)
        size: int = source.stat().st_size
        parts = [(chunk.kind, riff.payload(file, chunk, chunk.size)) for chunk in riff.chunks(file, 12, size)]
    head = next((content for kind, content in parts if kind == b"VP8X"), None)
    if head is None:
        sides = (facts.width - 1).to_bytes(3, "little") + (facts.height - 1).to_bytes(3, "little")
        head = bytes([0 if facts.opaque else _ALPHA, 0, 0, 0]) + sides
    head = bytes([head[0] | _EXIF]) + head[1:]
    kept = [(kind, content) for kind, content in parts if kind not in (b"VP8X", b"EXIF")]
    body = b"".join(
        struct.pack("<4sI", kind, len(content)) + content + b"\0" * (len(content) & 1)
        for kind, content in [(b"VP8X", head), *kept, (b"EXIF", block)]
    )
    output.write_bytes(struct.pack("<4sI4s", b"RIFF", 4 + len(body), b"WEBP") + body)
