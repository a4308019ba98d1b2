"""mediaprep: any media file made sendable over WhatsApp-style messaging APIs, and proven so.

from mediaprep import prepare

record = prepare("holiday.mov", into="out")
if record.status == "ready":
    print(record.path, record.mime, record.bytes)

from mediaprep import Envelope, agree, publish

terms = agree("wassenger", envelope=Envelope(to="+12345678900"))
print(publish("holiday.mov", terms=terms).message)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from mediaprep.batch import check, check_all, plan, prepare, prepare_all
    from mediaprep.destinations.base import Envelope
    from mediaprep.errors import (
        MediaprepError,
        NetworkError,
        NotSendable,
        OutputError,
        ProfileError,
        SourceError,
        ToolError,
        UsageError,
    )
    from mediaprep.options import Options
    from mediaprep.presend import prepare_message
    from mediaprep.profiles import Profile
    from mediaprep.profiles import load as load_profile
    from mediaprep.publishing import publish, publish_all
    from mediaprep.record import Prepared
    from mediaprep.rules import Action, Finding, Limits
    from mediaprep.terms import Terms, agree
    from mediaprep.transport import SendableTransport

__all__ = [
    "Action",
    "Envelope",
    "Finding",
    "Limits",
    "MediaprepError",
    "NetworkError",
    "NotSendable",
    "Options",
    "OutputError",
    "Prepared",
    "Profile",
    "ProfileError",
    "SendableTransport",
    "SourceError",
    "Terms",
    "ToolError",
    "UsageError",
    "agree",
    "check",
    "check_all",
    "load_profile",
    "plan",
    "prepare",
    "prepare_all",
    "prepare_message",
    "publish",
    "publish_all",
]

_HOMES = {
    "batch": ("check", "check_all", "plan", "prepare", "prepare_all"),
    "destinations.base": ("Envelope",),
    "errors": (
        "MediaprepError", "NetworkError", "NotSendable", "OutputError", "ProfileError", "SourceError", "ToolError",
        "UsageError",
    ),
    "options": ("Options",),
    "presend": ("prepare_message",),
    "profiles": ("Profile",),
    "publishing": ("publish", "publish_all"),
    "record": ("Prepared",),
    "rules": ("Action", "Finding", "Limits"),
    "terms": ("Terms", "agree"),
    "transport": ("SendableTransport",),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Names are loaded when used, so that `import mediaprep` costs next to nothing."""
    from importlib import import_module

    if name == "load_profile":
        return import_module("mediaprep.profiles").load
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"mediaprep.{home}"), name)
    raise AttributeError(f"module 'mediaprep' has no attribute {name!r}")
