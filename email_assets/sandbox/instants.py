"""Instants as requests write them, and the rows of a stretch of time."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any

TIME_FIELDS = {"messages": "sent_at", "bounces": "bounced_at"}
"""The resources that can be asked for a stretch of time, and the field that it is about."""

EARLIEST = datetime.min.replace(tzinfo=timezone.utc)
LATEST = datetime.max.replace(tzinfo=timezone.utc)

_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6})\d*)?(Z|[+-]\d\d:\d\d)", re.ASCII
)


def instant(text: str) -> datetime:
    """An instant from ISO 8601 with an offset from UTC: `2026-01-31T09:30:00Z`.

    Raises:
        ValueError: It is none, or only a date, or the offset is missing.
    """
    found = _INSTANT.fullmatch(text)
    if found is None:
        raise ValueError("no instant")
    second, fraction, offset = found.groups(default="")
    return datetime.fromisoformat(f"{second}.{fraction:0<6}{offset.replace('Z', '+00:00')}")


def lies_within(row: Any, resource: str, since: datetime | None, until: datetime | None) -> bool:
    """True if a row of a resource tells a time from one instant to another, both included."""
    field = TIME_FIELDS[resource]
    try:
        at = instant(row[field])
    except (KeyError, TypeError, ValueError):
        return False
    return (since or EARLIEST) <= at <= (until or LATEST)
