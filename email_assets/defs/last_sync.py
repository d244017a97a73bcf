"""Tells syncs, which go on from where the one before left off, from backfills of other times."""

from __future__ import annotations

import dagster as dg

BACKFILL = "backfill"
"""The metadata of a materialization by a backfill: true. Those by syncs have none."""
MOST_LOOKED_AT = 1000
"""The latest materializations among which a sync is looked for: a backfill makes one of each of
its partitions."""


def last_sync(
    instance: dg.DagsterInstance, last: dg.EventLogRecord | None
) -> dg.EventLogRecord | None:
    """The last materialization of an asset by a sync, or None if there is none.

    Args:
        instance: Has the history of the asset.
        last: Its last materialization.
    """
    if last is None or last.asset_key is None or not _is_backfill(last):
        return last
    latest = instance.fetch_materializations(last.asset_key, limit=MOST_LOOKED_AT).records
    return next((record for record in latest if not _is_backfill(record)), None)


def _is_backfill(record: dg.EventLogRecord) -> bool:
    event = record.asset_materialization
    found = event.metadata.get(BACKFILL) if event else None
    return bool(found and found.value)
