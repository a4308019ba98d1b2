"""Still pictures: opened as the one format they are, and made what every screen shows alike.

Pillow spends four bytes on each pixel of a colour picture, so 48 megapixels are 192 MB: one copy, wherever possible.
"""

from __future__ import annotations

import math
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Literal

from mediaprep import formats
from mediaprep.encoders.picture import colour
from mediaprep.errors import Damaged, Incomplete, TooMuch
from mediaprep.formats import suffix_for
from mediaprep.media import Media
from mediaprep.rules import Limits

if TYPE_CHECKING:
    from PIL.Image import Image, Transpose

MAX_PAGES = 500

_SUBFILE, _BITS = 254, 258
"""Tags of TIFF 6.0: the kind of a page (bit 0: a smaller version of another), and the bits of a sample."""

_ONE_COPY = 30_000_000
"""Pixels from which on a picture is turned band by band: slower, and never twice in memory."""

_UNDECODABLE = (
    ArithmeticError, EOFError, LookupError, OSError, RuntimeError, SyntaxError, TypeError, ValueError,
    struct.error, zlib.error,
)  # fmt: skip
"""What Pillow's readers raise on bytes that contradict themselves."""


def open_still(path: Path, media: Media, *, largest: int | None = None, page: int = 0) -> Image:
    """The decoded first frame (or that page of a TIFF), turned as stored; `largest`: the longest side that is wanted.

    A JPEG is then decoded at the smallest of 1, 1/2, 1/4 and 1/8 that is not below. Colours named by code points
    appear as an ICC profile. Raises `Damaged`, `Incomplete` and `TooMuch`.
    """
    with _as_our_errors(), _opened(path, media) as image:
        if page:
            image.seek(page)
        if largest is not None and (longest := max(image.size)) > largest:
            scale = largest / longest
            image.draft(image.mode, (max(1, int(image.width * scale)), max(1, int(image.height * scale))))
        image.load()
        if media.mime in ("image/avif", "image/heic") and not image.info.get("icc_profile"):
            named = colour.code_points(path)
            if named is not None and (profile := colour.profile_of(*named)) is not None:
                image.info["icc_profile"] = profile
    return image


def pages_of(path: Path, media: Media) -> Iterator[Image]:
    """Every page of a TIFF as `open_still` gives it, without the smaller versions that some carry. Raises the same."""
    with _as_our_errors(), _opened(path, media) as image:
        count: int = getattr(image, "n_frames", 1)
        if count > MAX_PAGES:
            raise TooMuch(f"the file has {count} pages; limit: {MAX_PAGES}; split it")
        numbers = [number for number in range(count) if not _is_smaller_version(image, number)]
    for number in numbers:
        yield open_still(path, media, page=number)


def _is_smaller_version(image: Image, number: int) -> bool:
    image.seek(number)
    return bool(getattr(image, "tag_v2", {}).get(_SUBFILE, 0) & 1)


def normalise(
    image: Image, media: Media, *, mode: Literal["RGB", "RGBA"] = "RGB", background: str = "#FFFFFF"
) -> Image:
    """The picture upright, in sRGB, 8 bits a channel, in `mode`, with nothing in `.info`.

    The given picture is used up: its memory may be the result's. Only an animation's frame is left as it is.
    `background`: the background colour for `RGB`.
    """
    icc = image.info.get("icc_profile")
    clear = image.has_transparency_data and (mode == "RGBA" or media.alpha)
    with _as_our_errors():
        pixels = upright(_eight_bits(image), _turn_left(image, media))
        if clear and "A" not in pixels.mode:
            pixels = pixels.convert("RGBA")
        if isinstance(icc, bytes) and media.colour_space != "sRGB":
            pixels = colour.to_srgb(_own(pixels, image, media), icc)
        if clear and mode == "RGB":
            pixels = _flattened(pixels, background)
        elif pixels.mode != mode:
            pixels = pixels.convert(mode)
    pixels = _own(pixels, image, media)
    pixels.info = {}
    return pixels


def upright(image: Image, orientation: int) -> Image:
    """The picture turned as EXIF orientation 1 to 8 asks. Above 30 megapixels the given one is used up."""
    from PIL.Image import Transpose

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    if orientation not in turns:
        return image
    if len(image.getbands()) == 1 or image.width * image.height < _ONE_COPY:
        return image.transpose(turns[orientation])
    return _turned_by_band(image, turns[orientation])


