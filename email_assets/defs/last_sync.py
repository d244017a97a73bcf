"""Tells syncs, which go on from where the one before left off, from backfills of other times."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

BACKFILL = "backfill"
"""The metadata of a materialization by a backfill: true. Those by syncs have none."""
AT_ONCE = 100
"""Materializations to fetch at once. A backfill makes one of each of its partitions, which may be
thousands."""


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
    history = _newest_first(instance, last.asset_key)
    return next((record for record in history if not _is_backfill(record)), None)


def _newest_first(instance: dg.DagsterInstance, asset: dg.AssetKey) -> Iterator[dg.EventLogRecord]:
    cursor, has_more = None, True
    while has_more:
        found = instance.fetch_materializations(asset, AT_ONCE, cursor)
        yield from found.records
        cursor, has_more = found.cursor, found.has_more


def _is_backfill(record: dg.EventLogRecord) -> bool:
    event = record.asset_materialization
    found = event.metadata.get(BACKFILL) if event else None
    return bool(found and found.value)
