"""The rules: facts and limits in, findings out. One file for each hundred of codes; pure.

Codes never change: MP1xx file type and size, MP2xx pixels, MP3xx streams, MP4xx metadata and privacy, MP5xx file
names, captions and links. A rule's name says the fault, never the cure. A new rule is one function on its shelf.
"""

from __future__ import annotations

from msgspec.structs import replace

from mediaprep.media import Media
from mediaprep.rules import file, links, pixels, privacy, streams, words
from mediaprep.rules.base import Action, Finding, Rule
from mediaprep.rules.limits import Limits
from mediaprep.rules.links import Served

__all__ = [
    "GROUPS",
    "LINK_RULES",
    "MANUAL",
    "RENAMED",
    "RULES",
    "Action",
    "Finding",
    "Limits",
    "Rule",
    "Served",
    "check_link",
    "check_media",
]  # fmt: skip

RULES: dict[str, Rule[Media, Limits]] = {
    rule.code: rule for shelf in (file, pixels, streams, privacy, words) for rule in shelf.shelf.rules
}
LINK_RULES: dict[str, Rule[Served]] = {rule.code: rule for rule in links.shelf.rules}
MANUAL: dict[str, Rule[...]] = {**RULES, **LINK_RULES}
"""Every rule, for `explain`."""

GROUPS = {
    "MP1": "file type and file size",
    "MP2": "size in pixels, colours, frame times",
    "MP3": "containers, video and audio streams",
    "MP4": "metadata and privacy",
    "MP5": "names, captions and links",
}
"""The subject of each first digit of a code."""

RENAMED = {"too-large": "too-many-pixels"}
"""Former names of rules, which `explain` still accepts."""


def check_media(media: Media, limits: Limits, *, ours: bool = False) -> tuple[Finding, ...]:
    """Every rule that the file breaks, in the order of codes.

    `ours`: the file is, or will be, made by mediaprep, so its size is checked against `max_bytes` itself.
    """
    if ours and limits.error_above is not None:
        limits = replace(limits, error_above=None)
    return tuple(finding for rule in RULES.values() if (finding := rule.find(media, limits)) is not None)


def check_link(served: Served) -> tuple[Finding, ...]:
    """Every link rule that a link with the right content breaks, in the order of codes."""
    return tuple(finding for rule in LINK_RULES.values() if (finding := rule.find(served)) is not None)


def errors_of(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.level == "error")