def _turned_by_band(image: Image, turn: Transpose) -> Image:
    from PIL.Image import merge

    mode, info, bands = image.mode, image.info, list(image.split())
    image.close()
    for number in range(len(bands)):
        bands[number] = bands[number].transpose(turn)
    turned = merge(mode, bands)
    turned.info = info
    return turned


def fitted(size: tuple[int, int], longest: int) -> tuple[int, int]:
    """The size scaled down so that its longest side is at most `longest`; no side becomes 0."""
    scale = longest / max(size)
    return size if scale >= 1 else (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))


def resized(image: Image, size: tuple[int, int]) -> Image:
    """The picture at another size, sharp and without moiré; itself where it has that size."""
    from PIL.Image import Resampling, new

    if image.size == size:
        return image
    if image.width * image.height < _ONE_COPY:
        return image.resize(size, Resampling.LANCZOS, reducing_gap=3.0)
    made, step = new(image.mode, size), image.height / size[1]
    for top in range(0, size[1], 256):
        bottom = min(size[1], top + 256)
        box = (0, top * step, image.width, min(image.height, bottom * step))
        made.paste(image.resize((size[0], bottom - top), Resampling.LANCZOS, box, reducing_gap=3.0), (0, top))
    return made


def shaped(image: Image, size: tuple[int, int], limits: Limits, background: str) -> Image:
    """The picture at another size; where the limits name an exact one, fitted into it whole and centred."""
    if limits.width is None or limits.height is None or image.size == size:
        return resized(image, size)
    from PIL.ImageOps import pad

    return pad(image, size, color=background)


def stands_still(media: Media, limits: Limits, mime: str) -> bool:
    """Whether one picture can be taken out of the file, and one of that type is what the limits want. Pure.

    Made are 8 bits a channel and, where an exact size is wanted, that size; which must not contradict `max_side`.
    """
    exact = max(limits.width, limits.height) if limits.width is not None and limits.height is not None else 1
    possible = exact <= (limits.max_side or exact) and (limits.bit_depth or 8) >= 8
    wanted = limits.accepts(mime) and limits.animated is not True and not limits.of_sound and possible
    return wanted and media.kind in ("image", "animation") and min(media.upright) > 0


def losses(media: Media, limits: Limits, background: str | None) -> tuple[str, ...]:
    """What a viewer misses in one picture made of the file; `background`: None where transparency is kept. Pure."""
    said = []
    if media.frames > 1:
        said.append(f"only the first of {media.frames} frames is kept")
    if "pages" in media.extras:
        said.append("only the first page is kept")
    if media.audio:
        said.append("audio removed")
    if media.alpha and background is not None:
        said.append(flattening(background))
    return tuple(said)


def flattening(background: str) -> str:
    """What is said where transparency goes. Pure."""
    return f"transparent areas filled with the background colour {background}"


def foreseen(media: Media, size: tuple[int, int], quality: int) -> int:
    """The bytes that libjpeg makes of the picture, from its own: a picture keeps no more than it holds, and takes no
    more than a detailed photograph. Pure."""
    pixels, held = size[0] * size[1], media.size - media.trailing
    most = _DETAILED * math.pow((100 - quality) / 5, -0.6)
    own = media.width * media.height * max(1, media.frames)
    if not own:
        return round(pixels * most / 8)
    bits = 8 * held / own * next((share for mime, share in _HOLDS.items() if mime == media.mime), _PLAINLY_HOLDS)
    grown = math.pow(pixels / own, -0.15) if pixels < own else 1.0
    return round(pixels * min(most, bits * grown) / 8)


_DETAILED = 3.5
"""bit a pixel of a detailed photograph at quality 95."""

_HOLDS = {
    "image/jpeg": 1.0, "image/webp": 2.0, "image/heic": 2.5, "image/avif": 3.0, "image/jp2": 1.3,
    "image/png": 0.2, "image/gif": 0.6,
}  # fmt: skip
_PLAINLY_HOLDS = 0.08
"""Bits of JPEG for one bit of the source: more for codecs that do more with one, least for plain pixels."""


def named(media: Media, mime: str) -> str:
    """The name of an output of that type: the source's, with the suffix that belongs to it. Pure."""
    return PurePath(media.name).stem + suffix_for(mime)


