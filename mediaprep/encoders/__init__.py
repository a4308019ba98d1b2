"""The shelf of encoders: one module for each output format, one line for each here."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from mediaprep.encoders.base import Encoder, Recipe, Work

__all__ = ["ENCODERS", "Encoder", "Recipe", "Work", "encoder"]

ENCODERS: dict[str, str] = {
    "image/jpeg": "jpeg",
    "image/png": "png",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "audio/mp4": "m4a",
    "audio/ogg": "ogg_opus",
    "audio/mpeg": "rewrap",
    "audio/aac": "rewrap",
    "application/pdf": "pdf",
}
"""Output type to the module that makes it; the module's `ENCODERS[mime]` is loaded when a plan needs it."""


@cache
def encoder(mime: str) -> Encoder[Recipe] | None:
    """The encoder for an output type, or None. It takes recipes of its own ladder only, whatever their kind."""
    if mime not in ENCODERS:
        return None
    made: Encoder[Recipe] = import_module(f"mediaprep.encoders.{ENCODERS[mime]}").ENCODERS[mime]
    return made
