"""The sandbox's messages: when they were sent, and how a test changes them."""

from __future__ import annotations

from datetime import datetime, timedelta

from email_assets.sandbox import Sandbox
from email_assets_tests.warehouses import Row

A_DAY = timedelta(days=1)
"""The time that a sync looks back by default."""


def sent_at(row: Row) -> datetime:
    return datetime.fromisoformat(row["sent_at"].replace("Z", "+00:00"))


def at_full_second(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)


def start_after(row: Row) -> datetime:
    """The beginning of a sync whose cursor stands at a row."""
    return at_full_second(sent_at(row) - A_DAY)


def change_messages(api: Sandbox, *positions: int) -> list[Row]:
    """Give the rows at these positions another subject."""
    rows: list[Row] = api.rows("messages")
    for position in positions:
        rows[position] = {**rows[position], "subject": "changed"}
    api.replace("messages", rows)
    return rows
