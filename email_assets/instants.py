"""Instants as APIs write them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import pendulum

MILLISECONDS = 10**11
"""From here on, a number of seconds would be a year beyond 5000."""

_PLAIN = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]([01]\d|2[0-3]):\d\d:\d\d(\.\d{3}|\.\d{6})?)(Z|[+-]\d\d:\d\d)", re.ASCII
)
"""Times as nearly all are written, which Python reads in a tenth of the time."""
_LOOSE = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?"
    r"(?:UTC|GMT|Z|([+-]\d\d:?\d\d)(?: UTC)?)",
    re.ASCII | re.IGNORECASE,
)
"""Times as Ruby, Go and others write them by default: `2026-03-01 12:00:00 UTC`."""
_SINCE_1970 = re.compile(r"\d{10}(\.\d+)?|\d{13}", re.ASCII)
"""Seconds or ms as text, of this century."""
_IN_ORDER = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", re.ASCII)
"""Times whose order is that of their texts, where these are equally long."""


def as_utc(value: str | float) -> datetime:
    """An instant that an API wrote in ISO 8601 or nearly so, as RFC 2822, or as time since 1970.

    A time without an offset is taken for UTC, a date for the beginning of its day. Time since 1970
    is in seconds or ms.

    Raises:
        ValueError: It is none of these.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            seconds = value / 1000 if abs(value) >= MILLISECONDS else value
            return datetime.fromtimestamp(seconds, timezone.utc)
        except (OverflowError, OSError):  # beyond what the computer's calendar takes
            raise ValueError("no instant") from None
    text = str(value)
    if plain := _PLAIN.fullmatch(text):
        with suppress(ValueError, OverflowError):
            offset = "+00:00" if plain[4] == "Z" else plain[4]
            return datetime.fromisoformat(plain[1] + offset).astimezone(timezone.utc)
    if loose := _LOOSE.fullmatch(text):
        text = f"{loose[1]}T{loose[2]}{loose[3] or 'Z'}"
    elif _SINCE_1970.fullmatch(text):
        return as_utc(float(text))
    # exact: a time of day is not one of today
    found = parsedate_to_datetime(text) if text[:1].isalpha() else pendulum.parse(text, exact=True)
    if isinstance(found, date) and not isinstance(found, datetime):
        found = datetime.combine(found, datetime.min.time())
    if not isinstance(found, datetime):
        raise ValueError("no instant")
    if found.tzinfo is None:
        found = found.replace(tzinfo=timezone.utc)
    return datetime.fromtimestamp(found.timestamp(), timezone.utc)


def latest_of(values: Sequence[Any]) -> str | None:
    """The latest of times that are all written alike, or None if they are not, or there are none.

    Some of them may be no times, such as the 30th of February.
    """
    if set(map(type, values)) != {str} or len(set(map(len, values))) != 1:
        return None
    return max(values) if all(map(_IN_ORDER.fullmatch, values)) else None
