"""MP3xx: containers, films and sounds."""

from __future__ import annotations

from mediaprep.media import Media, VideoStream
from mediaprep.rules.base import Action, Shelf, refused
from mediaprep.rules.limits import Limits

shelf = Shelf[[Media, Limits]]()

HIGH = ("High", "Progressive High", "Constrained High")


def film(media: Media, limits: Limits) -> VideoStream | None:
    """The main moving picture, where the limits speak of film at all."""
    return media.main_video if limits.video_codec else None


def faulty(media: Media, limits: Limits, accepted: bool | None) -> VideoStream | None:
    """The main moving picture, where a fault of it counts: by the fault's own key, else where a film is wanted."""
    return media.main_video if refused(accepted, unless_set=limits.of_film) else None


@shelf.rule("MP301", "video-codec", cure=Action.ENCODE, part="video")
def video_codec(media: Media, limits: Limits) -> str | None:
    """The picture of the film is coded in a way that the platform, or phones that receive it, cannot play.

    Source: WhatsApp "Supported video formats": "Only H.264 video codec and AAC audio codec supported".
    """
    video = film(media, limits)
    if video is None or video.codec in limits.video_codec:
        return None
    return f"video is {video.codec}, not {' or '.join(limits.video_codec)}"


@shelf.rule("MP302", "video-missing", cure=Action.REJECT, part="video")
def video_missing(media: Media, limits: Limits) -> str | None:
    """A film was asked for, and the file has no picture. Send it as `--as audio` or `--as voice` instead.

    Source: mediaprep's own; nothing can be shown where there is no picture.
    """
    if not limits.video_codec or media.main_video is not None or media.kind in ("image", "animation"):
        return None
    return "there is no picture in this file" + ("; send it as audio or voice" if media.audio else "")


@shelf.rule("MP303", "video-profile", cure=Action.ENCODE, part="video")
def video_profile(media: Media, limits: Limits) -> str | None:
    """The H.264 profile is one that phones' decoders lack: High 10, High 4:2:2, High 4:4:4 Predictive, Extended.

    Source: mediaprep's own; ITU-T H.264, Annex A; Android CDD 5.3.4 requires Baseline and Main.
    """
    video = film(media, limits)
    if video is None or not limits.video_profiles or video.codec not in limits.video_codec:
        return None
    if not video.profile or video.profile in limits.video_profiles:
        return None
    return f"the H.264 profile is {video.profile}; taken are {', '.join(limits.video_profiles)}"


@shelf.rule("MP304", "high-profile-b-frames", cure=Action.ENCODE, part="video")
def high_profile_b_frames(media: Media, limits: Limits) -> str | None:
    """H.264 High profile together with B-frames, which Android WhatsApp clients do not play.

    Source: WhatsApp "Supported video formats": "videos encoded with the H.264 'High' profile and B-frames are not
    supported by Android WhatsApp clients".
    """
    video = film(media, limits)
    if video is None or limits.high_b_frames is not False or video.codec != "h264":
        return None
    return (
        "H.264 High profile with B-frames does not play on Android"
        if video.b_frames and video.profile in HIGH
        else None
    )


@shelf.rule("MP305", "unadvised-profile", cure=Action.PASS, part="video", level="warning")
def unadvised_profile(media: Media, limits: Limits) -> str | None:
    """An H.264 profile, or B-frames, that the platform plays but advises against.

    mediaprep makes Main profile without B-frames; it does not spend quality on re-encoding what plays.

    Source: WhatsApp "Supported video formats": "We recommend that you use H.264 'Main' profile without B-frames, or
    the H.264 'Baseline' profile".
    """
    video = film(media, limits)
    if video is None or not limits.advised_profiles or video.codec != "h264":
        return None
    if high_profile_b_frames(media, limits) or video_profile(media, limits):
        return None
    if video.profile and video.profile not in limits.advised_profiles:
        return f"the H.264 profile is {video.profile}; {' or '.join(limits.advised_profiles)} is advised"
    return "the film has B-frames; none are advised" if video.b_frames else None


