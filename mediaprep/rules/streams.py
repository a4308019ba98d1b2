"""MP3xx: containers, video streams and audio streams."""

from __future__ import annotations

from mediaprep.media import Media, VideoStream
from mediaprep.rules.base import Action, Shelf, refused, title
from mediaprep.rules.limits import Limits

shelf = Shelf[[Media, Limits]]()

HIGH = ("High", "Progressive High", "Constrained High")


def film_stream(media: Media, limits: Limits) -> VideoStream | None:
    """The main video stream, if the limits are for video."""
    return media.main_video if limits.video_codec else None


def faulty(media: Media, limits: Limits, accepted: bool | None) -> VideoStream | None:
    """The main video stream, if its fault counts: by the key of the fault, else if a video is required."""
    return media.main_video if refused(accepted, unless_set=limits.of_film) else None


@shelf.rule("MP301", "video-codec", cure=Action.ENCODE, part="video")
def video_codec(media: Media, limits: Limits) -> str | None:
    """The platform, or phones that receive the video, cannot play its video codec.

    Source: WhatsApp "Supported video formats": "Only H.264 video codec and AAC audio codec supported".
    """
    video = film_stream(media, limits)
    if video is None or video.codec in limits.video_codec:
        return None
    return f"video codec is {video.codec}; accepted: {', '.join(limits.video_codec)}"


@shelf.rule("MP302", "video-missing", cure=Action.REJECT, part="video")
def video_missing(media: Media, limits: Limits) -> str | None:
    """A video is required, but the file has no video stream. Use `--as audio` or `--as voice` instead.

    Source: mediaprep's own; a video message without a video stream cannot be shown.
    """
    if not limits.video_codec or media.main_video is not None or media.kind in ("image", "animation"):
        return None
    return "no video stream in this file" + ("; use --as audio or --as voice" if media.audio else "")


@shelf.rule("MP303", "video-profile", cure=Action.ENCODE, part="video")
def video_profile(media: Media, limits: Limits) -> str | None:
    """The H.264 profile is not supported by the decoders of phones: High 10, High 4:2:2, High 4:4:4 Predictive,
    Extended.

    Source: mediaprep's own; ITU-T H.264, Annex A; Android CDD 5.3.4 requires Baseline and Main.
    """
    video = film_stream(media, limits)
    if video is None or not limits.video_profiles or video.codec not in limits.video_codec:
        return None
    if not video.profile or video.profile in limits.video_profiles:
        return None
    return f"H.264 profile is {video.profile}; accepted: {', '.join(limits.video_profiles)}"


@shelf.rule("MP304", "high-profile-b-frames", cure=Action.ENCODE, part="video")
def high_profile_b_frames(media: Media, limits: Limits) -> str | None:
    """H.264 High profile together with B-frames, which Android WhatsApp clients do not play.

    Source: WhatsApp "Supported video formats": "videos encoded with the H.264 'High' profile and B-frames are not
    supported by Android WhatsApp clients".
    """
    video = film_stream(media, limits)
    if video is None or limits.high_b_frames is not False or video.codec != "h264":
        return None
    return (
        "H.264 High profile with B-frames does not play on Android"
        if video.b_frames and video.profile in HIGH
        else None
    )


@shelf.rule("MP305", "unadvised-profile", cure=Action.PASS, part="video", level="warning")
def unadvised_profile(media: Media, limits: Limits) -> str | None:
    """The platform plays this H.264 profile, or these B-frames, but does not recommend them.

    mediaprep makes Main profile without B-frames; it does not re-encode a video that plays, to keep its quality.

    Source: WhatsApp "Supported video formats": "We recommend that you use H.264 'Main' profile without B-frames, or
    the H.264 'Baseline' profile".
    """
    video = film_stream(media, limits)
    if video is None or not limits.advised_profiles or video.codec != "h264":
        return None
    if high_profile_b_frames(media, limits) or video_profile(media, limits):
        return None
    if video.profile and video.profile not in limits.advised_profiles:
        return f"H.264 profile is {video.profile}; recommended: {', '.join(limits.advised_profiles)}"
    return "the video has B-frames; recommended: none" if video.b_frames else None


