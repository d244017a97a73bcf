"""Instants as APIs write them."""

from __future__ import annotations

from datetime import date, datetime, timezone
from email.utils import parsedate_to_datetime

import pendulum

MILLISECONDS = 10**11
"""From here on, a number of seconds would be a year beyond 5000."""


def as_utc(value: str | float) -> datetime:
    """An instant that an API wrote in ISO 8601, as RFC 2822, or in seconds or ms since 1970.

    A time without an offset is taken for UTC, a date for the beginning of its day.

    Raises:
        ValueError: It is none of these.
    """
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        seconds = value / 1000 if abs(value) >= MILLISECONDS else value
        return datetime.fromtimestamp(seconds, timezone.utc)
    text = str(value)
    # exact: a time of day is not one of today
    found = parsedate_to_datetime(text) if text[:1].isalpha() else pendulum.parse(text, exact=True)
    if isinstance(found, date) and not isinstance(found, datetime):
        found = datetime.combine(found, datetime.min.time())
    if not isinstance(found, datetime):
        raise ValueError("no instant")
    if found.tzinfo is None:
        found = found.replace(tzinfo=timezone.utc)
    return datetime.fromtimestamp(found.timestamp(), timezone.utc)
