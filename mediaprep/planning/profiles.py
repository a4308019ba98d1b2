"""Profiles: TOML in, `Profile` of `Limits` out. The keys of a table are the fields of `Limits`, nothing else.

    name = "whatsapp"
    title = "WhatsApp Cloud API"

    [sources.media]                       # what a limit rests on
    title = "Media"
    url = "https://…"
    checked = 2026-11-21

    [image]                               # a target
    source = { "*" = "media", max_bytes = "media" }
    mime = ["image/jpeg", "image/png"]
    max_bytes = "5 MB"

`extends = "whatsapp"` starts from a shipped profile and changes single keys; `sticker = false` takes a target out.
"""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct

from mediaprep.errors import ProfileError, UsageError, did_you_mean
from mediaprep.media import MetadataKind
from mediaprep.rules.limits import LARGEST_NUMBER, Limits

SHIPPED = ("whatsapp", "wassenger", "engagelab", "msgflash", "twilio", "waha")

UNITS: dict[str, dict[str, float]] = {
    "bytes": {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30},
    "seconds": {"MS": 0.001, "S": 1, "MIN": 60, "H": 3600},
}


LARGEST = 32_768
"""Bytes of a profile; the shipped ones have a fifth of it."""


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a limit is written, and the day that was looked up."""

    title: str
    checked: datetime.date
    url: str = ""


class Profile(Struct, frozen=True, kw_only=True):
    """What one platform accepts: `targets` by name, and for each the source of every key (`*` for the rest)."""

    name: str
    title: str
    targets: dict[str, Limits]
    sources: dict[str, Source]
    source_of: dict[str, dict[str, str]]

    def limits(self, target: str) -> Limits:
        if target not in self.targets:
            raise UsageError(
                f'the profile "{self.name}" has no target "{target}"{did_you_mean(target, self.targets)}; '
                f"it has {', '.join(self.targets)}"
            )
        return self.targets[target]

    def source(self, target: str, key: str) -> Source | None:
        names = self.source_of.get(target, {})
        return self.sources.get(names.get(key, names.get("*", "")))


def load(name_or_path: str | Path) -> Profile:
    """A shipped profile by name, or a TOML file by path. Raises `ProfileError`, one line naming table and key."""
    return _load(str(name_or_path))


@cache
def _load(where: str) -> Profile:
    if where in SHIPPED:
        return parse(shipped_text(where), where)
    path = Path(where)
    if path.suffix.lower() != ".toml" and not path.is_file():
        raise ProfileError(
            f'unknown profile "{where}"{did_you_mean(where, SHIPPED)}; available: {", ".join(SHIPPED)}, '
            "or the path of a .toml file"
        )
    if not path.is_file():
        raise ProfileError(f"there is no profile file {where}")
    if path.stat().st_size > LARGEST:
        raise ProfileError(f"the profile {where} has more than {LARGEST:,} bytes; is it the right file?")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ProfileError(f"the profile {where} is not UTF-8 text; save it as such") from None
    except OSError as error:
        raise ProfileError(f"the profile {where} cannot be read: {error.strerror}") from None
    return parse(text, path.stem, where)


def shipped_text(name: str) -> str:
    """The TOML of a shipped profile: inside the wheel, or beside the package in a source tree."""
    inside = Path(__file__).parents[1] / "_profiles" / f"{name}.toml"
    beside = Path(__file__).parents[2] / "profiles" / f"{name}.toml"
    return (inside if inside.is_file() else beside).read_text(encoding="utf-8")


def parse(text: str, name: str, where: str = "") -> Profile:
    """The profile that a TOML text describes. `where` is named in errors."""
    where = where or f"profile {name}"
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{where}: not valid TOML: {error}") from None
    except (RecursionError, ValueError):
        raise ProfileError(
            f"{where}: not valid TOML: nested too deeply, or a number with thousands of digits"
        ) from None
    table = _extended(table, where)
    title = table.pop("title", name)
    name = table.pop("name", name)
    if not isinstance(title, str) or not isinstance(name, str):
        raise ProfileError(f"{where}: name and title are texts in quotes")
    sources = {
        key: _struct(value, Source, f"{where}: [sources.{key}]")
        for key, value in _table(table.pop("sources", {}), where, "sources").items()
    }
    targets: dict[str, Limits] = {}
    source_of: dict[str, dict[str, str]] = {}
    for target, value in table.items():
        spot = f"{where}: [{target}]"
        keys = dict(_table(value, where, target))
        cited = _struct(keys.pop("source", {}), dict[str, str], f"{spot} source")
        for key, source in cited.items():
            if source not in sources:
                raise ProfileError(
                    f'{spot} source.{key} names "{source}", which is not under [sources]{did_you_mean(source, sources)}'
                )
        source_of[target] = cited
        targets[target] = limits(keys, spot)
    for target, one in targets.items():
        if one.fallback is not None and one.fallback not in targets:
            raise ProfileError(
                f'{where}: [{target}] fallback names the target "{one.fallback}", which is not there'
                f"{did_you_mean(one.fallback, targets)}"
            )
    if not targets:
        raise ProfileError(f"{where}: there is no target; add a table such as [image]")
    return Profile(name=name, title=title, targets=targets, sources=sources, source_of=source_of)


def _extended(table: dict[str, Any], where: str) -> dict[str, Any]:
    """The table laid over the shipped profile that it extends, which may itself extend another."""
    if "extends" not in table:
        return table
    name = str(table["extends"])
    if name not in SHIPPED:
        raise ProfileError(
            f'{where}: extends names "{name}"{did_you_mean(name, SHIPPED)}; there are {", ".join(SHIPPED)}'
        )
    base = _extended(tomllib.loads(shipped_text(name)), where)
    merged = {**base, **{key: _merged(base.get(key), value) for key, value in table.items() if key != "extends"}}
    return {key: value for key, value in merged.items() if value is not False}


def _merged(base: Any, value: Any) -> Any:
    return {**base, **value} if isinstance(base, dict) and isinstance(value, dict) else value


def _table(value: Any, where: str, key: str) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    raise ProfileError(
        f'{where}: "{key}" stands outside any table{did_you_mean(key, ["name", "title", "extends"])}; '
        "limits belong under a target such as [image]"
    )


def limits(keys: Mapping[str, Any], spot: str) -> Limits:
    """One table as `Limits`; key by key, so that an error names the key."""
    hints = get_type_hints(Limits, include_extras=True)
    values: dict[str, Any] = {}
    for key, value in keys.items():
        if key not in hints:
            raise ProfileError(f'{spot} has no key "{key}"{did_you_mean(key, hints)}')
        values[key] = _struct(_with_unit(value, hints[key], f"{spot} {key}"), hints[key], f"{spot} {key}")
    if "mime" not in values:
        raise ProfileError(f"{spot} lacks mime, the list of types that are taken")
    made = Limits(**values)
    if made.error_above is not None and (made.max_bytes is None or made.error_above < made.max_bytes):
        raise ProfileError(f"{spot} error_above must not be below max_bytes")
    return made


def _with_unit(value: Any, hint_: Any, spot: str) -> Any:
    """A text such as "5 MB" as a number, where the key has a unit."""
    kind = next((name for name in UNITS if name in repr(hint_) and "unit" in repr(hint_)), None)
    if kind is None or not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", value)
    units = UNITS[kind]
    if match is None or (unit := match[2].upper() or next(iter(units))) not in units:
        given = match[2] if match else value
        known = ", ".join(units).replace("IB", "iB") if kind == "bytes" else ", ".join(units).lower()
        raise ProfileError(
            f'{spot} = "{value}" has no unit of {"size" if kind == "bytes" else "time"}'
            f"{did_you_mean(given.upper(), units)}; known are {known}"
        )
    number = float(match[1]) * units[unit]
    if number > LARGEST_NUMBER:
        raise ProfileError(f'{spot} = "{value}" is too large')
    if kind == "bytes" and number != int(number):
        raise ProfileError(f'{spot} = "{value}" is not a whole number of bytes')
    return int(number) if kind == "bytes" else number


def _struct(value: Any, type_: Any, spot: str) -> Any:
    try:
        return msgspec.convert(value, type_, strict=True)
    except msgspec.ValidationError as error:
        raise ProfileError(f"{spot}: {_plainly(str(error), type_)}") from None


PLAIN = {
    '"array"': "a list",
    '"object"': "a table",
    '"str"': "a text in quotes",
    '"int"': "a whole number",
    '"float"': "a number",
    '"bool"': "true or false",
    '"date"': "a day such as 2026-11-21",
    "Expected": "expected",
    "Object contains unknown field": "there is no key",
    "Object missing required field": "there must be a key",
}


def _plainly(said: str, type_: Any) -> str:
    """msgspec's message in the words of somebody who writes TOML."""
    said = said.replace("`", '"').replace(' | null"', '"').split(" - at ")[0]
    for technical, plain in PLAIN.items():
        said = said.replace(technical, plain)
    if "Invalid enum value" in said:
        known = ", ".join(str(one) for one in getattr(MetadataKind, "__args__", ()))
        said = said.replace("Invalid enum value", "there is no kind") + f"; there are {known}"
    return said