@shelf.rule("MP306", "pixel-format", cure=Action.ENCODE, part="video")
def pixel_format(media: Media, limits: Limits) -> str | None:
    """The pixel format is not supported by the hardware decoders of phones: 10 bits, 4:2:2, 4:4:4, RGB.

    Source: mediaprep's own; Android CDD 5.3.4 and Apple's media specifications: 8-bit 4:2:0.
    """
    video = film_stream(media, limits)
    if video is None or not limits.pixel_formats or not video.pixel_format:
        return None
    return (
        None
        if video.pixel_format in limits.pixel_formats
        else f"pixel format is {video.pixel_format}; required: 8-bit 4:2:0"
    )


@shelf.rule("MP307", "odd-sides", cure=Action.ENCODE, part="video")
def odd_sides(media: Media, limits: Limits) -> str | None:
    """Width or height is an odd number of pixels, which 4:2:0 video does not support; some decoders show a green edge.

    One row or column is cut off, because scaling would blur the whole image.

    Source: mediaprep's own; ITU-T H.264, 7.4.2.1.1 (cropping counts in chroma samples).
    """
    video = faulty(media, limits, limits.odd_sides)
    if video is None or (video.width % 2 == 0 and video.height % 2 == 0):
        return None
    return f"video size is {video.width} x {video.height} pixels; width and height must be even"


@shelf.rule("MP308", "rotation", cure=Action.PASS, part="video", level="warning")
def rotation(media: Media, limits: Limits) -> str | None:
    """The video is stored rotated, and the container tells players how to rotate it back, as phones do. Players do.

    A video that is encoded for another reason gets its pixels rotated.

    Source: mediaprep's own; ISO/IEC 14496-12, 8.3.2 (track header matrix).
    """
    video = faulty(media, limits, limits.rotation)
    if video is None or not video.rotation or video.mirrored:
        return None
    return f"the video is stored rotated by {video.rotation} degrees; players rotate it back"


@shelf.rule("MP309", "mirrored", cure=Action.ENCODE, part="video")
def mirrored(media: Media, limits: Limits) -> str | None:
    """The container tells players to mirror the video, which most players ignore. The pixels themselves are mirrored.

    Source: mediaprep's own; ISO/IEC 14496-12, 8.3.2 (track header matrix).
    """
    video = faulty(media, limits, limits.mirrored)
    return "the video is stored mirrored" if video is not None and video.mirrored else None


@shelf.rule("MP310", "hdr", cure=Action.ENCODE, part="video")
def hdr(media: Media, limits: Limits) -> str | None:
    """The video is HDR, high dynamic range (HDR10, HLG, Dolby Vision); on an SDR screen it looks grey and dull.

    It is tone-mapped to SDR, standard dynamic range (BT.709).

    Source: mediaprep's own; ITU-R BT.2100 and BT.2408.
    """
    video = faulty(media, limits, limits.hdr)
    return f"the video is HDR ({video.hdr.upper()}); required: SDR" if video is not None and video.hdr else None


@shelf.rule("MP311", "interlaced", cure=Action.ENCODE, part="video")
def interlaced(media: Media, limits: Limits) -> str | None:
    """The video is interlaced; phones show comb artefacts where something moves. It is deinterlaced.

    Source: mediaprep's own, since phones' screens are progressive; ITU-T H.264, 7.4.2.1.1 (frame_mbs_only_flag).
    """
    video = faulty(media, limits, limits.interlaced)
    return "the video is interlaced" if video is not None and video.interlaced else None


@shelf.rule("MP312", "pixel-aspect", cure=Action.PASS, part="video", level="warning")
def pixel_aspect(media: Media, limits: Limits) -> str | None:
    """The pixels of the video are not square. Players scale it as the file says; a few previews do not.

    A video that is encoded for another reason gets square pixels.

    Source: mediaprep's own; ITU-T H.264, Annex E (sample_aspect_ratio).
    """
    video = faulty(media, limits, limits.pixel_aspect)
    if video is None or abs(video.pixel_aspect - 1) < 0.01:
        return None
    return f"pixel aspect ratio is {video.pixel_aspect:.2f}; recommended: 1.00 (square pixels)"


@shelf.rule("MP313", "several-films", cure=Action.REMUX, part="container")
def several_films(media: Media, limits: Limits) -> str | None:
    """More than one video stream. The default one is kept; the record lists the streams that were removed.

    Source: mediaprep's own; no platform documents which of several streams it shows.
    """
    most = limits.video_streams if limits.video_streams is not None else 1 if limits.of_film else None
    if most is None or len(media.video) <= most:
        return None
    return f"the file has {len(media.video)} video streams; limit: {most}"


MEASURED = 0.02
"""The share by which a measured frame rate may exceed `max_fps`. Containers round the times that it is measured from: a
video of 30 frames per second measures 30.02; NTSC rates differ by 0.1 %. Other common rates differ by 4 % or more."""


