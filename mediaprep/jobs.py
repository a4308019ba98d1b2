"""What is asked for: plain values, so that they can travel to another process or machine."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from msgspec import Struct

from mediaprep.options import Options
from mediaprep.profiles import Profile

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
    ending; `replacing`: this source's output of an earlier run.
    """

    source: Path
    request: Request
    scratch: Path
    stage: Stage = "prepare"
    into: Path = Path()
    stem: str = ""
    replacing: Path | None = None
