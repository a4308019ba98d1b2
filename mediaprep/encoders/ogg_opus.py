"""Sound as Opus in Ogg, mono: voice notes, and music where AAC is not wanted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from mediaprep.encoders.base import Encoder, Work
from mediaprep.encoders.sound import Settings, seconds_of, worth
from mediaprep.encoders.sound.ogg_pages import remux
from mediaprep.encoders.sound.sound_encoder import SoundEncoder, SoundRecipe, sound_end
from mediaprep.media import AudioStream, Media
from mediaprep.options import Options
from mediaprep.rules import Limits

MUSIC = (64_000, 56_000, 48_000, 40_000, 32_000, 28_000, 24_000, 20_000, 16_000, 12_000)
SPEECH = (32_000, 28_000, 24_000, 22_000, 20_000, 18_000, 16_000, 14_000, 12_000)
"""bit/s, mono. 12 kbit/s is the floor: below it speech stops being clear."""

WIDEBAND = 24_000
FULLBAND = 32_000
"""bit/s that a voice note starts with, at 16 kHz and above it."""

RATES = (8000, 12000, 16000, 24000, 48000)
"""Hz that libopus takes."""

OVERHEAD = 700
"""bit/s of the container, measured: a page of 27 bytes each second and a length byte for each frame of 20 ms."""

HEADER = 200
"""Bytes of the two header pages, and of the last frame that is always whole."""

MARGIN = 0.97
"""How much of the advised size a note is made to have: music in a note overshot its bit rate by 1.5 % at most."""


def speech_rate(limits: Limits, options: Options) -> int | None:
    """Hz of a voice note; None where the sound is not to be treated as speech."""
    wanted = options.voice_rate or limits.sample_rate
    return None if wanted is None else next((rate for rate in RATES if rate >= wanted), RATES[-1])


def advised_bit_rate(seconds: float | None, advised: int | None) -> int | None:
    """The bit/s with which a note of this length stays under the advised size, in steps of 250; None: no bound."""
    if not seconds or advised is None:
        return None
    return int(((advised * MARGIN - HEADER) * 8 / seconds - OVERHEAD) // 250 * 250)


class OggOpus(SoundEncoder):
    mime = "audio/ogg"
    codec = "opus"
    demuxer = "ogg"

    def rungs(self, media: Media, sound: AudioStream, limits: Limits, options: Options) -> Sequence[SoundRecipe]:
        speech = speech_rate(limits, options)
        if limits.max_channels.get(self.mime, 1) < 1:
            return ()
        steps = MUSIC if speech is None else SPEECH
        best = MUSIC[0] if speech is None else WIDEBAND if speech <= 16000 else FULLBAND
        best = max(steps[-1], min(best, worth(sound) or best))
        seconds = seconds_of(media)
        if seconds is not None:
            seconds = sound_end(media, limits) or seconds
        within = advised_bit_rate(seconds, limits.advised_bytes)
        top = best if within is None else max(steps[-1], min(best, within))
        recipe = SoundRecipe(bit_rate=top, channels=1, sample_rate=speech or 48000, speech=speech is not None)
        if top < best:
            recipe = replace(recipe, changes=(f"audio encoded at {top / 1000:g} kbit/s because it is long",))
        return [recipe, *(replace(recipe, bit_rate=step, changes=()) for step in steps if step < top)]

    def size(self, bit_rate: int, sample_rate: int, seconds: float) -> int:
        return round(seconds * (bit_rate + OVERHEAD) / 8) + HEADER

    def settings(self, recipe: SoundRecipe) -> Settings:
        return {
            "acodec": "libopus",
            "b:a": recipe.bit_rate,
            "ar": recipe.sample_rate,
            "ac": recipe.channels,
            "application": "voip" if recipe.speech else "audio",
            # The size of a note follows from its length; unconstrained, music in it takes a tenth more.
            "vbr": "constrained" if recipe.speech else "on",
            # 60 ms would save 3 % at 12 kbit/s; players and phones meet 20 ms everywhere.
            "frame_duration": 20,
            "f": "ogg",
        }

    def encode(self, recipe: SoundRecipe, work: Work, output: Path) -> None:
        if not recipe.encodes:
            super().encode(recipe, work, output)
            return
        frames = work.folder / "frames.ogg"
        super().encode(recipe, work, frames)
        remux(frames, self.demuxer, 0, output, join=True)
        frames.unlink()

    def copy(self, work: Work, sound: AudioStream, output: Path) -> None:
        remux(work.source, work.media.demuxer, sound.index, output)


ENCODERS: dict[str, Encoder[SoundRecipe]] = {OggOpus.mime: OggOpus()}
