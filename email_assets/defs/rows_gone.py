"""Rows that the last sync left in a table, and that are there no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import dagster as dg

from email_assets.account import Account
from email_assets.account.private import private_fields
from email_assets.privacy.memory import forgotten_since
from email_assets.warehouse.destination import connected

ROWS_GONE = "rows_gone"
"""The metadata of a sync that found rows gone: how many."""


@dataclass(frozen=True)
class Left:
    """The rows that the last sync left in a table."""

    rows: int
    since: datetime
    """The beginning of that sync, after which rows may have gone."""
    uri: str | None
    """The warehouse; code locations that share an instance may each have their own."""
    table: str | None
    """The table with its dataset; None by a version that did not tell."""

    @classmethod
    def by_sync(cls, event: dg.EventLogEntry | None) -> Left | None:
        """The rows by the figures of a materialization, or None if it has none."""
        figures = figures_of(event)
        if event is None or "dagster/row_count" not in figures:
            return None
        took = timedelta(seconds=float(figures.get("seconds", 0)))
        since = datetime.fromtimestamp(event.timestamp, timezone.utc) - took
        rows = int(figures["dagster/row_count"])
        return cls(rows, since, figures.get("dagster/uri"), figures.get("dagster/table_name"))

    def gone(self, account: Account, name: str, rows: int, say: Callable[[str], None]) -> int:
        """The rows that are gone, and that neither `keep_days` nor `forget` may have deleted.

        Args:
            account: Whose table it is, with its settings as they are now.
            name: The resource.
            rows: The rows that its table has.
            say: Told for whom the warehouse is waited for.

        Raises:
            EmailAssetsError: A setting cannot be used, or the warehouse cannot be read.
        """
        if rows >= self.rows or private_fields(account, name).keep_days:
            return 0
        if self.table not in (None, account.warehouse.table(name)):  # it may hold them still
            return 0
        with connected(account.warehouse, name, say, read_only=True) as client:
            if client and forgotten_since(client, self.since):
                return 0
        return self.rows - rows


def figures_of(event: dg.EventLogEntry | None) -> dict[str, Any]:
    """The metadata of a materialization, or nothing if there was none."""
    materialization = event.asset_materialization if event else None
    return {key: v.value for key, v in materialization.metadata.items()} if materialization else {}
