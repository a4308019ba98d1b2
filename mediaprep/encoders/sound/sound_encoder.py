"""What all encoders of sound share: one stream goes in, copied or encoded once, and nothing else comes along."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import ClassVar

from msgspec.structs import replace

from mediaprep.encoders.base import Recipe, Work, complies, obeying
from mediaprep.encoders.sound import (
    Heard,
    Settings,
    cut,
    layout,
    left_out,
    levelled,
    listen,
    mixed,
    seconds_of,
    time_allowed,
)
from mediaprep.formats import suffix_for
from mediaprep.media import AudioStream, Media
from mediaprep.options import Options
from mediaprep.rules import Finding, Limits
from mediaprep.rules.base import megabytes


class SoundRecipe(Recipe, frozen=True, kw_only=True):
    """`bit_rate` in bit/s, `sample_rate` in Hz; both 0 for a copy.

    `speech`: words that are understood count for more than music that sounds right (only Opus knows the difference).
    `end`: where it is cut, in seconds, because the platform takes no more. `normalize`, `trim`: as in `Options`.
    """

    bit_rate: int = 0
    sample_rate: int = 0
    channels: int = 1
    speech: bool = False
    end: float | None = None
    normalize: bool = False
    trim: bool = False


class SoundEncoder(ABC):
    """A format of sound: what differs are the codec, its rungs, and how it is written."""

    mime: str
    codec: ClassVar[str]
    profile: ClassVar[str] = ""
    demuxer: ClassVar[str]
    faststart: ClassVar[bool | None] = None

    @abstractmethod
    def rungs(self, media: Media, sound: AudioStream, limits: Limits, options: Options) -> Sequence[SoundRecipe]:
        """The encodes, best to smallest, with rates and channels alone. Pure."""

    @abstractmethod
    def size(self, bit_rate: int, sample_rate: int, seconds: float) -> int:
        """The bytes of a file with its container. Pure."""

    @abstractmethod
    def settings(self, recipe: SoundRecipe) -> Settings:
        """What ffmpeg is told about the output of an encode. Pure."""

    @abstractmethod
    def copy(self, work: Work, sound: AudioStream, output: Path) -> None:
        """Put the stream into a container of its own, its packets untouched."""

    def ladder(
        self, media: Media, limits: Limits, findings: Sequence[Finding], options: Options
    ) -> Sequence[SoundRecipe]:
        """A copy where the stream complies and is small enough, then encodes."""
        sound = media.main_audio
        if sound is None:
            return ()
        end = sound_end(media, limits)
        rungs = [
            replace(
                rung,
                end=end,
                normalize=options.normalize,
                trim=options.trim_silence,
                changes=(*left_out(media), *_losses(rung, place, sound, limits, options, end), *rung.changes),
            )
            for place, rung in enumerate(self.rungs(media, sound, limits, options) if self._accepted(limits) else ())
        ]
        copy = SoundRecipe(encodes=0, channels=sound.channels, changes=left_out(media))
        asked = options.normalize or options.trim_silence
        if sound.codec == self.codec and not asked and complies(self.expect(copy, media, limits), limits):
            rungs[:0] = [copy] if self._copy_fits(media, limits, rungs) else []
        return obeying(self, rungs, media, limits)

    def _accepted(self, limits: Limits) -> bool:
        """Whether the limits accept sound in this format. How many channels they accept is for `rungs` to follow."""
        codecs = limits.sound_codecs(self.mime)
        codec = codecs is None or self.codec in codecs
        return codec and limits.accepts(self.mime) and limits.audio_streams != 0 and not limits.of_film

    def expect(self, recipe: SoundRecipe, media: Media, limits: Limits) -> Media:
        sound = media.main_audio
        assert sound is not None, "no recipe is made for what has no sound"
        duration = _least(seconds_of(media), recipe.end)
        stream = AudioStream(
            index=0,
            codec=self.codec,
            profile=self.profile if recipe.encodes else sound.profile,
            channels=recipe.channels,
            sample_rate=recipe.sample_rate or sound.sample_rate,
            bit_rate=recipe.bit_rate or sound.bit_rate,
            duration=None if recipe.trim else duration,
        )
        return Media(
            name=(PurePath(media.name).stem or "sound") + suffix_for(self.mime),
            size=0,
            mime=self.mime,
            kind="audio",
            duration=stream.duration,
            demuxer=self.demuxer,
            faststart=self.faststart,
            audio=(stream,),
            caption=media.caption,
            text=media.text,
        )

    def foresee(self, recipe: SoundRecipe, media: Media, limits: Limits) -> int | None:
        return self._bytes(recipe, media, recipe.end)

    def estimate(self, recipe: SoundRecipe, work: Work) -> int | None:
        return self._bytes(recipe, work.media, recipe.end)

    def encode(self, recipe: SoundRecipe, work: Work, output: Path) -> None:
        from mediaprep.running import tools

        sound = work.media.main_audio
        assert sound is not None, "no recipe is made for what has no sound"
        if not recipe.encodes:
            self.copy(work, sound, output)
            return
        heard = Heard()
        if recipe.normalize or recipe.trim:
            heard = work.notes.once(
                ("heard", recipe.channels, recipe.sample_rate),
                lambda: listen(work.folder, work.media, sound, recipe.channels, recipe.sample_rate),
            )
        tools.run(
            self.arguments(recipe, work.media, sound, heard, output.name),
            folder=work.folder,
            seconds=time_allowed(work.media),
            duration=seconds_of(work.media),
            progress=work.progress,
            ceiling=(output.name, work.ceiling) if work.ceiling is not None else None,
        )

    def arguments(self, recipe: SoundRecipe, media: Media, sound: AudioStream, heard: Heard, output: str) -> list[str]:
        """ffmpeg's arguments for an encode. Pure."""
        import ffmpeg

        from mediaprep.running import tools

        source = tools.source(media)[str(sound.index)]
        node = mixed(source, media, sound, recipe.channels, recipe.sample_rate)
        start, end = (heard.start, heard.end) if recipe.trim else (None, None)
        node = cut(node, start, _least(end, (start or 0.0) + recipe.end if recipe.end else None))
        if recipe.normalize:
            node = levelled(node, heard.loudness)
        return tools.arguments(ffmpeg.output(node, output, **BARE, **self.settings(recipe)))

    def _bytes(self, recipe: SoundRecipe, media: Media, end: float | None = None) -> int | None:
        seconds, sound = _least(seconds_of(media), end), media.main_audio
        bit_rate = recipe.bit_rate or (sound.bit_rate if sound else None)
        if seconds is None or bit_rate is None:
            return None
        return self.size(bit_rate, recipe.sample_rate or (sound.sample_rate if sound else 0), seconds)

    def _copy_fits(self, media: Media, limits: Limits, rungs: Sequence[SoundRecipe]) -> bool:
        """Whether a copy is small enough; above the advised size it is, if no encode gets below."""
        size = self._bytes(SoundRecipe(), media)
        if size is None and media.kind == "audio":
            size = media.size
        if size is None:
            return True
        if limits.max_bytes is not None and size > limits.max_bytes:
            return False
        if limits.advised_bytes is None or size <= limits.advised_bytes or not rungs:
            return True
        return (self._bytes(rungs[-1], media) or 0) > limits.advised_bytes