@shelf.rule("MP306", "pixel-format", cure=Action.ENCODE, part="video")
def pixel_format(media: Media, limits: Limits) -> str | None:
    """The film's pixels are stored in a way that phones' hardware decoders lack: 10 bits, 4:2:2, 4:4:4, RGB.

    Source: mediaprep's own; Android CDD 5.3.4 and Apple's media specifications: 8-bit 4:2:0.
    """
    video = film(media, limits)
    if video is None or not limits.pixel_formats or not video.pixel_format:
        return None
    return (
        None
        if video.pixel_format in limits.pixel_formats
        else f"the pixel format is {video.pixel_format}, not 8-bit 4:2:0"
    )


@shelf.rule("MP307", "odd-sides", cure=Action.ENCODE, part="video")
def odd_sides(media: Media, limits: Limits) -> str | None:
    """A side has an odd number of pixels, which 4:2:0 film cannot hold without a rest; some decoders show a green edge.

    One row or column is cut off, rather than blurring the whole picture by scaling.

    Source: mediaprep's own; ITU-T H.264, 7.4.2.1.1 (cropping counts in chroma samples).
    """
    video = faulty(media, limits, limits.odd_sides)
    if video is None or (video.width % 2 == 0 and video.height % 2 == 0):
        return None
    return f"the film has {video.width} x {video.height} pixels; both sides must be even"


@shelf.rule("MP308", "rotation", cure=Action.PASS, part="video", level="warning")
def rotation(media: Media, limits: Limits) -> str | None:
    """The film is stored on its side, and the container says how to turn it, as phones do. Players follow that.

    A film that is encoded for another reason comes out with its pixels turned.

    Source: mediaprep's own; ISO/IEC 14496-12, 8.3.2 (track header matrix).
    """
    video = faulty(media, limits, limits.rotation)
    if video is None or not video.rotation or video.mirrored:
        return None
    return f"the film is stored turned by {video.rotation} degrees; players turn it back"


@shelf.rule("MP309", "mirrored", cure=Action.ENCODE, part="video")
def mirrored(media: Media, limits: Limits) -> str | None:
    """The container asks for the film to be mirrored, which most players ignore. The pixels themselves are mirrored.

    Source: mediaprep's own; ISO/IEC 14496-12, 8.3.2 (track header matrix).
    """
    video = faulty(media, limits, limits.mirrored)
    return "the film is stored mirrored" if video is not None and video.mirrored else None


@shelf.rule("MP310", "hdr", cure=Action.ENCODE, part="video")
def hdr(media: Media, limits: Limits) -> str | None:
    """The film has a high dynamic range (HDR10, HLG, Dolby Vision); shown as ordinary film it looks grey and dull.

    It is tone-mapped to the ordinary range (BT.709).

    Source: mediaprep's own; ITU-R BT.2100 and BT.2408.
    """
    video = faulty(media, limits, limits.hdr)
    return f"the film is high dynamic range ({video.hdr.upper()})" if video is not None and video.hdr else None


@shelf.rule("MP311", "interlaced", cure=Action.ENCODE, part="video")
def interlaced(media: Media, limits: Limits) -> str | None:
    """The film is interlaced; phones show that as combs on everything that moves. It is deinterlaced.

    Source: mediaprep's own, since phones' screens are progressive; ITU-T H.264, 7.4.2.1.1 (frame_mbs_only_flag).
    """
    video = faulty(media, limits, limits.interlaced)
    return "the film is interlaced" if video is not None and video.interlaced else None


@shelf.rule("MP312", "pixel-aspect", cure=Action.PASS, part="video", level="warning")
def pixel_aspect(media: Media, limits: Limits) -> str | None:
    """The film's pixels are not square. Players stretch it as told; a few previews do not.

    A film that is encoded for another reason comes out with square pixels.

    Source: mediaprep's own; ITU-T H.264, Annex E (sample_aspect_ratio).
    """
    video = faulty(media, limits, limits.pixel_aspect)
    if video is None or abs(video.pixel_aspect - 1) < 0.01:
        return None
    return f"the film's pixels are {video.pixel_aspect:.2f} times as wide as high"


@shelf.rule("MP313", "several-films", cure=Action.REMUX, part="container")
def several_films(media: Media, limits: Limits) -> str | None:
    """More than one picture stream. The default one is kept; what else there was is said in the record.

    Source: mediaprep's own; no platform documents which of several streams it shows.
    """
    most = limits.video_streams if limits.video_streams is not None else 1 if limits.of_film else None
    if most is None or len(media.video) <= most:
        return None
    return f"the file has {len(media.video)} picture streams"


