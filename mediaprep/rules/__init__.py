"""The rules: facts and limits in, findings out. One file for each hundred of codes; pure.

Codes are for ever: MP1xx what the file is, MP2xx size and pixels, MP3xx streams, MP4xx metadata and privacy,
MP5xx names and captions. A name tells the fault, never the cure. A new rule is one function on its shelf.
"""

from __future__ import annotations

from msgspec.structs import replace

from mediaprep.media import Media
from mediaprep.rules import file, picture, privacy, streams, words
from mediaprep.rules.base import Action, Finding, Rule
from mediaprep.rules.limits import Limits

__all__ = ["RULES", "Action", "Finding", "Limits", "Rule", "check"]

RULES: dict[str, Rule] = {
    rule.code: rule for shelf in (file, picture, streams, privacy, words) for rule in shelf.shelf.rules
}


def check(media: Media, limits: Limits, *, ours: bool = False) -> tuple[Finding, ...]:
    """Every rule that the file breaks, in the order of codes.

    `ours`: the file is, or will be, made by mediaprep, so sizes are held to the strict reading (`max_bytes`).
    """
    if ours and limits.error_above is not None:
        limits = replace(limits, error_above=None)
    return tuple(finding for rule in RULES.values() if (finding := rule.find(media, limits)) is not None)


def errors(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(finding for finding in findings if finding.level == "error")
