"""Tells syncs, which go on from where the one before left off, from backfills of other times."""

from __future__ import annotations

import dagster as dg

BACKFILL = "backfill"
"""The metadata of a materialization by a backfill: true. Those by syncs have none."""
MOST_LOOKED_AT = 1000
"""The latest materializations among which a sync is looked for: a backfill makes one of each of
its partitions."""


def is_backfill(materialized: dg.EventLogEntry) -> bool:
    """True if it was a backfill that materialized an asset, which does not bring what is new."""
    event = materialized.asset_materialization
    found = event.metadata.get(BACKFILL) if event else None
    return bool(found and found.value)


def last_sync(instance: dg.DagsterInstance, asset: dg.AssetKey) -> dg.EventLogEntry | None:
    """The last materialization of an asset by a sync, or None if there is none."""
    last = instance.get_latest_materialization_event(asset)
    if last is None or not is_backfill(last):
        return last
    latest = instance.fetch_materializations(asset, limit=MOST_LOOKED_AT).records
    entries = (record.event_log_entry for record in latest)
    return next((entry for entry in entries if not is_backfill(entry)), None)
