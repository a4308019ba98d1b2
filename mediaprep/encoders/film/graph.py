"""What ffmpeg is called with to make a film: the filter chains and the settings of the encoders. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from mediaprep.encoders import sound as sounds
from mediaprep.encoders.film import TIMESCALE, AudioSettings, FilmRecipe, VideoSettings, frames_a_second, natural, peak
from mediaprep.encoders.sound import Settings
from mediaprep.media import AudioStream, Media, VideoStream

if TYPE_CHECKING:
    from mediaprep.running.tools import Node

PRESET = "faster"
"""Without B-frames x264's "faster" gives the same VMAF for the same bytes as "medium" (within 0.4) for two thirds of
the time; "veryfast" loses 1 to 3 points."""

KEYFRAME_SECONDS = 10
"""The longest way to a key frame; a change of scene starts with one anyway."""

WHITE = 203
"""cd/m² of white paper in a film of high dynamic range (ITU-R BT.2408)."""

_WIDE = {"bt2020": "bt2020nc", "smpte431": "bt709", "smpte432": "bt709"}
_TRANSFER = {"pq": "smpte2084", "hlg": "arib-std-b67"}
_RGB = ("rgb", "bgr", "gbr", "argb", "abgr", "0rgb", "0bgr", "pal8", "bgra")
_X264_PROFILE = {"Main": "main", "High": "high", "Constrained Baseline": "baseline"}
# Only libvpx's decoders see the second layer that carries the transparency of a WebM.
_ALPHA_DECODER = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
_BARE: Settings = {"map_metadata": -1, "map_chapters": -1, "fflags": "+bitexact"}


def film_arguments(
    recipe: FilmRecipe, media: Media, background: str, output: str, *, name: str = "input", part: int = 0
) -> list[str]:
    """The whole film, copied or encoded. `part`: 1 and 2 are the passes of an encode by bit rate."""
    import ffmpeg

    from mediaprep.running import tools

    video, sound = media.main_video, media.main_audio
    assert video is not None, "no recipe is made for what has no picture"
    source = tools.source(media, name, **_reading(recipe, video))
    settings = dict(_BARE)
    streams = [source[str(video.index)]]
    if recipe.picture is None:
        settings |= {"c:v": "copy"} | _cleaned(media, video)
    else:
        streams = [pictured(streams[0], video, recipe.picture, background, alone=recipe.sound == "none")]
        settings |= picture_settings(recipe.picture, video, part)
    if part == 1:
        return tools.arguments(ffmpeg.output(*streams, "-", **settings, f="null"))
    if recipe.sound != "none":
        assert sound is not None, "no recipe keeps a sound that is not there"
        track = source[str(sound.index)]
        if recipe.sound == "copy":
            streams.append(track)
            settings["c:a"] = "copy"
        else:
            streams.append(heard(track, media, sound, recipe.sound))
            settings |= sound_settings(recipe.sound)
    if recipe.end is not None:
        settings["t"] = f"{recipe.end:.3f}"
    return tools.arguments(ffmpeg.output(*streams, output, **settings, f="mp4", movflags="+faststart"))


def sample_arguments(
    picture: VideoSettings, media: Media, background: str, output: str, *, name: str, start: float, frames: int
) -> list[str]:
    """Some frames from the key frame at or before `start` seconds on, without sound."""
    import ffmpeg

    from mediaprep.running import tools

    video = media.main_video
    assert video is not None, "no recipe is made for what has no picture"
    reading = _reading(FilmRecipe(picture=picture), video) | {"ss": f"{start:.3f}", "noaccurate_seek": None}
    node = pictured(tools.source(media, name, **reading)[str(video.index)], video, picture, background, alone=True)
    settings = picture_settings(picture, video, 0) | {"frames:v": frames}
    return tools.arguments(ffmpeg.output(node, output, **_BARE, **settings, f="mp4"))


def pictured(node: Node, video: VideoStream, picture: VideoSettings, background: str, *, alone: bool) -> Node:
    """The filter chain of the picture: progressive, opaque, of the ordinary range, and of the wanted size and rate.

    ffmpeg itself turns and mirrors what the container says should be, before the first filter.
    """
    if video.interlaced:
        node = node.filter("bwdif", mode="send_frame")
    if alone:
        node = node.filter("setpts", "PTS-STARTPTS")
    if picture.fps is not None:
        # Thinned out by time, so that what is kept keeps its own; the third is a margin for rounded times.
        slot = f"floor({{}}*{picture.fps:g}+0.3)"
        later = f"gt({slot.format('t')},{slot.format('prev_selected_t')})"
        node = node.filter("select", f"isnan(prev_selected_t)+{later}")
    if video.alpha:
        layers = node.filter_multi_output("split")
        paper = layers[0].filter("drawbox", color=background, t="fill", replace=1)
        node = paper.overlay(layers[1], format="auto")
    return _fitted(node, video, picture)


def _fitted(node: Node, video: VideoStream, picture: VideoSettings) -> Node:
    """Cropped by a rest of one, or scaled; centred where the canvas has another aspect; 8-bit BT.709 or as tagged."""
    width, height = natural(video)
    turned = video.rotation in (90, 270)
    stored = (video.height, video.width) if turned else (video.width, video.height)
    scale = min(picture.width / width, picture.height / height)
    same = (width - picture.width, height - picture.height) in ((0, 0), (0, 1), (1, 0), (1, 1)) and (
        stored == (width, height)
    )
    if same:
        art = picture.width, picture.height
        if stored != art:
            node = node.filter("crop", *art, 0, 0, exact=1)
    else:
        art = _near(width * scale, picture.width), _near(height * scale, picture.height)
    node = _graded(node, video, art)
    node = node.filter("format", "yuv420p").filter("setsar", 1)
    if art != (picture.width, picture.height):
        node = node.filter("pad", picture.width, picture.height, "(ow-iw)/2", "(oh-ih)/2", color="black")
    return node


def _near(side: float, canvas: int) -> int:
    """An even side of the art; the canvas's own where the difference cannot be seen."""
    even = max(2, 2 * round(side / 2))
    return canvas if abs(canvas - even) <= 2 else even


