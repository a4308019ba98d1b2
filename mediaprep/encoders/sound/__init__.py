"""Sound: what is worth keeping of it, how it is mixed, trimmed and levelled, and its waveform.

The choices and the filter chains are pure; `listen` and `measure` run ffmpeg.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from mediaprep import formats
from mediaprep.errors import Damaged
from mediaprep.media import AudioStream, Media

if TYPE_CHECKING:
    from mediaprep.running.tools import Node

Settings = dict[str, str | int]
"""ffmpeg's options of an output, by name."""

LOUDNESS = -16.0
PEAK = -1.5
RANGE = 11.0
"""What speech is levelled to: LUFS, dBTP and LU. EBU R128 s2 and AES TD1004 name -16 LUFS for phones."""

SILENCE = "-50dB"
SHORTEST_SILENCE = 0.2
BREATH = 0.1
"""Silence is what stays below -50 dBFS for 0.2 s; 0.1 s of it is kept at each end, so that no word starts abruptly."""

WAVEFORM = 64
"""How many values a voice note's waveform has."""

WAVEFORM_RATE = 8000
FINEST = 32
MOST_LEVELS = 1024
"""Samples of the first level measured (4 ms), and how many levels are kept before neighbours are merged."""

# Codecs that sound better than AAC-LC at the same bit rate, and by how much more AAC has to spend.
_THRIFTY = {"opus": 2.0, "amr_nb": 2.0, "amr_wb": 2.0, "speex": 2.0}
_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


class Loudness(Struct, frozen=True, kw_only=True):
    """What `loudnorm` measured: LUFS, LU, dBTP, LUFS, and the gain it proposes on top, in LU."""

    integrated: float
    range: float
    peak: float
    threshold: float
    offset: float


class Heard(Struct, frozen=True, kw_only=True):
    """What listening once told. `start`, `end`: seconds between which there is sound, None at an end without silence.
    `loudness`: None for what is too short or too quiet to be measured."""

    start: float | None = None
    end: float | None = None
    loudness: Loudness | None = None


class Measured(Struct, frozen=True):
    """`duration` in seconds, and 64 levels from 0 to 100, of which the loudest is 100; all 0 for silence."""

    duration: float
    waveform: tuple[int, ...]


def worth(sound: AudioStream) -> int | None:
    """The bit/s beyond which AAC-LC keeps nothing more of this sound; None where that is not known."""
    if sound.bit_rate is None:
        return None
    factor = 2.0 if sound.profile.startswith("HE-AAC") else _THRIFTY.get(sound.codec, 1.25)
    return round(sound.bit_rate * factor)


def seconds_of(media: Media) -> float | None:
    """How long the sound that is meant plays."""
    sound = media.main_audio
    return media.duration if sound is None or sound.duration is None else sound.duration


def layout(channels: int) -> str:
    return _LAYOUTS.get(channels, f"{channels}-channel")


def left_out(media: Media) -> tuple[str, ...]:
    """What the recipient of the sound alone does not get."""
    sentences = ["video removed"] if media.video else []
    sentences += [
        f"audio stream removed: {other.codec}, {layout(other.channels)}"
        for other in media.audio
        if other != media.main_audio
    ]
    sentences += [f"{kind}s removed" for kind in ("chapter", "subtitle") if {kind, f"{kind}s"} & {*media.extras}]
    return tuple(sentences)


def time_allowed(media: Media) -> float:
    """Seconds a tool may take over the sound of this file."""
    return 120 + (seconds_of(media) or 4 * 3600)


def mixed(node: Node, media: Media, sound: AudioStream, channels: int, sample_rate: int | None = None) -> Node:
    """The filter chain that starts every encode: from 0 s on, gaps filled, mixed down to at most `channels`.

    More than two channels become stereo as ITU-R BS.775 says (the centre and the surrounds at -3 dB, so that speech
    stays as loud as it was), with a limiter for what adds up. Stereo becomes mono by the mean, which never clips.
    """
    if formats.container(media.demuxer).clock:
        node = node.filter("asetpts", "PTS-STARTPTS").filter("aresample", **{"async": 1})
    if sound.channels > 2:
        node = node.filter("aformat", sample_fmts="fltp").filter("aresample", ochl="stereo")
        node = node.filter("alimiter", limit=0.95, level=0, latency=1)
    # One filter for both, so that only one channel is resampled.
    wanted: dict[str, object] = {"ochl": "mono", "rematrix_maxval": 1} if channels == 1 < sound.channels else {}
    if sample_rate is not None:
        wanted["osr"] = sample_rate
    return node.filter("aresample", **wanted) if wanted else node


def cut(node: Node, start: float | None, end: float | None) -> Node:
    """Only what lies between two moments, in seconds."""
    span = {name: f"{at:.3f}" for name, at in (("start", start), ("end", end)) if at is not None}
    return node.filter("atrim", **span).filter("asetpts", "PTS-STARTPTS") if span else node


def levelled(node: Node, loudness: Loudness | None) -> Node:
    """Brought to -16 LUFS by one gain where peaks allow it, else with `loudnorm`'s true-peak limiter."""
    if loudness is None:
        return node
    return node.filter(
        "loudnorm",
        I=LOUDNESS,
        TP=PEAK,
        # A wider range than wanted would make loudnorm compress; the gain alone is what was asked for.
        LRA=min(50.0, max(RANGE, loudness.range)),
        measured_I=loudness.integrated,
        measured_LRA=loudness.range,
        measured_TP=loudness.peak,
        measured_thresh=loudness.threshold,
        offset=loudness.offset,
        linear="true",
    )


