"""MP2xx: pixels of images and animations, frame times, duration."""

from __future__ import annotations

from mediaprep.media import Media
from mediaprep.rules.base import Action, Shelf, refused
from mediaprep.rules.limits import Limits

shelf = Shelf[[Media, Limits]]()

MODES = {
    "1": "black and white (1 bit)",
    "L": "greyscale",
    "LA": "greyscale with alpha channel",
    "I": "greyscale (32 bits)",
    "I;16": "greyscale (16 bits)",
    "I;16B": "greyscale (16 bits)",
    "F": "greyscale (floating point)",
    "P": "palette",
    "PA": "palette with alpha channel",
}
"""Pillow's names of colour modes in common words; those not listed (CMYK, YCbCr, LAB) are common words already."""


def is_still(media: Media) -> bool:
    return media.kind == "image"


def is_picture(media: Media) -> bool:
    return media.kind in ("image", "animation")


@shelf.rule("MP201", "dimensions", cure=Action.ENCODE, part="picture")
def dimensions(media: Media, limits: Limits) -> str | None:
    """The image does not have the one size that is accepted. Stickers are 512 x 512 pixels.

    The image is scaled to fit and centred on transparent margins; it is cropped only with `--crop`.

    Source: WhatsApp/stickers, "Stickers must be exactly 512 x 512 pixels".
    """
    if limits.width is None or limits.height is None or media.kind in ("audio", "document"):
        return None
    if (media.width, media.height) == (limits.width, limits.height):
        return None
    return f"image size is {media.width} x {media.height} pixels; required: {limits.width} x {limits.height}"


@shelf.rule("MP202", "too-many-pixels", cure=Action.ENCODE, part="picture")
def too_large(media: Media, limits: Limits) -> str | None:
    """The longest side has more pixels than the profile accepts.

    No WhatsApp platform documents such a limit; your own profile may set it (`max_side`).

    Source: mediaprep's own, for profiles that set `max_side`.
    """
    if limits.max_side is None or media.kind in ("audio", "document"):
        return None
    side = max(media.width, media.height)
    return f"longest side too large: {side} pixels; limit: {limits.max_side}" if side > limits.max_side else None


@shelf.rule("MP203", "transparency", cure=Action.ENCODE, part="picture")
def transparency(media: Media, limits: Limits) -> str | None:
    """Some pixels are transparent, which the platform does not accept; it would show black or refuse the image.

    Transparency is replaced by a background colour: `--background`, default white.

    Source: EngageLab, "Exigences de format des messages médias": no transparent background.
    """
    if limits.alpha is not False or not media.alpha or not is_picture(media):
        return None
    return "the image has transparent pixels, which are not accepted"


@shelf.rule("MP204", "colour-mode", cure=Action.ENCODE, part="picture")
def colour_mode(media: Media, limits: Limits) -> str | None:
    """The colour mode is not one that the platform accepts: CMYK, palette, greyscale.

    Source: WhatsApp "Image messages": "Images must be 8-bit, RGB or RGBA".
    """
    if not limits.modes or not is_still(media) or media.mode in limits.modes:
        return None
    return f"colour mode is {MODES.get(media.mode, media.mode)}; accepted: {', '.join(limits.modes)}"


@shelf.rule("MP205", "bit-depth", cure=Action.ENCODE, part="picture")
def bit_depth(media: Media, limits: Limits) -> str | None:
    """The image has more bits per channel than the platform accepts. A 16-bit PNG passes the upload and fails later.

    Source: WhatsApp "Image messages": "Images must be 8-bit, RGB or RGBA".
    """
    if limits.bit_depth is None or not is_picture(media) or media.bit_depth <= limits.bit_depth:
        return None
    return f"bit depth is {media.bit_depth} bits per channel; limit: {limits.bit_depth}"


@shelf.rule("MP206", "colour-space", cure=Action.ENCODE, part="picture")
def colour_space(media: Media, limits: Limits) -> str | None:
    """The image has a colour profile other than sRGB. An app that ignores the profile shows wrong or dull colours.

    The colours are converted to sRGB, so that the image looks the same everywhere.

    Source: mediaprep's own, since no platform promises colour management; ICC.1:2022; IEC 61966-2-1 (sRGB).
    """
    if not limits.colour_space or not is_picture(media) or not media.colour_space:
        return None
    if media.colour_space in limits.colour_space:
        return None
    return f"colour space is {media.colour_space}; accepted: {', '.join(limits.colour_space)}"


@shelf.rule("MP207", "orientation", cure=Action.ENCODE, part="picture")
def not_upright(media: Media, limits: Limits) -> str | None:
    """The image is stored rotated or mirrored, and an EXIF tag tells apps how to show it upright.

    Not every app reads the tag, and it is removed together with metadata; so the pixels themselves are rotated.

    Source: mediaprep's own; EXIF 2.32, tag 0x0112; 360dialog: "Meta's image processor utilizes EXIF tags (for
    example: Orientation)".
    """
    if media.orientation == 1 or not is_picture(media):
        return None
    if not refused(limits.orientation, unless_set="*/*" not in limits.mime):
        return None
    return f"the image is stored rotated (EXIF orientation {media.orientation})"


@shelf.rule("MP208", "animation", cure=Action.ENCODE, part="picture")
def is_animated(media: Media, limits: Limits) -> str | None:
    """The file is animated, but a still image is required. Sent as an image it is refused; in a carousel the whole
    message fails.

    The first frame is used. To keep the animation use `--as gif` or `--as sticker`.

    Source: WhatsApp "Media": animated images are not an image type; field reports of error 131053.
    """
    if limits.animated is not False or not media.moves:
        return None
    return (
        f"the image is animated ({media.frames} frames); required: a still image"
        if media.frames > 1
        else "the file is animated; required: a still image"
    )


@shelf.rule("MP209", "still", cure=Action.ENCODE, part="picture")
def still(media: Media, limits: Limits) -> str | None:
    """The image has one frame, but an animation is required.

    Source: WhatsApp/stickers: "animated means frame count > 1", and a pack never mixes both.
    """
    if limits.animated is not True or media.kind != "image":
        return None
    return "the image has one frame; required: an animation"


@shelf.rule("MP210", "frame-duration", cure=Action.ENCODE, part="picture")
def frame_duration(media: Media, limits: Limits) -> str | None:
    """A frame is shown for less time than the platform accepts: 8 ms for an animated sticker.

    Source: WhatsApp/stickers: "Animated stickers must have frames with minimum duration of 8ms".
    """
    if limits.min_frame is None or media.kind != "animation" or media.shortest_frame is None:
        return None
    if media.shortest_frame >= limits.min_frame - 1e-6:
        return None
    return f"frame duration too short: {media.shortest_frame * 1000:.0f} ms; minimum: {limits.min_frame * 1000:.0f} ms"


@shelf.rule("MP211", "too-long", cure=Action.ENCODE, part="file")
def too_long(media: Media, limits: Limits) -> str | None:
    """The duration is longer than the platform accepts: 10 s for an animated sticker.

    The rest is cut off, or with `--speed-up` the sticker plays faster; the record says which.

    Source: WhatsApp/stickers: "Animation duration should be less than or equal to 10 seconds total".
    """
    if limits.max_duration is None or media.duration is None or media.duration <= limits.max_duration + 1e-6:
        return None
    return f"duration too long: {media.duration:.2f} s; limit: {limits.max_duration:g} s"
