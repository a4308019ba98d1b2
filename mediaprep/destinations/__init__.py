"""Where messages go: one module for each API. A new one is a module with a `Destination`, and its line here.

The list is light: a destination's module is loaded when it is used.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

from mediaprep.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from mediaprep.destinations.base import Destination

DESTINATIONS = {
    "wassenger": "Wassenger",
    "engagelab": "EngageLab",
    "msgflash": "MsgFlash",
    "whatsapp": "WhatsApp",
    "twilio": "Twilio",
    "waha": "WAHA",
}


def destination_class(name: str) -> type[Destination]:
    """The class of a destination. Raises `UsageError` for a name that is not known."""
    if name not in DESTINATIONS:
        raise UsageError(
            f'invalid destination: "{name}"{did_you_mean(name, DESTINATIONS)}; expected {", ".join(DESTINATIONS)}'
        )
    found: type[Destination] = getattr(import_module(f"mediaprep.destinations.{name}"), DESTINATIONS[name])
    return found


def connect(name: str, environment: Mapping[str, str] = os.environ) -> Destination:
    """A destination with the address and the keys of the environment. Nothing is sent."""
    return destination_class(name)(environment)