def listen(folder: Path, media: Media, sound: AudioStream, channels: int, sample_rate: int) -> Heard:
    """Decode the sound once, and tell its loudness and where the silence at its ends is."""
    import ffmpeg

    from mediaprep.running import tools

    node = mixed(tools.source(media)[str(sound.index)], media, sound, channels, sample_rate)
    node = node.filter("silencedetect", noise=SILENCE, d=SHORTEST_SILENCE)
    node = node.filter("ametadata", mode="print", file="silence.txt")
    node = node.filter("loudnorm", I=LOUDNESS, TP=PEAK, LRA=RANGE, print_format="json", stats_file="loudness.json")
    tools.run(tools.arguments(ffmpeg.output(node, "-", f="null")), folder=folder, seconds=time_allowed(media))
    with (folder / "silence.txt").open() as lines:
        start, end = edges(lines)
    return Heard(start=start, end=end, loudness=loudness_of((folder / "loudness.json").read_bytes()))


def edges(lines: Iterable[str]) -> tuple[float | None, float | None]:
    """Where the sound starts and ends, from what `silencedetect` noted; neither where all of it is silence."""
    first: list[float] = []
    began: float | None = None
    for line in lines:
        name, _, value = line.strip().partition("=")
        if name == "lavfi.silence_start":
            began = float(value)
        elif name == "lavfi.silence_end":
            if not first and began is not None and began <= BREATH:
                first.append(float(value))
            first = first or [0.0]
            began = None
    if began is not None and began <= BREATH:
        return None, None
    start = max(0.0, first[0] - BREATH) if first else 0.0
    return start or None, began + BREATH if began is not None else None


def loudness_of(stats: bytes) -> Loudness | None:
    """The loudness in `loudnorm`'s JSON; None for silence and for less than 0.4 s, where it measures nothing."""
    told = {name: float(value) for name, value in msgspec.json.decode(stats).items() if name != "normalization_type"}
    found = Loudness(
        integrated=told["input_i"],
        range=told["input_lra"],
        peak=told["input_tp"],
        threshold=told["input_thresh"],
        offset=told["target_offset"],
    )
    measurable = all(map(math.isfinite, (found.integrated, found.peak, found.offset)))
    return found if measurable and -70 < found.integrated <= 0 else None


def measure(folder: Path, media: Media, name: str) -> Measured:
    """Decode the sound of `folder/name` to its end; memory stays the same however long it is.

    Raises `Damaged` where no sound comes out, and `ToolError` where some of it does not decode.
    """
    import ffmpeg

    from mediaprep.running import tools

    sound = media.main_audio
    if sound is None:
        raise Damaged("no audio stream in this file; send another one")
    # Frames of 20 ms handed on one by one cost more than their decoding; and a level needs no fine resampling.
    node = tools.source(media, name)[str(sound.index)].filter("asetnsamples", n=1 << 15, p=0)
    node = node.filter("aresample", ochl="mono", rematrix_maxval=1, osr=WAVEFORM_RATE, filter_size=4, phase_shift=4)
    pcm = ffmpeg.output(node, "pipe:1", f="s16le", acodec="pcm_s16le")
    levels = Levels(_mean_square())
    arguments = ["-xerror", *tools.arguments(pcm)]
    for block in tools.stream(arguments, folder=folder, seconds=time_allowed(media)):
        levels.add(block)
    if not levels.samples:
        raise Damaged("the audio of this file decodes to nothing; export it again from its source")
    return Measured(levels.samples / WAVEFORM_RATE, levels.waveform())


class Levels:
    """Mean squares of equal spans of 16-bit mono PCM; when there are too many, neighbours become one."""

    def __init__(self, mean_square: Callable[[bytes], float]) -> None:
        self.mean_square = mean_square
        self.span = FINEST
        self.samples = 0
        self.means: list[float] = []
        self.rest = b""

    def add(self, pcm: bytes) -> None:
        self.samples += len(pcm) // 2
        pcm = self.rest + pcm
        at = 0
        while (end := at + 2 * self.span) <= len(pcm):
            self.means.append(self.mean_square(pcm[at:end]))
            at = end
            # The next span starts at a multiple of the doubled length, as the number of levels is even here.
            if len(self.means) == MOST_LEVELS:
                self.means = [(one + two) / 2 for one, two in zip(self.means[::2], self.means[1::2], strict=True)]
                self.span *= 2
        self.rest = pcm[at:]

    def waveform(self) -> tuple[int, ...]:
        """The root mean square of 64 equal parts, of which the loudest is 100."""
        means = [*self.means, self.mean_square(self.rest)] if self.rest else self.means
        parts = [math.sqrt(sum(part) / len(part)) for part in _parts(means, WAVEFORM)]
        loudest = max(parts, default=0.0)
        return tuple(round(100 * part / loudest) for part in parts) if loudest else (0,) * WAVEFORM


def _parts(values: list[float], count: int) -> Iterator[list[float]]:
    """Equal parts, each of at least one value; where there are fewer values than parts, some are in several."""
    for part in range(count if values else 0):
        first = part * len(values) // count
        yield values[first : max(first + 1, (part + 1) * len(values) // count)]


def _mean_square() -> Callable[[bytes], float]:
    """pydub's measure of level. Its import warns of a missing ffmpeg, which is not asked to decode anything here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pydub import AudioSegment
    form = {"sample_width": 2, "frame_rate": WAVEFORM_RATE, "channels": 1}
    return lambda pcm: float(AudioSegment(data=pcm, **form).rms) ** 2