MEASURED = 0.02
"""The share by which a measured frame rate may pass `max_fps`. It is measured from times that containers round, so that
a film of 30 frames a second is read as 30.02; NTSC's rates lie 0.1 % off. Other rates in use are 4 % or more apart."""


@shelf.rule("MP314", "frame-rate", cure=Action.ENCODE, part="video")
def frame_rate(media: Media, limits: Limits) -> str | None:
    """The film or animation has more frames a second, on average, than the profile accepts (`max_fps`).

    Frames are left out, and those that stay keep their times. A measured rate may pass the limit by 2 %, and a short
    film may have one frame too many: n frames lie only n - 1 intervals apart. Two frames are the least that moves.

    Source: mediaprep's own, for profiles of your own; no WhatsApp platform states such a limit.
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
    return f"frame rate: {rate:.4g} frames a second; limit: {limits.max_fps:g}"


@shelf.rule("MP320", "faststart", cure=Action.REMUX, part="container")
def faststart(media: Media, limits: Limits) -> str | None:
    """The index (`moov`) comes after the media, or the film is fragmented: it cannot play before it is all there.

    Cured by moving the index; nothing is re-encoded.

    Source: WhatsApp "Supported video formats": "place moov boxes before mdat boxes".
    """
    if not limits.faststart or media.faststart is not False:
        return None
    return "the index is not at the start of the file"


@shelf.rule("MP321", "extra-streams", cure=Action.REMUX, part="container")
def extra_streams(media: Media, limits: Limits) -> str | None:
    """Streams that are neither picture nor sound: subtitles, data, timecode, chapters, attachments, cover art.

    Source: WhatsApp "Supported video formats" names one video and at most one audio stream.
    """
    if limits.extras is not False or not media.extras:
        return None
    return f"the file has extra streams: {', '.join(sorted(set(media.extras)))}"


@shelf.rule("MP330", "audio-codec", cure=Action.ENCODE, part="audio")
def audio_codec(media: Media, limits: Limits) -> str | None:
    """The sound is coded in a way that the platform does not take in this container: Vorbis in Ogg, MP3 or AC-3 in MP4.

    Ogg is taken with Opus only; "base audio/ogg not supported".

    Source: WhatsApp "Media", section "Supported media types"; "Supported video formats".
    """
    sound, allowed = media.main_audio, limits.sound_codecs(media.mime)
    if sound is None or allowed is None:
        return None
    return None if sound.codec in allowed else f"sound is {sound.codec}, not {' or '.join(sorted(allowed))}"


@shelf.rule("MP331", "channels", cure=Action.ENCODE, part="audio")
def channels(media: Media, limits: Limits) -> str | None:
    """More sound channels than the platform takes: Opus in Ogg is mono only, film at most stereo.

    Channels are mixed down, none is dropped.

    Source: WhatsApp "Media": "OPUS codecs only; … mono input only". Stereo is what phones' AAC decoders must do
    (Android CDD 5.1.2).
    """
    sound, most = media.main_audio, limits.max_channels.get(media.mime)
    if sound is None or most is None or sound.channels <= most:
        return None
    taken = "1 is" if most == 1 else f"{most} are"
    return f"the sound has {sound.channels} channels; at most {taken} taken in {media.mime}"


@shelf.rule("MP332", "audio-streams", cure=Action.REMUX, part="container")
def audio_streams(media: Media, limits: Limits) -> str | None:
    """More than one sound track. The default one is kept; what else there was is said in the record.

    Source: WhatsApp "Supported video formats": "Single audio stream or no audio stream only".
    """
    if limits.audio_streams is None or len(media.audio) <= limits.audio_streams:
        return None
    if limits.audio_streams == 0:
        return "the film has sound; a silent one is wanted"
    return f"the file has {len(media.audio)} sound tracks; one is taken"


@shelf.rule("MP333", "audio-missing", cure=Action.REJECT, part="audio")
def audio_missing(media: Media, limits: Limits) -> str | None:
    """Sound was asked for, and the file has none. A film without sound can go as `--as gif`.

    Source: mediaprep's own; nothing can be heard where there is no sound.
    """
    if not limits.audio_codec or limits.video_codec or media.audio:
        return None
    return "there is no sound in this file"
