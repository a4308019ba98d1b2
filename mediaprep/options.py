"""Options: what the sender can choose. Every option has a default that fits most files."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from mediaprep.errors import UsageError


class Options(Struct, frozen=True, kw_only=True):
    """Choices of the sender.

    `background`: background colour where transparency is removed, `#RRGGBB`. `voice_rate`: sample rate of voice notes,
    16000 (speech) or 48000 Hz; None: from the profile. `normalize`: loudness to -16 LUFS. `trim_silence`: remove
    silence at both ends. `speed_up`: a sticker that is too long plays faster instead of being cut. `crop`: crop a
    sticker to fill the square (default: fit, transparent margins). `pack`, `publisher`, `emojis`: sticker metadata.
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
            raise UsageError(f'invalid background colour: "{self.background}"; expected #RRGGBB, for example #FFFFFF')
        if len(self.emojis) > 3:
            raise UsageError(f"too many emojis: {len(self.emojis)}; limit: 3 per sticker")

    def ask_for_work(self, target: str) -> bool:
        """Whether a file that complies must be encoded or rewritten because of an option."""
        sound = target in ("voice", "audio") and (self.normalize or self.trim_silence)
        sticker = "sticker" in target and bool(self.pack or self.publisher or self.emojis)
        return sound or sticker
