"""Options: what the sender may choose. Everything has a default that fits most files."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from mediaprep.errors import UsageError


class Options(Struct, frozen=True, kw_only=True):
    """Choices of the sender.

    `background`: what transparency is flattened onto, `#RRGGBB`. `voice_rate`: 16000 (speech) or 48000 Hz; unset,
    the profile's. `normalize`: loudness to -16 LUFS. `trim_silence`: cut silence at both ends.
    `speed_up`: a sticker that is too long plays faster instead of being cut. `crop`: sticker art fills the square
    and loses what stands out. `pack`, `publisher`, `emojis`: written into a sticker as WhatsApp's own carry them.
    """

    background: str = "#FFFFFF"
    voice_rate: Literal[16000, 48000] | None = None
    normalize: bool = False
    trim_silence: bool = False
    speed_up: bool = False
    crop: bool = False
    pack: str = ""
    publisher: str = ""
    emojis: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not re.fullmatch(r"#[0-9A-Fa-f]{6}", self.background):
            raise UsageError(
                f'the background "{self.background}" is no colour; write it as #RRGGBB, for example #FFFFFF'
            )
        if len(self.emojis) > 3:
            raise UsageError("a sticker takes at most 3 emojis")

    def ask_for_work(self, target: str) -> bool:
        """Whether a file that complies must be worked on all the same."""
        sound = target in ("voice", "audio") and (self.normalize or self.trim_silence)
        sticker = "sticker" in target and bool(self.pack or self.publisher or self.emojis)
        return sound or sticker