@shelf.rule("MP314", "frame-rate", cure=Action.ENCODE, part="video")
def frame_rate(media: Media, limits: Limits) -> str | None:
    """The average frame rate of the video or animation is higher than the profile accepts (`max_fps`).

    Frames are dropped; the others keep their times. A measured rate may exceed the limit by 2 %, and a short video may
    have one frame too many, because n frames have only n - 1 intervals. An animation keeps at least two frames.

    Source: mediaprep's own, for your own profiles; no WhatsApp platform documents such a limit.
    """
    if limits.max_fps is None or not media.moves:
        return None
    video = media.main_video
    seconds = (video.duration if video is not None else None) or media.duration
    if media.kind == "animation":
        rate = media.frames / seconds if seconds and media.frames > 2 else None
    else:
        rate = video.fps if video is not None else None
    if rate is None or rate <= limits.max_fps * (1 + MEASURED) + (1 / seconds if seconds else 0):
        return None
    return f"frame rate is {rate:.4g} frames per second; limit: {limits.max_fps:g}"


@shelf.rule("MP320", "faststart", cure=Action.REMUX, part="container")
def faststart(media: Media, limits: Limits) -> str | None:
    """The index (`moov`) comes after the media data, or the file is fragmented: it cannot play before it is complete.

    Cured by moving the index to the start; nothing is re-encoded.

    Source: WhatsApp "Supported video formats": "place moov boxes before mdat boxes".
    """
    if not limits.faststart or media.faststart is not False:
        return None
    return "the index (moov) is not at the start of the file"


@shelf.rule("MP321", "extra-streams", cure=Action.REMUX, part="container")
def extra_streams(media: Media, limits: Limits) -> str | None:
    """Streams that are neither video nor audio: subtitles, data, timecode, chapters, attachments, cover art.

    Source: WhatsApp "Supported video formats" names one video and at most one audio stream.
    """
    if limits.extras is not False or not media.extras:
        return None
    return f"the file has extra streams: {', '.join(sorted(set(media.extras)))}"


@shelf.rule("MP330", "audio-codec", cure=Action.ENCODE, part="audio")
def audio_codec(media: Media, limits: Limits) -> str | None:
    """The platform does not accept the audio codec in this container: Vorbis in Ogg, MP3 or AC-3 in MP4.

    Ogg is accepted with Opus only; "base audio/ogg not supported".

    Source: WhatsApp "Media", section "Supported media types"; "Supported video formats".
    """
    sound, allowed = media.main_audio, limits.sound_codecs(media.mime)
    if sound is None or allowed is None:
        return None
    return None if sound.codec in allowed else f"audio codec is {sound.codec}; accepted: {', '.join(sorted(allowed))}"


@shelf.rule("MP331", "channels", cure=Action.ENCODE, part="audio")
def channels(media: Media, limits: Limits) -> str | None:
    """More audio channels than the platform accepts: Opus in Ogg is mono only, video at most stereo.

    Channels are mixed down, none is dropped.

    Source: WhatsApp "Media": "OPUS codecs only; … mono input only". Stereo is what phones' AAC decoders must do
    (Android CDD 5.1.2).
    """
    sound, most = media.main_audio, limits.max_channels.get(media.mime)
    if sound is None or most is None or sound.channels <= most:
        return None
    return f"audio has {sound.channels} channels; limit for {title(media.mime)}: {most}"


@shelf.rule("MP332", "audio-streams", cure=Action.REMUX, part="container")
def audio_streams(media: Media, limits: Limits) -> str | None:
    """More than one audio stream. The default one is kept; the record lists the streams that were removed.

    Source: WhatsApp "Supported video formats": "Single audio stream or no audio stream only".
    """
    if limits.audio_streams is None or len(media.audio) <= limits.audio_streams:
        return None
    if limits.audio_streams == 0:
        return "the video has an audio stream; required: none"
    return f"the file has {len(media.audio)} audio streams; limit: {limits.audio_streams}"


@shelf.rule("MP333", "audio-missing", cure=Action.REJECT, part="audio")
def audio_missing(media: Media, limits: Limits) -> str | None:
    """An audio stream is required, but the file has none. A video without audio can be sent with `--as gif`.

    Source: mediaprep's own; an audio message without an audio stream cannot be played.
    """
    if not limits.audio_codec or limits.video_codec or media.audio:
        return None
    return "no audio stream in this file"