def _graded(node: Node, video: VideoStream, art: tuple[int, int]) -> Node:
    """Scaled to the size of the art, in colours that ordinary players show rightly.

    Colours are converted only where they are not what an untold or ordinary player assumes; a BT.601 film stays one.
    What is told nowhere is told now, since players guess by the height, and that may change.
    """
    rgb = video.pixel_format.startswith(_RGB)
    if video.hdr or video.primaries in _WIDE:
        told = {"color_trc": _TRANSFER.get(video.hdr, "bt709"), "color_primaries": video.primaries or "bt2020"}
        if not rgb:
            told["colorspace"] = _WIDE.get(video.primaries, "bt2020nc")
        if video.width % 2 or video.height % 2:
            node = node.filter("crop", "iw-mod(iw,2)", "ih-mod(ih,2)", 0, 0)
        node = node.filter("setparams", **told)
        node = node.filter("zscale", *art, filter="lanczos", transfer="linear", npl=WHITE)
        node = node.filter("format", "gbrpf32le").filter("zscale", primaries="bt709")
        if video.hdr:
            node = node.filter("tonemap", "mobius", desat=0)
        return node.filter("zscale", transfer="bt709", matrix="bt709", range="tv")
    matrix = {"out_color_matrix": "bt709"} if rgb else {}
    node = node.filter("scale", *art, flags="lanczos+accurate_rnd", out_range="tv", **matrix)
    if rgb or not video.primaries:
        wide = rgb or max(video.width, video.height) >= 1280 or min(video.width, video.height) >= 720
        name = "bt709" if wide else "smpte170m"
        node = node.filter("setparams", colorspace=name, color_primaries=name, color_trc=name)
    return node


def picture_settings(picture: VideoSettings, video: VideoStream, part: int) -> Settings:
    """x264's: constant quality under a peak, or the mean bit rate of one pass of two."""
    fps = min(picture.fps or frames_a_second(video), frames_a_second(video))
    settings: Settings = {
        "c:v": "libx264",
        "preset": PRESET,
        "profile:v": _X264_PROFILE[picture.profile],
        "bf": 0,
        "g": max(1, round(KEYFRAME_SECONDS * fps)),
        "a53cc": 0,
        "fps_mode": "vfr",
        "enc_time_base:v": f"1/{TIMESCALE}",
        "video_track_timescale": TIMESCALE,
    }
    if picture.bit_rate is not None:
        settings |= {"b:v": picture.bit_rate, "pass": part or 2, "passlogfile": "passes"}
        return settings
    assert picture.crf is not None, "a picture has a quality or a bit rate"
    most = peak(picture, video)
    return settings | {"crf": picture.crf, "maxrate": most, "bufsize": most}


def heard(node: Node, media: Media, stream: AudioStream, sound: AudioSettings) -> Node:
    """The filter chain of the sound: in step with the picture from 0 s on, and mixed down."""
    node = node.filter("aresample", **{"async": 1, "first_pts": 0})
    # Without a demuxer named, `mixed` leaves the clock alone: it would let the sound start at 0 s by itself.
    return sounds.mixed(node, replace(media, demuxer=""), stream, sound.channels)


def sound_settings(sound: AudioSettings) -> Settings:
    return {
        "c:a": "aac", "b:a": sound.bit_rate, "ac": sound.channels, "ar": sound.sample_rate, "flags:a": "+bitexact",
    }  # fmt: skip


def _reading(recipe: FilmRecipe, video: VideoStream) -> Settings:
    """How the source is to be read."""
    decoder = _ALPHA_DECODER.get(video.codec) if video.alpha and recipe.picture is not None else None
    return {f"c:{video.index}": decoder} if decoder else {}


def _cleaned(media: Media, video: VideoStream) -> Settings:
    """What a copied picture has to pass through.

    User data inside H.264 goes; only where there is some, as seeking may need its neighbours. AVI tells only the order
    of decoding; ffmpeg guesses when to show, and is two frames late where there are no B-frames.
    """
    filters = ["filter_units=remove_types=6"] if video.codec == "h264" and "text" in media.metadata else []
    filters += ["setts=pts=DTS"] if media.demuxer == "avi" and not video.b_frames else []
    return {"bsf:v": ",".join(filters)} if filters else {}
