"""WebP: stickers, still and animated. Which rungs there are, best to smallest; `sticker.session` makes them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path, PurePath

from msgspec.structs import replace

from mediaprep.containers import riff
from mediaprep.encoders import picture, sticker
from mediaprep.encoders.base import Encoder, Recipe, Work, complies, obeying
from mediaprep.encoders.picture import flattening, frames
from mediaprep.encoders.sticker import Art, reel
from mediaprep.encoders.sticker.reel import Cut
from mediaprep.encoders.sticker.session import Drawing, Session
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.rules import Action, Finding, Limits
from mediaprep.rules.streams import MEASURED

LONGEST = 60.0
"""Seconds of an animation where the limits do not tell."""

QUALITIES = (90, 85, 80, 75, 70, 65, 60, 55, 50, 45, 40, 35, 30, 25, 20, 18, 15, 12, 8, 7, 5, 2, 0)
SHARES = (1.0, 4 / 5, 2 / 3, 1 / 2, 2 / 5, 1 / 3, 1 / 4, 1 / 6)
"""Of the source's frame rate: each is a regular rhythm."""
SLOWEST = 4.0
"""Frames a second; only when nothing else is left are there fewer."""
SOFTER = ((20, 0.7), (8, 0.5))
"""Below such a quality a picture of less detail looks better than one that falls into blocks. It falls together with
quality: noise that was made smaller and larger again can take as many bytes as before."""
DETAILS = (0.15, 0.08)
"""The last resort, at quality 0."""


_NEXT_FRAME = 0.5
"""What a further frame takes of the bytes of the first."""
_AS_JPEG = 0.6
"""What WebP takes of the bytes that JPEG would."""


class Webp(Recipe, frozen=True, kw_only=True):
    """`canvas`: pixels. `art`: what of the picture it shows, and how large. `quality`: 0 to 100, None for lossless.
    `fps`: frames a second at most, None for all. `detail`: the share of the art's pixels a side that is kept before
    it is enlarged again. `flatten`: the colour that transparency becomes. `block`: the EXIF that names the pack."""

    canvas: tuple[int, int] = (0, 0)
    art: Art = Art(size=(0, 0))
    quality: int | None = None
    fps: float | None = None
    detail: float = 1.0
    animated: bool = False
    cut: Cut | None = None
    flatten: str | None = None
    block: bytes = b""

    @property
    def drawing(self) -> Drawing:
        return Drawing(canvas=self.canvas, flatten=self.flatten, fps=self.fps, quality=self.quality, detail=self.detail)

    @property
    def copies(self) -> bool:
        return self.encodes == 0


class WebpEncoder:
    mime = "image/webp"

    def ladder(self, media: Media, limits: Limits, findings: Sequence[Finding], options: Options) -> Sequence[Webp]:
        copied = [one for one in _copies(media, findings, options) if complies(self.expect(one, media, limits), limits)]
        return obeying(self, (*copied, *_encodes(media, limits, options)), media, limits)

    def expect(self, recipe: Webp, media: Media, limits: Limits) -> Media:
        name = str(PurePath(media.name or "sticker").with_suffix(".webp"))
        if recipe.copies:
            return replace(media, name=name, size=0, metadata=(), trailing=0)
        clear = recipe.flatten is None
        return Media(
            name=name,
            size=0,
            mime=self.mime,
            kind="animation" if recipe.animated else "image",
            width=recipe.canvas[0],
            height=recipe.canvas[1],
            frames=_frames(recipe, media) if recipe.animated else 1,
            duration=_longer(_seconds(recipe, media), 2 * (limits.min_frame or 0)) if recipe.animated else None,
            alpha=clear,
            mode="RGBA" if clear else "RGB",
            lossless=recipe.quality is None,
            caption=media.caption,
            text=media.text,
        )

    def foresee(self, recipe: Webp, media: Media, limits: Limits) -> int | None:
        """Of a picture of ordinary content: what is flat needs a third, what is noise three times as much."""
        if recipe.copies:
            return media.size - media.trailing + len(recipe.block)
        frames_made = _frames(recipe, media) if recipe.animated else 1
        bits = 0.25 + (1.0 if recipe.quality is None else recipe.quality / 100)
        first = recipe.art.size[0] * recipe.art.size[1] * recipe.detail * bits / 8
        if media.kind != "video" and recipe.quality is not None:
            first = min(first, _AS_JPEG * picture.foreseen(media, recipe.art.size, recipe.quality))
        share = _NEXT_FRAME if recipe.animated else 1.0
        return round(first * (1 + (frames_made - 1) * share)) + len(recipe.block) + 100

    def estimate(self, recipe: Webp, work: Work) -> int | None:
        if recipe.copies:
            return work.media.size + len(recipe.block)
        return _session(work, recipe).estimate(recipe.drawing)

    def encode(self, recipe: Webp, work: Work, output: Path) -> None:
        if not recipe.copies:
            output.write_bytes(_session(work, recipe).encoded(recipe.drawing, recipe.block))
            return
        if not recipe.block:
            riff.strip_webp(work.source, output)
            return
        stripped = work.folder / "stripped"
        riff.strip_webp(work.source, stripped)
        sticker.label(stripped, output, recipe.block)


