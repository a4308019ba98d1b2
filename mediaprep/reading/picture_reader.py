"""Pictures and animations -> Media, by Pillow with the one format that the bytes are, and by our own reading.

Sizes are judged from the header before anything is decoded. A JPEG is decoded only where its structure is doubtful.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mediaprep import errors, formats
from mediaprep.containers import bmp, exif, gif, heif, icc, ico, jpeg, netpbm, png, psd, riff, tags
from mediaprep.containers.structure import Kinds, PictureStructure, in_order
from mediaprep.media import Media
from mediaprep.reading.picture_opening import AGAIN, FAULTS, MAX_PIXELS, as_our_errors, open_picture
from mediaprep.reading.sniff import Sniffed

if TYPE_CHECKING:
    from PIL import Image, ImageFile


MAX_ANIMATION_PIXELS = 400_000_000
"""Canvas times frames."""

MAX_FRAMES = 20_000
"""However small: each costs time of its own. Five minutes at 60 frames a second."""

_COUNT_COLOURS_BELOW = 20_000_000
_COLOURS = 256
_COUNTABLE = ("1", "L", "P", "LA", "RGB", "RGBA", "CMYK")
_DECODE_BELOW = 40_000_000
_FRAMES_LOOKED_AT, _PIXELS_LOOKED_AT = 1000, 100_000_000
_LOSSLESS_TIFF = frozenset(["raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "group3", "group4",
                            "tiff_ccitt", "lzma", "zstd"])  # fmt: skip


_READERS: Mapping[str, Callable[[BinaryIO], PictureStructure]] = {
    "JPEG": jpeg.read,
    "PNG": png.read,
    "GIF": gif.read,
    "WEBP": riff.read_webp,
    "AVIF": heif.read,
    "HEIF": heif.read,
    "BMP": bmp.read,
    "ICO": ico.read,
    "PSD": psd.read,
    "PPM": netpbm.read,
}
_TOLD_WHOLE = ("JPEG", "GIF")
"""What a decoder may still find whole where our own reading misses an end."""


def read_picture(path: Path, sniffed: Sniffed, name: str) -> Media:
    """Facts about a picture or an animation. Raises TooMuch, Incomplete or Damaged, and UnknownType for a variant that
    has no reader."""
    with path.open("rb") as file:
        structure = _READERS.get(sniffed.pillow, _unread)(file)
        _check_size(structure.width, structure.height, len(structure.durations), structure.bit_depth)
        cut = exif.missing_page(file) if sniffed.pillow == "TIFF" else structure.cut
        if cut and sniffed.pillow not in _TOLD_WHOLE:
            raise errors.Incomplete(f"the image is truncated: {cut}. {AGAIN}")
        metadata: Kinds = exif.kinds_in(file) if sniffed.pillow == "TIFF" else structure.metadata
    try:
        with as_our_errors(structure.cut), open_picture(path, sniffed.pillow) as image:
            _check_size(*image.size, 1)
            return _media(path, sniffed, name, structure, metadata, image)
    except errors.Damaged:
        if not formats.of(sniffed.mime).second:
            raise
        return _by_ffmpeg(path, sniffed, name, structure)


def _unread(_: BinaryIO) -> PictureStructure:
    return PictureStructure()


def _check_size(width: int, height: int, frames: int, depth: int = 8) -> None:
    if width * height * (2 if depth > 8 else 1) > MAX_PIXELS:
        raise errors.TooMuch(
            f"the image is too large: {width:,} x {height:,} pixels; limit: {MAX_PIXELS // 1_000_000} megapixels, "
            "half as many above 8 bits per channel. Save it smaller"
        )
    if frames > MAX_FRAMES:
        raise errors.TooMuch(f"the animation is too long: {frames:,} frames; limit: {MAX_FRAMES:,}. Shorten it")
    if frames > 1 and width * height * frames > MAX_ANIMATION_PIXELS:
        raise errors.TooMuch(
            f"the animation is too large: {frames:,} frames of {width:,} x {height:,} pixels; limit: "
            f"{MAX_ANIMATION_PIXELS // 1_000_000} megapixels in all frames. Make it smaller or shorter"
        )


def _media(
    path: Path, sniffed: Sniffed, name: str, structure: PictureStructure, metadata: Kinds, image: ImageFile.ImageFile
) -> Media:
    mode, orientation = image.mode, _orientation(image)
    still = len(structure.durations) == 1
    always = structure.lossless or formats.of(sniffed.mime).lossless
    lossless = always or image.info.get("compression") in _LOSSLESS_TIFF
    extras = structure.extras
    if sniffed.pillow in ("AVIF", "HEIF"):
        metadata |= exif.kinds(_bytes(image, "exif").removeprefix(b"Exif\0\0")) | tags.xmp(_bytes(image, "xmp"))
    if sniffed.pillow == "TIFF" and _has_pages(path):
        extras += ("pages",)
    profile = _bytes(image, "icc_profile")
    depth = _bit_depth(image, structure)
    pixels = image.size[0] * image.size[1]
    alpha, colours = False, None
    doubtful = sniffed.pillow != "JPEG" or structure.cut != ""
    if doubtful and (pixels <= _DECODE_BELOW or (_may_be_clear(image) and not structure.opaque)):
        image.load()
        if still and lossless and pixels <= _COUNT_COLOURS_BELOW and image.mode in _COUNTABLE:
            colours = len(image.getcolors(_COLOURS) or ()) or None
        alpha = not structure.opaque and _any_clear(image, moves=formats.of(sniffed.mime).moves)
    return Media(
        name=name, size=path.stat().st_size, mime=sniffed.mime, kind="image" if still else "animation",
        width=image.size[0], height=image.size[1], orientation=orientation, frames=len(structure.durations),
        shortest_frame=None if still else min(structure.durations),
        duration=None if still else sum(structure.durations), alpha=alpha, mode=mode, bit_depth=depth,
        colour_space=icc.name(profile) if profile else structure.colour_space, lossless=lossless, colours=colours,
        extras=extras, metadata=in_order(metadata), trailing=structure.trailing,
    )  # fmt: skip


def _bytes(image: Image.Image, key: str) -> bytes:
    value = image.info.get(key)
    return value if isinstance(value, bytes) else b""


def _orientation(image: Image.Image) -> int:
    """As Pillow will apply it. Its readers of HEIC and AVIF have put the boxes' own turns into the EXIF, or done them.

    A broken EXIF turns nothing. A TIFF it turns by itself when it loads, and tells the turned size from the start.
    """
    if image.format == "TIFF":
        return 1
    try:
        value = image.getexif().get(0x0112, 1)
    except (OSError, *FAULTS):
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _bit_depth(image: ImageFile.ImageFile, structure: PictureStructure) -> int:
    if image.format == "TIFF":
        bits: int | tuple[int, ...] = getattr(image, "tag_v2", {}).get(258, 8)
        return max(8, bits if isinstance(bits, int) else max(bits))
    return 16 if image.mode.startswith("I;16") else 32 if image.mode in ("I", "F") else structure.bit_depth


def _has_pages(path: Path) -> bool:
    """Whether a TIFF has a second directory that is a page and not a preview."""
    with path.open("rb") as file:
        second = [entry for entry in exif.entries(file) if entry.directory == 1]
    return bool(second) and not any(entry.tag == 254 and entry.number & 1 for entry in second)


def _may_be_clear(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def _any_clear(image: ImageFile.ImageFile, *, moves: bool) -> bool:
    """Whether any pixel of any frame really is transparent. Stops at the first frame that has one.

    `moves`: its further pictures are frames, not pages, sizes or layers. A very long animation that is opaque so far,
    in a format with transparency, counts as transparent.
    """
    frames: int = getattr(image, "n_frames", 1) if moves else 1
    hidden = 1 if frames > 1 and getattr(image, "default_image", False) else 0  # an APNG's stand-in, never shown
    most = min(_FRAMES_LOOKED_AT, 1 + _PIXELS_LOOKED_AT // max(1, image.size[0] * image.size[1]))
    for number in range(hidden, frames):
        if number >= most:
            return True
        if number:
            image.seek(number)
            image.load()
        if _clear(image):
            return True
    return False


def _clear(image: Image.Image) -> bool:
    if not _may_be_clear(image):
        return False
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        lowest = image.getextrema()[-1]
        return isinstance(lowest, tuple) and lowest[0] < 255
    key = image.info["transparency"]
    if image.mode == "P":
        table = key if isinstance(key, bytes) else bytes(0 if index == key else 255 for index in range(256))
        return any(count and value < 255 for count, value in zip(image.histogram(), table, strict=False))
    if image.mode == "L" and isinstance(key, int) and key < 256:
        return image.histogram()[key] > 0
    if image.mode == "RGB" and isinstance(key, tuple) and max(key) < 256:
        lowest = image.convert("RGBA").getextrema()[-1]
        return isinstance(lowest, tuple) and lowest[0] < 255
    return True  # a key of 16 bits, which Pillow cannot compare any more


def _by_ffmpeg(path: Path, sniffed: Sniffed, name: str, structure: PictureStructure) -> Media:
    """What Pillow refuses and ffmpeg reads: sequences of HEIC and AVIF, run lengths with gaps. `demuxer` says so."""
    from mediaprep.reading import film_reader, stream_facts, timing

    demuxer = formats.of(sniffed.mime).second
    try:
        with film_reader.open_container(path, demuxer) as container:
            times = timing.timings(container)
        with film_reader.open_container(path, demuxer) as container:
            # The longest stream is the sequence, among stills, tiles and planes of transparency.
            stream = max(container.streams.video, key=lambda s: (times[s.index].packets, -s.index))
            facts = stream_facts.video_stream(stream, times[stream.index], None)
            frames = stream_facts.first_frames(container, stream.index)
    except (errors.SourceError, ValueError, IndexError) as error:
        raise errors.Damaged(f"the image is damaged and cannot be opened. {AGAIN}") from error
    if not frames:
        raise errors.Damaged(f"the image cannot be decoded. {AGAIN}")
    facts = stream_facts.with_frames(facts, frames, turned=False)
    count = times[facts.index].packets
    durations = structure.durations if len(structure.durations) == count else times[facts.index].steps
    moves = count > 1
    return Media(
        name=name, size=path.stat().st_size, mime=sniffed.mime, kind="animation" if moves else "image",
        width=facts.width, height=facts.height, frames=max(1, count),
        shortest_frame=min(durations, default=None) if moves else None,
        duration=sum(durations) if moves else None, alpha=facts.alpha, bit_depth=facts.bit_depth,
        mode="RGBA" if facts.alpha else "RGB", colour_space=structure.colour_space,
        lossless=formats.of(sniffed.mime).lossless, demuxer=demuxer, video=(facts,), extras=structure.extras,
        metadata=in_order(structure.metadata), trailing=structure.trailing,
    )  # fmt: skip
