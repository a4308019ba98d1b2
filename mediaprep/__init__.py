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

from mediaprep.version import __version__ as __version__

if TYPE_CHECKING:
    from mediaprep.batch.prepare import check, check_all, plan, prepare, prepare_all
    from mediaprep.destinations.base import (
        Destination,
        Envelope,
        Outgoing,
        Parcel,
        Receipt,
        Reference,
        Slot,
    )
    from mediaprep.destinations.body import Body, Post
    from mediaprep.destinations.variable import Variable
    from mediaprep.encoders.base import Encoder, Recipe, Work
    from mediaprep.errors import (
        MediaprepError,
        NetworkError,
        OutputError,
        ProfileError,
        SourceError,
        ToolError,
        UsageError,
    )
    from mediaprep.hosts.base import Host, Links
    from mediaprep.media import Media
    from mediaprep.network.web import File, Line
    from mediaprep.options import Options
    from mediaprep.planning.profiles import Profile
    from mediaprep.planning.profiles import load as load_profile
    from mediaprep.publishing.hook import prepare_message
    from mediaprep.publishing.publish import publish, publish_all
    from mediaprep.publishing.terms import Terms, agree
    from mediaprep.publishing.transport import SendableTransport
    from mediaprep.record import NotSendable, Prepared
    from mediaprep.rules import Action, Finding, Limits

__all__ = [
    "Action",
    "Body",
    "Destination",
    "Encoder",
    "Envelope",
    "File",
    "Finding",
    "Host",
    "Limits",
    "Line",
    "Links",
    "Media",
    "MediaprepError",
    "NetworkError",
    "NotSendable",
    "Options",
    "Outgoing",
    "OutputError",
    "Parcel",
    "Post",
    "Prepared",
    "Profile",
    "ProfileError",
    "Receipt",
    "Recipe",
    "Reference",
    "SendableTransport",
    "Slot",
    "SourceError",
    "Terms",
    "ToolError",
    "UsageError",
    "Variable",
    "Work",
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
    "batch.prepare": ("check", "check_all", "plan", "prepare", "prepare_all"),
    "destinations.base": ("Destination", "Envelope", "Outgoing", "Parcel", "Receipt", "Reference", "Slot"),
    "destinations.body": ("Body", "Post"),
    "destinations.variable": ("Variable",),
    "encoders.base": ("Encoder", "Recipe", "Work"),
    "errors": (
        "MediaprepError", "NetworkError", "OutputError", "ProfileError", "SourceError", "ToolError",
        "UsageError",
    ),
    "hosts.base": ("Host", "Links"),
    "media": ("Media",),
    "network.web": ("File", "Line"),
    "options": ("Options",),
    "publishing.hook": ("prepare_message",),
    "planning.profiles": ("Profile",),
    "publishing.publish": ("publish", "publish_all"),
    "record": ("NotSendable", "Prepared"),
    "rules": ("Action", "Finding", "Limits"),
    "publishing.terms": ("Terms", "agree"),
    "publishing.transport": ("SendableTransport",),
}  # fmt: skip


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


if not TYPE_CHECKING:  # else type checkers would take any name for one that exists

    def __getattr__(name: str) -> Any:
        """Names are loaded when used, so that `import mediaprep` costs next to nothing."""
        from importlib import import_module

        if name == "load_profile":
            return import_module("mediaprep.planning.profiles").load
        for home, names in _HOMES.items():
            if name in names:
                return getattr(import_module(f"mediaprep.{home}"), name)
        raise AttributeError(f"module 'mediaprep' has no attribute {name!r}")