def _copies(media: Media, findings: Sequence[Finding], options: Options) -> list[Webp]:
    block = sticker.pack_block(options)
    curable = all(finding.action <= Action.REMUX for finding in findings)
    if media.mime != "image/webp" or not curable or not (findings or block):
        return []
    return [Webp(encodes=0, animated=media.kind == "animation", block=block)]


def _encodes(media: Media, limits: Limits, options: Options) -> list[Webp]:
    """The rungs: quality falls first, then frames, at last detail. No knob ever rises, so the bytes never do."""
    if media.kind in ("audio", "document") or not all(media.upright):
        return []
    canvas = sticker.canvas(media, limits)
    opaque = limits.alpha is False or bool(limits.modes and "RGBA" not in limits.modes)
    animated = media.moves if limits.animated is None else limits.animated
    if (animated and not media.moves) or not _acceptable(limits, canvas, animated=animated, opaque=opaque):
        return []
    cut, said = _cut(media, limits, options) if animated else (None, [])
    base = Webp(
        canvas=canvas,
        art=(sticker.cropped_art if options.crop else sticker.fitted_art)(media.upright, canvas),
        animated=animated,
        cut=cut,
        flatten=options.background if opaque else None,
        block=sticker.pack_block(options),
        changes=(*said, *_losses(media, canvas, options, animated=animated, opaque=opaque)),
    )
    rate = _rate(media, cut) if cut else None
    fastest = limits.max_fps if rate is not None and limits.max_fps is not None else None
    if fastest is not None and rate is not None and rate > fastest * (1 + MEASURED):
        base = replace(base, changes=(*base.changes, f"frame rate lowered to {fastest:g} frames per second"))
    base = replace(base, fps=fastest)
    steps = _steps(min(rate, fastest or rate) if rate is not None else None, fastest)
    return [*([base] if media.lossless else []), *(_rung(base, *step) for step in steps)]


def _acceptable(limits: Limits, canvas: tuple[int, int], *, animated: bool, opaque: bool) -> bool:
    """Whether the limits accept any WebP of this canvas: 8 bits a channel, RGB or RGBA, two frames if it moves."""
    size = max(canvas) <= min(sticker.LARGEST_SIDE, limits.max_side or sticker.LARGEST_SIDE)
    mode = animated or not limits.modes or ("RGB" if opaque else "RGBA") in limits.modes
    depth = limits.bit_depth is None or limits.bit_depth >= 8
    shortest = 2 * (limits.min_frame or 0) if animated else 0
    length = limits.max_duration is None or shortest <= limits.max_duration
    return size and mode and depth and length and limits.accepts(WebpEncoder.mime) and not limits.of_sound


