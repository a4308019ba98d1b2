"""Facts and a profile in, a plan out. Pure: nothing is read, nothing is started."""

from __future__ import annotations

from msgspec import Struct

from mediaprep.encoders import Recipe, encoder
from mediaprep.media import Media
from mediaprep.options import Options
from mediaprep.planning.profiles import Profile
from mediaprep.rules import Action, Finding, Limits, check_media, errors_of

BY_KIND = {"image": "image", "animation": "gif", "video": "video", "audio": "audio", "document": "document"}
"""The target that follows from the medium where none is asked for."""


class Route(Struct, frozen=True):
    """One way to make it: an output type and its ladder of recipes, best to smallest."""

    mime: str
    ladder: tuple[Recipe, ...]


class Plan(Struct, frozen=True, kw_only=True):
    """What will be done to one file, and why.

    `routes`: tried in order until one fits; empty for pass, fallback and reject. `fallback`: what happens when none
    does; None where nothing else can be sent either.
    """

    action: Action
    target: str
    limits: Limits
    findings: tuple[Finding, ...] = ()
    routes: tuple[Route, ...] = ()
    fallback: Plan | None = None

    @property
    def outcome(self) -> Plan:
        """The plan whose target and type come out if all goes well: this one, or that of its fallback where nothing
        else is left."""
        return self.fallback.outcome if self.action is Action.FALLBACK and self.fallback is not None else self

    @property
    def mime(self) -> str:
        """The type of what is made, "" where nothing is."""
        return self.routes[0].mime if self.routes else ""

    def detour(self, reason: str = "") -> str:
        """The sentence of a record about falling back. `reason`: what went wrong; by default the findings."""
        assert self.fallback is not None, "only a plan with a fallback falls back"
        why = reason or "; ".join(finding.message for finding in errors_of(self.findings))
        return f"sent as {self.fallback.target}, not as {self.target}: {why}"


def choose_target(media: Media, profile: Profile, wanted: str | None) -> str:
    """The target's full name: by medium where none is wanted; a sticker is still or animated by content."""
    target = wanted or BY_KIND[media.kind]
    if target == "sticker" and media.moves and "animated_sticker" in profile.targets:
        return "animated_sticker"
    if wanted is None and target == "gif" and target not in profile.targets:
        return "video"
    return target


def make_plan(media: Media, profile: Profile, target: str | None = None, options: Options | None = None) -> Plan:
    """The cheapest way to make the file comply. Raises `UsageError` for a target that the profile lacks."""
    options = options or Options()
    target = choose_target(media, profile, target)
    limits = profile.limits(target)
    findings = check_media(media, limits)
    needed = max((finding.action for finding in errors_of(findings)), default=Action.PASS)
    if needed is Action.PASS and not options.ask_for_work(target):
        return Plan(action=Action.PASS, target=target, limits=limits, findings=findings)
    fallback = None if _about_words(findings) else _fallback(media, profile, limits, options)
    if needed < Action.FALLBACK:
        ours = check_media(media, limits, ours=True)
        routes = _routes(media, limits, ours, options)
        if routes:
            action = Action.ENCODE if routes[0].ladder[0].encodes else Action.REMUX
            return Plan(
                action=action, target=target, limits=limits, findings=findings, routes=routes, fallback=fallback
            )
    action = Action.REJECT if fallback is None else Action.FALLBACK
    return Plan(action=action, target=target, limits=limits, findings=findings, fallback=fallback)


def _routes(media: Media, limits: Limits, findings: tuple[Finding, ...], options: Options) -> tuple[Route, ...]:
    """Every way there is: those that copy first, the file's own type before others; then in the profile's order."""
    own = [media.mime] if limits.accepts(media.mime) else []
    copied, encoded = [], []
    for mime in dict.fromkeys([*own, *limits.make]):
        one = encoder(mime)
        ladder = tuple(one.ladder(media, limits, errors_of(findings), options)) if one is not None else ()
        if ladder and ladder[0].encodes == 0:
            copied.append(Route(mime, ladder))
        elif ladder and mime in limits.make:
            encoded.append(Route(mime, ladder))
    return (*copied, *sorted(encoded, key=lambda route: limits.make.index(route.mime)))


def _fallback(media: Media, profile: Profile, limits: Limits, options: Options) -> Plan | None:
    if limits.fallback is None:
        return None
    plan = make_plan(media, profile, limits.fallback, options)
    return None if plan.action is Action.REJECT else plan


def _about_words(findings: tuple[Finding, ...]) -> bool:
    """Whether a caption or a text is at fault: the words are the sender's to mend, and a message of another kind than
    was meant does not mend them."""
    return any(finding.part == "message" for finding in errors_of(findings))