def _opened(path: Path, media: Media) -> Image:
    from PIL import Image, UnidentifiedImageError

    row = formats.of(media.mime)
    if not row.pillow:
        raise Damaged(f"{media.mime} cannot be opened as an image; export it as JPEG or PNG")
    if media.mime == "image/heic":
        from pillow_heif import register_heif_opener

        register_heif_opener(thumbnails=False)
    if media.demuxer:  # the reader has found that Pillow refuses it
        return _opened_by_av(path, media.demuxer)
    try:
        return Image.open(path, formats=[row.pillow])
    except UnidentifiedImageError:
        if not row.second:
            raise
    return _opened_by_av(path, row.second)


def _opened_by_av(path: Path, demuxer: str) -> Image:
    """What neither libavif's nor libheif's front end opens: sequences, with a second, grey stream as their alpha."""
    import av

    from mediaprep.running import allowlists

    options = allowlists.input_options(demuxer)
    kind = options.pop("f")

    def first_frame(index: int) -> Image:
        with av.open(str(path), format=kind, container_options=options) as container:
            frame: Image = next(container.decode(container.streams[index])).to_image()  # type: ignore[union-attr]
            return frame

    with av.open(str(path), format=kind, container_options=options) as container:
        streams = [(one.index, _is_grey(one.codec_context.pix_fmt)) for one in container.streams.video]
    image = first_frame(next((index for index, grey in streams if not grey), streams[0][0]))
    if len({grey for _, grey in streams}) == 2:
        mask = next(index for index, grey in streams if grey)
        image.putalpha(first_frame(mask).convert("L").resize(image.size))
    return image


def _is_grey(pixel_format: str | None) -> bool:
    return (pixel_format or "").startswith("gray")


def _turn_left(image: Image, media: Media) -> int:
    """The orientation that is still to be applied: Pillow turns a TIFF while it loads it."""
    return 1 if image.format == "TIFF" else media.orientation


def _own(pixels: Image, source: Image, media: Media) -> Image:
    """A picture that may be written to: a copy where it is itself the frame that an animation's next one builds on."""
    return pixels.copy() if pixels is source and media.moves else pixels


def _eight_bits(image: Image) -> Image:
    """Deep grey as `L` (`LA` where one grey is transparent), scaled as a whole; other modes as they are.

    Pillow already gives 16-bit colour as 8 bits, and would clip deep grey to white.
    """
    if image.mode.startswith("I;16"):
        deep, top = image.convert("I"), _top(image)
        eight = deep.point([min(255, value * 255 // top) for value in range(65536)], "L")
        key = image.info.get("transparency")
        if isinstance(key, int):
            eight.putalpha(deep.point([0 if value == key else 255 for value in range(65536)], "L"))
        return _with_profile(eight, image)
    if image.mode not in ("I", "F"):
        return image
    lowest, highest = (float(bound) for bound in image.getextrema())  # type: ignore[arg-type]
    whites = (255.0, 65535.0) if image.mode == "I" else (1.0, 255.0, 65535.0)
    low, high = next(((0.0, white) for white in whites if lowest >= 0 and highest <= white), (lowest, highest))
    scale = 255 / ((high - low) or 1)
    return _with_profile(image.convert("F").point(lambda value: value * scale - low * scale).convert("L"), image)


def _with_profile(made: Image, source: Image) -> Image:
    made.info = {key: value for key, value in source.info.items() if key == "icc_profile"}
    return made


def _top(image: Image) -> int:
    """The value of white in a deep grey picture: 4095 for the 12 bits of a scanner's TIFF."""
    bits = getattr(image, "tag_v2", {}).get(_BITS, (16,))
    return int((1 << max(8, min(16, int(bits[0])))) - 1)


def _flattened(image: Image, background: str) -> Image:
    from PIL.Image import new

    flat = new("RGB", image.size, background)
    flat.paste(image, mask=image.getchannel("A"))
    return flat


@contextmanager
def _as_our_errors() -> Iterator[None]:
    """Decoders' complaints as one sentence; their warnings, which are about metadata, not at all."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Image.DecompressionBombError:
        raise TooMuch("the image has too many pixels; make it smaller") from None
    except MemoryError:
        raise TooMuch("the image needs more memory than is available; make it smaller") from None
    except _UNDECODABLE as error:
        if "truncated" in str(error):
            raise Incomplete("the image is truncated; get it again from its source") from error
        raise Damaged(f"the image cannot be decoded ({error}); export it again as JPEG or PNG") from error