def _rung(base: Webp, fps: float | None, quality: int, detail: float) -> Webp:
    said = list(base.changes)
    if fps is not None and fps != base.fps:
        said.append(f"frame rate lowered to at most {fps:.3g} frames per second to fit the size limit")
    if detail < 1:
        pixels = max(1, round(max(base.art.size) * detail))
        said.append(f"detail reduced to that of {pixels} pixels to fit the size limit")
    return replace(base, fps=fps, quality=quality, detail=detail, changes=tuple(said))


def _losses(media: Media, canvas: tuple[int, int], options: Options, *, animated: bool, opaque: bool) -> list[str]:
    said = []
    if media.moves and not animated:
        frame = f"first of {media.frames} frames" if media.frames > 1 else "first frame of the video"
        said.append(f"only the {frame} is kept")
    if media.audio:
        said.append("audio removed")
    if opaque and media.alpha:
        said.append(flattening(options.background))
    if options.crop and sticker.fitted_art(media.upright, canvas).size != canvas:
        said.append(f"image cropped to {canvas[0]} x {canvas[1]}")
    return said


def _cut(media: Media, limits: Limits, options: Options) -> tuple[Cut, list[str]]:
    """What part of the clip is shown, and the sentence about it."""
    most, whole = limits.max_duration or LONGEST, frames.playing_time(media)
    if whole is None or whole <= most + 1e-6:
        return Cut(seconds=most), []
    if options.speed_up:
        speed = whole / most
        return Cut(seconds=most, speed=speed), [f"sped up {speed:.2f} times to fit {most:g} s"]
    return Cut(seconds=most), [f"cut to the first {most:g} s of {whole:.1f} s"]


def _rate(media: Media, cut: Cut) -> float:
    """Frames a second at which the whole would be shown."""
    if media.kind == "video":
        return reel.film_rate(media)
    whole = frames.playing_time(media)
    return min(reel.FASTEST_ANIMATION, media.frames / whole * cut.speed) if whole else 10.0


def _steps(rate: float | None, fastest: float | None = None) -> list[tuple[float | None, int, float]]:
    """Frame rate (None for all frames), quality and detail of each rung. None of them rises.

    `rate`: frames a second that there are; `fastest`: that the limits accept.
    """
    slower = [share * rate for share in SHARES[1:] if share * rate >= SLOWEST] if rate else []
    steps: list[tuple[float | None, int, float]] = []
    softer = list(SOFTER)
    fps, detail = fastest, 1.0
    for before, quality in pairwise((QUALITIES[0], *QUALITIES)):
        while slower and quality < _worth(min(fps or rate or 0.0, rate or 0.0)):
            fps = slower.pop(0)
            steps.append((fps, before, detail))
        while softer and quality < softer[0][0]:
            detail = softer.pop(0)[1]
        steps.append((fps, quality, detail))
    steps += [(fps, 0, least) for least in DETAILS]
    return steps + [(least, 0, DETAILS[-1]) for least in (2.0, 1.0) if rate and least < min(fps or rate, rate)]


def _worth(fps: float) -> float:
    """The quality below which fewer frames a second look better than worse ones; from structural similarity to the
    source over time, on film and noise: 20 at 16 frames a second, 9 at 10, 0 at 5."""
    return 1.8 * fps - 9.0


def _longer(seconds: float | None, least: float) -> float | None:
    return None if seconds is None else max(seconds, least)


def _seconds(recipe: Webp, media: Media) -> float | None:
    whole = frames.playing_time(media)
    if whole is None or recipe.cut is None:
        return None
    return min(recipe.cut.seconds, whole / recipe.cut.speed)


def _frames(recipe: Webp, media: Media) -> int:
    """How many frames there will be about; neighbours that are alike become one."""
    seconds = _seconds(recipe, media)
    own = _rate(media, recipe.cut) if recipe.cut else None
    rate = min(own, recipe.fps or own) if own else recipe.fps
    return max(2, round(seconds * rate) if seconds and rate else media.frames)


def _session(work: Work, recipe: Webp) -> Session:
    """The source as it was decoded once for all rungs."""
    return work.notes.once("session", lambda: Session.open(work, recipe.art, recipe.cut))


ENCODERS: dict[str, Encoder[Webp]] = {WebpEncoder.mime: WebpEncoder()}
