"""What a rule is, what it reports, and the cheapest action that cures it."""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Callable
from typing import Generic, Literal, ParamSpec

from msgspec import Struct

from mediaprep.formats import suffix_for

Facts = ParamSpec("Facts")


class Action(enum.IntEnum):
    """What has to be done to a file, cheapest first."""

    PASS = 0
    REMUX = 1
    ENCODE = 2
    FALLBACK = 3
    REJECT = 4

    @property
    def word(self) -> str:
        return self.name.lower()


Level = Literal["error", "warning"]
Part = Literal["file", "container", "video", "audio", "picture", "metadata", "message", "link"]


class Finding(Struct, frozen=True, kw_only=True):
    """One rule broken by one file.

    * `code`: the code of the rule; `mediaprep explain CODE` prints its manual page.
    * `name`: the name of the rule.
    * `level`: `error`, or `warning` if the file complies all the same.
    * `message`: what is wrong, in one sentence.
    * `cure`: the cheapest action that cures it.
    * `part`: what the cure changes in the file.
    """

    code: str
    name: str
    level: Level
    message: str
    cure: str
    part: Part

    @property
    def action(self) -> Action:
        return Action[self.cure.upper()]


class Rule(Struct, Generic[Facts], frozen=True, kw_only=True):
    """A permanent code and name, the cheapest cure, and the function that checks.

    The function is pure: facts in (for a file, a `Media` and `Limits`), one sentence out, or None if they comply.
    Its docstring is the rule's manual page.
    """

    code: str
    name: str
    level: Level
    cure: Action
    part: Part
    look: Callable[Facts, str | None]

    @property
    def manual(self) -> str:
        return inspect.getdoc(self.look) or ""

    @property
    def summary(self) -> str:
        """The first clause of the manual page, in one line."""
        first = " ".join(self.manual.partition("\n\n")[0].split())
        return re.split(r"[.;:](?: |$)", first, maxsplit=1)[0]

    @property
    def source(self) -> str:
        """The source that the manual page names, in one line."""
        return " ".join(self.manual.rpartition("Source: ")[2].split()) if "Source: " in self.manual else ""

    def find(self, *facts: Facts.args, **more: Facts.kwargs) -> Finding | None:
        message = self.look(*facts, **more)
        if message is None:
            return None
        return Finding(
            code=self.code, name=self.name, level=self.level, message=message, cure=self.cure.word, part=self.part
        )


class Shelf(Generic[Facts]):
    """The rules of one group of codes, such as `MP3xx` for streams. Filled by its decorator, in order."""

    def __init__(self) -> None:
        self.rules: list[Rule[Facts]] = []

    def rule(
        self, code: str, name: str, *, cure: Action, part: Part, level: Level = "error"
    ) -> Callable[[Callable[Facts, str | None]], Callable[Facts, str | None]]:
        def shelve(look: Callable[Facts, str | None]) -> Callable[Facts, str | None]:
            self.rules.append(Rule(code=code, name=name, level=level, cure=cure, part=part, look=look))
            return look

        return shelve


def refused(accepted: bool | None, *, unless_set: bool) -> bool:
    """Whether a fault counts: as the profile's key says, else by the default of the rule."""
    return unless_set if accepted is None else not accepted


SPELLED = {
    ".jpg": "JPEG",
    ".tif": "TIFF",
    ".webp": "WebP",
    ".webm": "WebM",
    ".ogg": "Ogg",
    ".mkv": "Matroska",
    ".ts": "MPEG-TS",
}
"""Names that are not the suffix in capital letters."""


def title(mime: str) -> str:
    """The common name of a type: `JPEG`, `MP4`, `WebM audio`; the MIME type itself if it has no suffix here."""
    suffix = suffix_for(mime)
    name = SPELLED.get(suffix, suffix[1:].upper()) or mime
    kind, _, subtype = mime.partition("/")
    return f"{name} audio" if kind == "audio" and suffix and suffix_for(f"video/{subtype}") == suffix else name


def described(mime: str) -> str:
    """A type by both its names: `MOV (video/quicktime)`."""
    name = title(mime)
    return mime if name == mime else f"{name} ({mime})"


def megabytes(size: int) -> str:
    """A size for people: `4.2 MB`, `98 kB`, `512 bytes` (decimal units)."""
    if size >= 1_000_000:
        return f"{size / 1_000_000:.2f} MB"
    return f"{size / 1_000:.1f} kB" if size >= 10_000 else f"{size} bytes"
