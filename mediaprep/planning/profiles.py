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
Only the targets are inherited, each key with the source that it has there; `*` stands for the keys of this table. A key
without a source is the profile's own.

A profile in the folder `profiles/` is shipped; nothing else names it.
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

TOML_UNITS: dict[str, dict[str, float]] = {
    "bytes": {"B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30},
    "seconds": {"MS": 0.001, "S": 1, "MIN": 60, "H": 3600},
}


LARGEST = 32_768
"""Bytes of a profile; the shipped ones have a fifth of it."""


class Citation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a limit is written, and the day that was looked up."""

    title: str
    checked: datetime.date
    url: str = ""


Cited = dict[str, dict[str, Citation]]
"""By target and key; a key that is not there is the profile's own."""


class Profile(Struct, frozen=True, kw_only=True):
    """What one platform accepts: `targets` by name, `cited` for what the platform itself says. `file`: the TOML file's
    name, for keys that rest on nothing else."""

    name: str
    title: str
    targets: dict[str, Limits]
    cited: Cited = {}
    file: str = ""

    def limits(self, target: str) -> Limits:
        if target not in self.targets:
            raise UsageError(
                f'the profile "{self.name}" has no target "{target}"{did_you_mean(target, self.targets)}; '
                f"available: {', '.join(self.targets)}"
            )
        return self.targets[target]

    def source(self, target: str, key: str) -> Citation | None:
        """Where this limit is written; None where it is the profile's own."""
        return self.cited.get(target, {}).get(key)

    @property
    def sources(self) -> tuple[Citation, ...]:
        """All that is cited, in the order of use."""
        return tuple({one: None for keys in self.cited.values() for one in keys.values()})


def shipped_folder() -> Path:
    """Inside the wheel, or beside the package in a source tree."""
    inside = Path(__file__).parents[1] / "_profiles"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "profiles"


MAIN_PROFILE = "whatsapp"
"""The profile that most others extend; it comes first wherever they are listed."""

SHIPPED = tuple(
    sorted((path.stem for path in shipped_folder().glob("*.toml")), key=lambda name: (name != MAIN_PROFILE, name))
)
"""The names of the shipped profiles, in the order in which they are listed."""


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
            "or a path to a .toml file"
        )
    if not path.is_file():
        raise ProfileError(f"profile file not found: {where}. Check the path")
    if (size := path.stat().st_size) > LARGEST:
        raise ProfileError(
            f"profile {where} too large: {size:,} bytes, limit: {LARGEST:,}. Check that it is the right file"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ProfileError(f"profile {where} is not UTF-8 text. Save it as UTF-8") from None
    except OSError as error:
        raise ProfileError(f"cannot read profile {where}: {error.strerror}") from None
    return parse(text, path.stem, where)


def shipped_text(name: str) -> str:
    """The TOML of a shipped profile."""
    return (shipped_folder() / f"{name}.toml").read_text(encoding="utf-8")


def parse(text: str, name: str, where: str = "") -> Profile:
    """The profile that a TOML text describes. `where`: its path, named in errors."""
    file = Path(where).name or f"{name}.toml"
    where = where or f"profile {name}"
    table = _toml(text, where)
    title, name = table.pop("title", ""), table.pop("name", name)
    if not isinstance(title, str) or not isinstance(name, str):
        raise ProfileError(f"{where}: name and title must be text in quotes")
    merged = _merged(table, where)
    targets = {target: limits_from(keys, f"{where}: [{target}]") for target, keys in merged.tables.items()}
    if not targets:
        raise ProfileError(f"{where}: no target; add a table such as [image]")
    _check_fallbacks(targets, where)
    return Profile(name=name, title=title or name, targets=targets, cited=merged.cited, file=file)


def _toml(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{where}: invalid TOML: {error}") from None
    except (RecursionError, ValueError):
        raise ProfileError(f"{where}: invalid TOML: nested too deeply, or a number with thousands of digits") from None


class _Merged(Struct):
    """A profile laid over those that it extends: keys as TOML has them, and what is cited for each. `known`: the
    citations that a table may name."""

    tables: dict[str, dict[str, Any]]
    cited: Cited
    known: dict[str, Citation]


def _merged(table: dict[str, Any], where: str) -> _Merged:
    """Sources are resolved in the profile that sets a key, before another one is laid over it."""
    extends = "extends" in table
    made = _extended(table.pop("extends"), where) if extends else _Merged({}, {}, {})
    for key, value in _table(table.pop("sources", {}), where, "sources").items():
        made.known[key] = _struct(value, Citation, f"{where}: [sources.{key}]")
    for target, value in table.items():
        if extends and value is False:
            made.tables.pop(target, None)
            made.cited.pop(target, None)
            continue
        keys = dict(_table(value, where, target))
        spot = f"{where}: [{target}]"
        named = _struct(keys.pop("source", {}), dict[str, str], f"{spot} source")
        for key, source in named.items():
            if source not in made.known:
                raise ProfileError(
                    f'{spot} source.{key}: "{source}" is not defined under [sources]{did_you_mean(source, made.known)}'
                )
        base = made.tables.get(target, {})
        if "error_above" not in keys and keys.get("max_bytes", base.get("max_bytes")) != base.get("max_bytes"):
            base = {key: one for key, one in base.items() if key != "error_above"}  # it was about another number
        inherited = {key: one for key, one in made.cited.get(target, {}).items() if key in base and key not in keys}
        own = {key: named["*"] for key in keys if "*" in named} | {key: one for key, one in named.items() if key != "*"}
        made.tables[target] = {**base, **keys}
        made.cited[target] = {**inherited, **{key: made.known[source] for key, source in own.items()}}
    return made


def _extended(name: Any, where: str) -> _Merged:
    """What is inherited of a shipped profile, which may itself extend another."""
    if name not in SHIPPED:
        raise ProfileError(
            f'{where}: extends: unknown profile "{name}"{did_you_mean(str(name), SHIPPED)}; '
            f"available: {', '.join(SHIPPED)}"
        )
    table = _toml(shipped_text(name), name)
    return _merged({key: value for key, value in table.items() if key not in ("name", "title")}, name)


def _check_fallbacks(targets: Mapping[str, Limits], where: str) -> None:
    """Each names a target, and none leads back to where it came from."""
    for target, one in targets.items():
        passed, fallback = [target], one.fallback
        while fallback is not None:
            if fallback not in targets:
                raise ProfileError(
                    f'{where}: [{passed[-1]}] fallback: unknown target "{fallback}"{did_you_mean(fallback, targets)}; '
                    f"available: {', '.join(targets)}"
                )
            if fallback in passed:
                raise ProfileError(f"{where}: [{target}] fallback leads in a circle: {', '.join([*passed, fallback])}")
            passed.append(fallback)
            fallback = targets[fallback].fallback


def _table(value: Any, where: str, key: str) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    raise ProfileError(
        f'{where}: "{key}" is outside any table{did_you_mean(key, ["name", "title", "extends"])}. '
        "Put limits under a target such as [image]"
    )


def limits_from(keys: Mapping[str, Any], spot: str) -> Limits:
    """One table as `Limits`; key by key, so that an error names the key."""
    hints = get_type_hints(Limits, include_extras=True)
    values: dict[str, Any] = {}
    for key, value in keys.items():
        if key not in hints:
            raise ProfileError(f'{spot} unknown key "{key}"{did_you_mean(key, hints)}')
        values[key] = _struct(_with_unit(value, hints[key], f"{spot} {key}"), hints[key], f"{spot} {key}")
    if "mime" not in values:
        raise ProfileError(f'{spot} missing key "mime". List the accepted types, such as mime = ["image/jpeg"]')
    made = Limits(**values)
    if made.error_above is not None and (made.max_bytes is None or made.error_above < made.max_bytes):
        raise ProfileError(f"{spot} error_above must be at least max_bytes")
    return made


def _with_unit(value: Any, hint_: Any, spot: str) -> Any:
    """A text such as "5 MB" as a number, where the key has a unit."""
    kind = next((name for name in TOML_UNITS if name in repr(hint_) and "unit" in repr(hint_)), None)
    if kind is None or not isinstance(value, str):
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", value)
    units = TOML_UNITS[kind]
    if match is None or (unit := match[2].upper() or next(iter(units))) not in units:
        given = match[2] if match else value
        known = ", ".join(units).replace("IB", "iB") if kind == "bytes" else ", ".join(units).lower()
        raise ProfileError(
            f'{spot} = "{value}": missing or unknown unit of {"size" if kind == "bytes" else "time"}'
            f"{did_you_mean(given.upper(), units)}; accepted: {known}"
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


PLAIN_WORDS = {
    '"array"': "a list",
    '"object"': "a table",
    '"str"': "a text in quotes",
    '"int"': "a whole number",
    '"float"': "a number",
    '"bool"': "true or false",
    '"date"': "a day such as 2026-11-21",
    "Expected": "expected",
    "Object contains unknown field": "unknown key",
    "Object missing required field": "missing key",
}


def _plainly(said: str, type_: Any) -> str:
    """msgspec's message in the words of somebody who writes TOML."""
    said = said.replace("`", '"').replace(' | null"', '"').split(" - at ")[0]
    for technical, plain in PLAIN_WORDS.items():
        said = said.replace(technical, plain)
    if "Invalid enum value" in said:
        known = ", ".join(str(one) for one in getattr(MetadataKind, "__args__", ()))
        said = said.replace("Invalid enum value", "unknown kind") + f"; accepted: {known}"
    return said
