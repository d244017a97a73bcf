"""Counts of what happened on each day: by the view of events, and by the table of days."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Counts = list[tuple[Any, ...]]
Query = Callable[[str], list[tuple[Any, ...]]]

TYPES = ("sent", "bounced", "complained")


def counts_of_events(query: Query) -> Counts:
    """Day, sender and type of each event that `deliverability` tells, and how many there are."""
    return query(
        "SELECT CAST(time AT TIME ZONE 'UTC' AS DATE) AS day, "
        "COALESCE(sender, 'unknown') AS sender, type, count(*) "
        f"FROM email.email_events WHERE type IN {TYPES} GROUP BY ALL ORDER BY ALL"
    )


def counts_of_days(query: Query) -> Counts:
    """The same, of `deliverability_daily`."""
    return query(
        "SELECT * FROM (UNPIVOT (SELECT day, sender, sent, bounced, complaints AS complained "
        "FROM email.deliverability_daily) ON sent, bounced, complained INTO NAME type VALUE found) "
        f"WHERE found > 0 AND type IN {TYPES} ORDER BY ALL"
    )
