"""Any facts a file could have, for hypothesis. Wider than what real files show, never contradicting itself."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from mediaprep.encoders import ENCODERS
from mediaprep.media import AudioStream, Media, VideoStream
from mediaprep.options import Options
from mediaprep.planning.profiles import SHIPPED, load
from mediaprep.rules import Limits
from mediaprep.rules.limits import PRIVATE

sides = st.one_of(st.integers(1, 40), st.integers(41, 9000))
lengths = st.one_of(st.none(), st.floats(0.02, 2.0), st.floats(2.0, 40_000.0))
metadata = st.sets(st.sampled_from(PRIVATE)).map(lambda kinds: tuple(sorted(kinds)))
extras = st.lists(st.sampled_from(["subtitle", "data", "cover", "chapters", "attachment"]), max_size=3).map(tuple)
names = st.sampled_from(["a.jpg", "b.mp4", "c.opus", "d.webp", "e", "f.txt", "g.mov", "-x.png", "h.m4a"])


IMAGES = ["jpeg", "png", "webp", "gif", "heic", "avif", "tiff", "bmp"]
FILMS = ["mp4", "quicktime", "3gpp", "webm", "x-matroska", "x-msvideo", "mp2t", "x-flv"]
SOUNDS = ["mpeg", "mp4", "aac", "amr", "ogg", "webm", "wav", "flac", "x-ms-wma"]


@st.composite
def pictures(draw: st.DrawFn) -> Media:
    moves = draw(st.booleans())
    mime = "image/" + draw(st.sampled_from(IMAGES))
    frames = draw(st.integers(2, 900)) if moves else 1
    shortest = draw(st.floats(0.0, 0.5)) if moves else None
    return Media(
        name=draw(names), size=draw(st.integers(1, 60_000_000)), mime=mime, kind="animation" if moves else "image",
        width=draw(sides), height=draw(sides), orientation=draw(st.integers(1, 8)), frames=frames,
        shortest_frame=shortest,
        duration=max((shortest or 0) * frames, draw(st.floats(0.02, 120.0))) if moves else None,
        alpha=draw(st.booleans()), mode=draw(st.sampled_from(["RGB", "RGBA", "L", "LA", "P", "CMYK", "1", "I;16"])),
        bit_depth=draw(st.sampled_from([1, 8, 10, 16])),
        colour_space=draw(st.sampled_from(["", "sRGB", "Display P3", "Adobe RGB", "ProPhoto", "whatever"])),
        lossless=draw(st.booleans()), colours=draw(st.one_of(st.none(), st.integers(1, 256))),
        metadata=draw(metadata), trailing=draw(st.sampled_from([0, 0, 7, 5_000_000])),
    )  # fmt: skip


sounds = st.builds(
    AudioStream,
    index=st.integers(0, 9),
    codec=st.sampled_from(
        ["aac", "mp3", "opus", "vorbis", "ac3", "dts", "pcm_s16le", "flac", "amr_nb", "amr_wb", "alac"]
    ),
    channels=st.sampled_from([1, 2, 3, 6, 8]),
    sample_rate=st.sampled_from([8000, 11025, 16000, 22050, 44100, 48000, 96000, 192000]),
    bit_rate=st.one_of(st.none(), st.integers(4_000, 5_000_000)),
    default=st.booleans(),
    duration=st.none(),
)

streams = st.builds(
    VideoStream,
    index=st.integers(10, 19),
    codec=st.sampled_from(["h264", "hevc", "vp9", "av1", "mpeg4", "h263", "mpeg2video", "prores", "mjpeg", "gif"]),
    profile=st.sampled_from(
        ["", "Baseline", "Constrained Baseline", "Main", "High", "High 10", "High 4:4:4 Predictive"]
    ),
    pixel_format=st.sampled_from(["", "yuv420p", "yuvj420p", "yuv422p", "yuv420p10le", "yuv444p", "rgba", "yuva420p"]),
    bit_depth=st.sampled_from([8, 10, 12]),
    width=sides,
    height=sides,
    fps=st.one_of(st.none(), st.floats(0.5, 1000.0)),
    variable=st.booleans(),
    bit_rate=st.one_of(st.none(), st.integers(1_000, 400_000_000)),
    b_frames=st.booleans(),
    interlaced=st.booleans(),
    hdr=st.sampled_from(["", "pq", "hlg"]),
    rotation=st.sampled_from([0, 90, 180, 270]),
    mirrored=st.booleans(),
    pixel_aspect=st.sampled_from([1.0, 12 / 11, 0.5, 2.35]),
    alpha=st.booleans(),
    default=st.booleans(),
)


@st.composite
def films(draw: st.DrawFn) -> Media:
    video = draw(st.lists(streams, min_size=1, max_size=2, unique_by=lambda s: s.index))
    audio = draw(st.lists(sounds, max_size=2, unique_by=lambda s: s.index))
    return Media(
        name=draw(names), size=draw(st.integers(1, 8_000_000_000)),
        mime="video/" + draw(st.sampled_from(FILMS)),
        kind="video", width=video[0].width, height=video[0].height, duration=draw(lengths),
        demuxer="mov", faststart=draw(st.sampled_from([None, True, False])), video=tuple(video), audio=tuple(audio),
        extras=draw(extras), metadata=draw(metadata), trailing=draw(st.sampled_from([0, 0, 100])),
    )  # fmt: skip


@st.composite
def recordings(draw: st.DrawFn) -> Media:
    return Media(
        name=draw(names), size=draw(st.integers(1, 2_000_000_000)),
        mime="audio/" + draw(st.sampled_from(SOUNDS)),
        kind="audio", duration=draw(lengths), demuxer="mov", faststart=draw(st.sampled_from([None, True, False])),
        audio=tuple(draw(st.lists(sounds, min_size=1, max_size=3, unique_by=lambda s: s.index))),
        extras=draw(extras), metadata=draw(metadata), trailing=draw(st.sampled_from([0, 0, 128])),
    )  # fmt: skip


@st.composite
def papers(draw: st.DrawFn) -> Media:
    mime = draw(
        st.sampled_from(["application/pdf", "text/plain", "application/zip", "application/msword", "image/svg+xml"])
    )
    return Media(name=draw(names), size=draw(st.integers(1, 300_000_000)), mime=mime, kind="document")


media = st.one_of(pictures(), films(), recordings(), papers())

options = st.builds(
    Options,
    background=st.sampled_from(["#FFFFFF", "#000000"]),
    voice_rate=st.sampled_from([None, 16000, 48000]),
    normalize=st.booleans(),
    trim_silence=st.booleans(),
    speed_up=st.booleans(),
    crop=st.booleans(),
    pack=st.sampled_from(["", "Cats"]),
)

TYPES = [mime for mime, module in ENCODERS.items() if module != "rewrap"]
"""What can be encoded, and not only copied."""

maybe = st.sampled_from([None, True, False])
codecs = st.fixed_dictionaries(
    {},
    optional={
        "video/mp4": st.sampled_from([("aac",), ("aac", "mp3"), ("mp3",)]),
        "audio/mp4": st.sampled_from([("aac",), ("alac",)]),
        "audio/ogg": st.sampled_from([("opus",), ("vorbis", "opus"), ("vorbis",)]),
    },
)
HEARD = [mime for mime in TYPES if mime.startswith(("video/", "audio/"))]
counts = st.fixed_dictionaries({}, optional=dict.fromkeys(HEARD, st.integers(0, 6)))

KEYS: dict[str, st.SearchStrategy[Any]] = {
    "mime": st.one_of(st.just(("*/*",)), st.lists(st.sampled_from(TYPES), min_size=1, unique=True).map(tuple)),
    "make": st.lists(st.sampled_from(TYPES), min_size=1, unique=True).map(tuple),
    "max_bytes": st.one_of(st.none(), st.integers(1_000, 200_000_000)),
    "advised_bytes": st.sampled_from([None, 512_000]),
    "width": st.sampled_from([None, 1, 300, 511, 512]),
    "height": st.sampled_from([None, 2, 512, 720]),
    "max_side": st.one_of(st.none(), st.integers(1, 64), st.integers(65, 4000)),
    "alpha": maybe,
    "modes": st.sampled_from([(), ("RGB",), ("RGB", "RGBA"), ("RGBA",), ("L",)]),
    "bit_depth": st.sampled_from([None, 1, 8, 10]),
    "colour_space": st.sampled_from([(), ("sRGB",), ("Display P3",)]),
    "animated": maybe,
    "min_frame": st.sampled_from([None, 0.008, 0.05, 0.5]),
    "max_duration": st.one_of(st.none(), st.floats(0.01, 2.0), st.floats(2.0, 4000.0)),
    "max_fps": st.one_of(st.none(), st.floats(0.1, 10.0), st.sampled_from([9.0, 24.0, 25.0, 29.97, 30.0, 60.0, 240.0])),
    "faststart": maybe,
    "video_codec": st.sampled_from([(), ("h264",), ("h264", "hevc"), ("hevc",)]),
    "video_profiles": st.sampled_from([(), ("Main",), ("High",), ("Constrained Baseline", "Main"), ("Baseline",)]),
    "high_b_frames": maybe,
    "pixel_formats": st.sampled_from([(), ("yuv420p",), ("yuv420p", "yuvj420p"), ("yuv422p",)]),
    "audio_codec": codecs,
    "max_channels": counts,
    "audio_streams": st.sampled_from([None, 0, 1, 2]),
    "sample_rate": st.sampled_from([None, 8000, 16000, 44100, 48000, 96000]),
    "extras": maybe,
    "metadata": metadata,
    "video_streams": st.sampled_from([None, 1, 2]),
    **dict.fromkeys(["trailing_bytes", "any_suffix", "orientation", "rotation", "mirrored"], maybe),
    **dict.fromkeys(["odd_sides", "hdr", "interlaced", "pixel_aspect"], maybe),
}
WITHOUT_RECIPES = {"error_above", "advised_profiles", "max_caption", "max_text", "fallback"}
"""Keys that no recipe depends on; all others are in `KEYS`."""
SHELF = [*(one for name in SHIPPED for one in load(name).targets.values() if one.make), Limits(mime=("*/*",))]


@st.composite
def limits(draw: st.DrawFn) -> Limits:
    """A shipped target, or none, with some keys set to anything: also to what no file can be."""
    base = replace(draw(st.sampled_from(SHELF)), error_above=None, fallback=None)
    base = replace(base, make=base.make or tuple(TYPES))
    return replace(base, **{key: draw(KEYS[key]) for key in draw(st.sets(st.sampled_from([*KEYS]), max_size=6))})
