"""A picture opened by the one reader of Pillow that its bytes call for; what it raises becomes a sentence."""

from __future__ import annotations

import errno
import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mediaprep import errors
from mediaprep.containers import exif

if TYPE_CHECKING:
    from PIL import ImageFile

MAX_PIXELS = 100_000_000
"""One picture of 8 bits; half as many of more. 48-megapixel phone photos and panoramas 17,000 pixels wide pass."""

AGAIN = "Get an undamaged copy, or export it as JPEG or PNG"

# What Pillow's readers raise on bytes that contradict themselves; MemoryError and the like go on to the worker.
FAULTS = (SyntaxError, ValueError, EOFError, struct.error, IndexError, KeyError, TypeError, OverflowError,
           ZeroDivisionError, AttributeError, AssertionError, RuntimeError)  # fmt: skip


@contextmanager
def as_our_errors(cut: str) -> Iterator[None]:
    """Turns what Pillow raises into our errors. `cut`: what our own reading found missing."""
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own caps are checked first; Pillow's is a warning at 89 megapixels
            yield
    except Image.DecompressionBombError as error:
        pixels = re.search(r"\d+", str(error))
        count = f"{int(pixels[0]):,} pixels" if pixels else "too many pixels"
        raise errors.TooMuch(
            f"the image is too large: {count}; limit: {MAX_PIXELS // 1_000_000} megapixels. Save it smaller"
        ) from error
    except (OSError, *FAULTS) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # EINVAL: before the file's start
            raise
        if _UNSUPPORTED.search(str(error)):
            raise errors.UnknownType(
                f"this variant of the format is not supported: {error}. Export it as JPEG or PNG"
            ) from error
        if cut or "truncated" in str(error):
            missing = cut or "its data end too early"
            raise errors.Incomplete(f"the image is truncated: {missing}. {AGAIN}") from error
        raise errors.Damaged(f"the image is damaged and cannot be opened. {AGAIN}") from error


_UNSUPPORTED = re.compile(r"(?i)unsupported|not supported|unknown (pixel|pcx|tga) mode|unknown data organization")
"""What Pillow's readers say about variants that they do not read, and about bytes that name none."""


def open_picture(path: Path, pillow: str) -> ImageFile.ImageFile:
    """Pillow's picture. Raises what the format's own reader raises: `Image.open` would hide the reason."""
    from PIL import Image, UnidentifiedImageError

    if pillow == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    try:
        return Image.open(path, formats=[pillow])
    except UnidentifiedImageError as hidden:
        reader = Image.OPEN.get(pillow)
        if reader is None:
            raise
        try:
            with path.open("rb") as file:
                reader[0](file, "")
        except SyntaxError as reason:
            missing = reason.__cause__.args[0] if isinstance(reason.__cause__, KeyError) else None
            if pillow == "TIFF" and missing is not None and missing == _coding(path):
                raise SyntaxError(f"unsupported compression {missing}") from reason
            raise
        raise hidden


_COMPRESSION = 259


def _coding(path: Path) -> int | None:
    """The number of a TIFF's compression."""
    with path.open("rb") as file:
        return next((entry.number for entry in exif.entries(file) if entry.tag == _COMPRESSION), None)
