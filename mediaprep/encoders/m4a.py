"""Sound as AAC-LC in MP4: music in stereo, and whatever else must play everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mediaprep.encoders.base import Encoder, Work
from mediaprep.encoders.sound import Settings, time_allowed, worth
from mediaprep.encoders.sound.sound_encoder import BARE, SoundEncoder, SoundRecipe
from mediaprep.media import AudioStream, Media
from mediaprep.options import Options
from mediaprep.rules import Limits

STEREO = (160_000, 144_000, 128_000, 112_000, 96_000, 80_000, 64_000, 56_000, 48_000)
MONO = (96_000, 80_000, 64_000, 56_000, 48_000, 40_000, 32_000, 24_000)
"""bit/s. 160 kbit/s is where listeners stop telling ffmpeg's AAC from the original; below 48, stereo costs too much."""

RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
"""Hz: what phones decode (Android CDD, 5.1.2: AAC profile, 8 to 48 kHz)."""

FRAME = 1024
"""Samples in an AAC frame; each costs four bytes in the index (`stsz`)."""

HEADER = 1400
"""Bytes of an MP4 with one sound track, its index aside."""


def rate_for(source: int, bit_rate: int, channels: int) -> int:
    """The sample rate in Hz: the source's where AAC has it, halved where too few bits a sample would be left."""
    if source > RATES[-1]:
        rate = 44100 if source % 11025 == 0 else 48000
    else:
        rate = next(rate for rate in RATES if rate >= source)
    while bit_rate < 0.7 * rate * channels and rate // 2 >= 16000:
        rate //= 2
    return rate


class M4a(SoundEncoder):
    mime = "audio/mp4"
    codec = "aac"
    profile = "LC"
    demuxer = "mov"
    faststart = True

    def rungs(self, media: Media, sound: AudioStream, limits: Limits, options: Options) -> Sequence[SoundRecipe]:
        channels = min(sound.channels, limits.max_channels.get(self.mime, 2), 2)
        if channels < 1:
            return ()
        steps = [(rate, 1) for rate in MONO]
        if channels == 2:
            steps = [(rate, 2) for rate in STEREO] + [step for step in steps if step[0] < STEREO[-1]]
        source = limits.sample_rate or sound.sample_rate
        enough = min(worth(sound) or steps[0][0], 3 * sound.sample_rate * channels)
        # The best rung keeps the channels, also of what is nearly silent and therefore has next to no bits.
        best = max((at for at, (rate, count) in enumerate(steps) if rate >= enough and count == channels), default=0)
        return [
            SoundRecipe(bit_rate=rate, channels=count, sample_rate=rate_for(source, rate, count))
            for rate, count in steps[best:]
        ]

    def size(self, bit_rate: int, sample_rate: int, seconds: float) -> int:
        return round(seconds * bit_rate / 8 + 4 * (seconds * sample_rate / FRAME + 2)) + HEADER

    def settings(self, recipe: SoundRecipe) -> Settings:
        return {
            "acodec": "aac",
            "b:a": recipe.bit_rate,
            "ar": recipe.sample_rate,
            "ac": recipe.channels,
            "f": "ipod",
            "movflags": "+faststart",
        }

    def copy(self, work: Work, sound: AudioStream, output: Path) -> None:
        from mediaprep.running import tools

        tools.run(
            copy_arguments(work.media, sound, output.name),
            folder=work.folder,
            seconds=time_allowed(work.media),
            progress=work.progress,
            ceiling=(output.name, work.ceiling) if work.ceiling is not None else None,
        )


def copy_arguments(media: Media, sound: AudioStream, output: str) -> list[str]:
    """ffmpeg's arguments for a copy that starts at 0 s, wherever in a film the sound starts. Pure."""
    import ffmpeg

    from mediaprep.running import tools

    settings = {
        "c": "copy",
        # A start below 0 is the encoder's priming, which the edit list hides; only a late start is moved.
        "bsf:a": "setts=ts=TS-max(STARTPTS\\,0)",
        "f": "ipod",
        "movflags": "+faststart",
    }
    return tools.arguments(ffmpeg.output(tools.source(media)[str(sound.index)], output, **BARE, **settings))


ENCODERS: dict[str, Encoder[SoundRecipe]] = {M4a.mime: M4a()}
