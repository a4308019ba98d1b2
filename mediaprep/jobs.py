"""What is asked for: plain values, so that they can travel to another process or machine."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Struct

from mediaprep.options import Options
from mediaprep.profiles import Profile
from mediaprep.record import printable

Stage = Literal["check", "plan", "prepare"]


class Request(Struct, frozen=True, kw_only=True):
    """What is wanted: the same for every file of a run. `target`: None to follow each file's medium."""

    profile: Profile
    target: str | None = None
    options: Options = Options()
    caption: str = ""
    text: str = ""


class Job(Struct, frozen=True, kw_only=True):
    """One file to work on.

    `scratch`: a private folder, removed by the caller. `into`, `stem`: where the output goes and its name without
    ending; `replacing`: this source's output of an earlier run. `link`: where the source was fetched from; `public`:
    whether anybody gets the same bytes there.
    """

    source: Path
    request: Request
    scratch: Path
    stage: Stage = "prepare"
    into: Path = Path()
    stem: str = ""
    replacing: Path | None = None
    link: str = ""
    public: bool = False

    @property
    def shown(self) -> str:
        """The source as its sender knows it, printable."""
        return printable(self.link or self.source)
