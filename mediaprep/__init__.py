"""mediaprep: any media file made sendable over WhatsApp-style messaging APIs, and proven so.

from mediaprep import prepare

record = prepare("holiday.mov", into="out")
if record.status == "ready":
    print(record.path, record.mime, record.bytes)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from mediaprep.batch import check, check_all, plan, prepare, prepare_all
    from mediaprep.errors import MediaprepError, OutputError, ProfileError, SourceError, ToolError, UsageError
    from mediaprep.options import Options
    from mediaprep.profiles import Profile
    from mediaprep.profiles import load as load_profile
    from mediaprep.record import Prepared
    from mediaprep.rules import Action, Finding, Limits

__all__ = [
    "Action",
    "Finding",
    "Limits",
    "MediaprepError",
    "Options",
    "OutputError",
    "Prepared",
    "Profile",
    "ProfileError",
    "SourceError",
    "ToolError",
    "UsageError",
    "check",
    "check_all",
    "load_profile",
    "plan",
    "prepare",
    "prepare_all",
]

_HOMES = {
    "batch": ("check", "check_all", "plan", "prepare", "prepare_all"),
    "errors": ("MediaprepError", "OutputError", "ProfileError", "SourceError", "ToolError", "UsageError"),
    "options": ("Options",),
    "profiles": ("Profile",),
    "record": ("Prepared",),
    "rules": ("Action", "Finding", "Limits"),
}


def __getattr__(name: str) -> Any:
    """Names are loaded when used, so that `import mediaprep` costs next to nothing."""
    from importlib import import_module

    if name == "load_profile":
        return import_module("mediaprep.profiles").load
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"mediaprep.{home}"), name)
    raise AttributeError(f"module 'mediaprep' has no attribute {name!r}")
