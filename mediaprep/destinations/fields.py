"""What stands in single fields, of messages and of answers."""

from __future__ import annotations

import datetime
import re
from typing import Any

from mediaprep.errors import BadAnswer, UsageError


def e164(phone: str) -> str:
    """A phone number as `+12345678900`. Raises `UsageError` for what is none.

    Source: ITU-T E.164: a country code, at most 15 digits in all, no leading zero.
    """
    if not phone:
        raise UsageError("missing phone number; add --to in E.164 form, such as +12345678900")
    plain = re.sub(r"[\s().-]", "", phone) if "(0)" not in phone else ""  # a zero that is dialled at home alone
    if not re.fullmatch(r"\+[1-9]\d{6,14}", plain, re.ASCII):
        raise UsageError(
            f'invalid phone number: "{phone}"; expected E.164 form, with + and country code, such as +12345678900'
        )
    return plain


def group_id(name: str) -> str:
    """A group's id. Raises `UsageError` for what is none."""
    if not re.fullmatch(r"[0-9]+(-[0-9]+)?@g\.us", name, re.ASCII):
        raise UsageError(f'invalid group id: "{name}"; expected an id that ends in @g.us: 120363163556487865@g.us')
    return name


def media_id(value: Any, place: str) -> str:
    """An id from an answer. Raises `BadAnswer` for what cannot be one."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9._:-]{1,128}", value, re.ASCII):
        return value
    raise BadAnswer(f"{place} returned success without a usable media id")


def instant(value: Any) -> datetime.datetime | None:
    """A time from an answer, such as `2021-09-06T22:49:50.949Z`, in UTC; None for what is none."""
    try:
        found = datetime.datetime.fromisoformat(value)
        return found.replace(tzinfo=found.tzinfo or datetime.UTC).astimezone(datetime.UTC)
    except (TypeError, ValueError, OverflowError):
        return None
