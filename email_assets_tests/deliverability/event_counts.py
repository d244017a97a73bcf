"""Counts of what happened on each day: by the view of events, and by the table of days."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from email_assets.account import configured_account

Counts = list[tuple[Any, ...]]
Query = Callable[[str], list[tuple[Any, ...]]]

TYPES = ("sent", "bounced", "complained")


def counts_of_events(query: Query) -> Counts:
    """Day, sender and type of each event that `deliverability` tells, and how many there are."""
    return query(
        "SELECT CAST(time AT TIME ZONE 'UTC' AS DATE) AS day, sender, type, count(*) "
        f"FROM email.email_events WHERE type IN {_told()} GROUP BY ALL ORDER BY ALL"
    )


def counts_of_days(query: Query) -> Counts:
    """The same, of `deliverability_daily`."""
    return query(
        "SELECT * FROM (UNPIVOT (SELECT day, sender, sent, bounced, complaints AS complained "
        "FROM email.deliverability_daily) ON sent, bounced, complained INTO NAME type VALUE found) "
        f"WHERE found > 0 AND type IN {_told()} ORDER BY ALL"
    )


def _told() -> tuple[str, ...]:
    """The types of events that the vendor's `deliverability` tells of."""
    mapping = configured_account().deliverability
    assert mapping
    return TYPES if mapping["bounces"].get("complaint") else TYPES[:2]
