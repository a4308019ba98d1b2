"""MP2xx: size and pixels."""

from __future__ import annotations

from mediaprep.media import Media
from mediaprep.rules.base import Action, Shelf, refused
from mediaprep.rules.limits import Limits

shelf = Shelf[[Media, Limits]]()

MODES = {
    "1": "black and white",
    "L": "grey",
    "LA": "grey with transparency",
    "I": "grey of 32 bits",
    "I;16": "grey of 16 bits",
    "I;16B": "grey of 16 bits",
    "F": "grey in floating point",
    "P": "a palette",
    "PA": "a palette with transparency",
}
"""What Pillow's names of modes mean to people; those that are not here (CMYK, YCbCr, LAB) speak for themselves."""


def is_still(media: Media) -> bool:
    return media.kind == "image"


def is_picture(media: Media) -> bool:
    return media.kind in ("image", "animation")


@shelf.rule("MP201", "dimensions", cure=Action.ENCODE, part="picture")
def dimensions(media: Media, limits: Limits) -> str | None:
    """The picture must have exactly one size, and has another. Stickers are 512 x 512 pixels.

    The art is fitted into that size and centred on transparency; nothing is cropped unless asked.

    Source: WhatsApp/stickers, "Stickers must be exactly 512 x 512 pixels".
    """
    if limits.width is None or limits.height is None or media.kind in ("audio", "document"):
        return None
    if (media.width, media.height) == (limits.width, limits.height):
        return None
    return f"the picture has {media.width} x {media.height} pixels, not {limits.width} x {limits.height}"


@shelf.rule("MP202", "too-many-pixels", cure=Action.ENCODE, part="picture")
def too_large(media: Media, limits: Limits) -> str | None:
    """The longest side has more pixels than the profile allows.

    No WhatsApp platform states such a bound; a profile of your own may (`max_side`).

    Source: mediaprep's own, for profiles that set `max_side`.
    """
    if limits.max_side is None or media.kind in ("audio", "document"):
        return None
    side = max(media.width, media.height)
    return (
        f"the longest side has {side} pixels; at most {limits.max_side} are taken" if side > limits.max_side else None
    )


@shelf.rule("MP203", "transparency", cure=Action.ENCODE, part="picture")
def transparency(media: Media, limits: Limits) -> str | None:
    """Some pixels are transparent, and the platform does not take that; it would show black, or refuse.

    The picture is flattened onto a colour of your choice, white by default.

    Source: EngageLab, "Exigences de format des messages médias": no transparent background.
    """
    if limits.alpha is not False or not media.alpha or not is_picture(media):
        return None
    return "the picture has transparent parts"


@shelf.rule("MP204", "colour-mode", cure=Action.ENCODE, part="picture")
def colour_mode(media: Media, limits: Limits) -> str | None:
    """The pixels are not stored as the platform wants them: CMYK, palette, grey.

    Source: WhatsApp "Image messages": "Images must be 8-bit, RGB or RGBA".
    """
    if not limits.modes or not is_still(media) or media.mode in limits.modes:
        return None
    return f"the pixels are stored as {MODES.get(media.mode, media.mode)}; taken are {', '.join(limits.modes)}"


@shelf.rule("MP205", "bit-depth", cure=Action.ENCODE, part="picture")
def bit_depth(media: Media, limits: Limits) -> str | None:
    """The picture has more bits a channel than the platform takes. A 16-bit PNG passes the upload and fails later.

    Source: WhatsApp "Image messages": "Images must be 8-bit, RGB or RGBA".
    """
    if limits.bit_depth is None or not is_picture(media) or media.bit_depth <= limits.bit_depth:
        return None
    return f"the picture has {media.bit_depth} bits a channel; at most {limits.bit_depth} are taken"


@shelf.rule("MP206", "colour-space", cure=Action.ENCODE, part="picture")
def colour_space(media: Media, limits: Limits) -> str | None:
    """The colours are told in a profile other than sRGB. An app that ignores the profile shows them dull or wrong.

    The colours are converted to sRGB, so the picture keeps its look everywhere.

    Source: mediaprep's own, since no platform promises colour management; ICC.1:2022; IEC 61966-2-1 (sRGB).
    """
    if not limits.colour_space or not is_picture(media) or not media.colour_space:
        return None
    if media.colour_space in limits.colour_space:
        return None
    return f"the colours are {media.colour_space}, not {' or '.join(limits.colour_space)}"


@shelf.rule("MP207", "orientation", cure=Action.ENCODE, part="picture")
def orientation(media: Media, limits: Limits) -> str | None:
    """The picture is stored turned or mirrored, and only a tag says how to see it upright.

    Not every app reads the tag, and it goes when metadata goes; so the pixels themselves are turned.

    Source: mediaprep's own; EXIF 2.32, tag 0x0112; 360dialog: "Meta's image processor utilizes EXIF tags (for
    example: Orientation)".
    """
    if media.orientation == 1 or not is_picture(media):
        return None
    if not refused(limits.orientation, unless_set="*/*" not in limits.mime):
        return None
    return f"the picture is stored turned (EXIF orientation {media.orientation})"


@shelf.rule("MP208", "animation", cure=Action.ENCODE, part="picture")
def animation(media: Media, limits: Limits) -> str | None:
    """The picture moves where a still one is wanted. Sent as an image it is refused or takes a whole carousel down.

    The first frame is taken. To keep the motion ask for `--as gif`, or `--as sticker`.

    Source: WhatsApp "Media": animated pictures are no image type; field reports of error 131053.
    """
    if limits.animated is not False or not media.moves:
        return None
    return (
        f"the picture moves ({media.frames} frames); a still one is wanted" if media.frames > 1 else "a still is wanted"
    )


@shelf.rule("MP209", "still", cure=Action.ENCODE, part="picture")
def still(media: Media, limits: Limits) -> str | None:
    """The picture has one frame where a moving one is wanted.

    Source: WhatsApp/stickers: "animated means frame count > 1", and a pack never mixes both.
    """
    if limits.animated is not True or media.kind != "image":
        return None
    return "the picture has one frame; a moving one is wanted"


@shelf.rule("MP210", "frame-duration", cure=Action.ENCODE, part="picture")
def frame_duration(media: Media, limits: Limits) -> str | None:
    """A frame is shown for less time than the platform takes: 8 ms for an animated sticker.

    Source: WhatsApp/stickers: "Animated stickers must have frames with minimum duration of 8ms".
    """
    if limits.min_frame is None or media.kind != "animation" or media.shortest_frame is None:
        return None
    if media.shortest_frame >= limits.min_frame - 1e-6:
        return None
    return (
        f"a frame is shown for {media.shortest_frame * 1000:.0f} ms; at least {limits.min_frame * 1000:.0f} are needed"
    )


@shelf.rule("MP211", "too-long", cure=Action.ENCODE, part="file")
def too_long(media: Media, limits: Limits) -> str | None:
    """The media plays longer than the platform takes: 10 s for an animated sticker.

    What is over is cut off, or the sticker is sped up if asked (`--speed-up`); the record says which.

    Source: WhatsApp/stickers: "Animation duration should be less than or equal to 10 seconds total".
    """
    if limits.max_duration is None or media.duration is None or media.duration <= limits.max_duration + 1e-6:
        return None
    return f"the media plays {media.duration:.2f} s; at most {limits.max_duration:g} s are taken"