BARE: Settings = {"map_metadata": -1, "map_chapters": -1, "fflags": "+bitexact", "flags:a": "+bitexact"}
"""No tags, no chapters, no dates, no names of encoders."""


def _losses(
    rung: SoundRecipe, place: int, sound: AudioStream, limits: Limits, options: Options, end: float | None
) -> tuple[str, ...]:
    sentences = []
    if rung.channels < sound.channels:
        sentences.append(f"audio mixed down from {layout(sound.channels)} to {layout(rung.channels)}")
    if place and limits.max_bytes is not None:
        sentences.append(f"audio encoded at {rung.bit_rate / 1000:g} kbit/s to fit {megabytes(limits.max_bytes)}")
    if end is not None:
        sentences.append(f"cut to the first {limits.max_duration:g} s")
    if options.normalize:
        sentences.append("loudness normalized to -16 LUFS")
    if options.trim_silence:
        sentences.append("silence trimmed at both ends")
    return tuple(sentences)


def sound_end(media: Media, limits: Limits) -> float | None:
    """Where a sound that is too long is cut; a little early, as the last frame of a codec is always whole."""
    seconds = seconds_of(media)
    if limits.max_duration is None or (seconds is not None and seconds <= limits.max_duration):
        return None
    return max(limits.max_duration - 0.05, limits.max_duration / 2)


def _least(one: float | None, other: float | None) -> float | None:
    return min((each for each in (one, other) if each is not None), default=None)
