"""A sync's metadata, which Dagster plots over time, and its line in the log."""

from __future__ import annotations

from typing import Any

import dagster as dg

from email_assets.defs.last_sync import BACKFILL
from email_assets.defs.rows_gone import ROWS_GONE
from email_assets.sync.report import SyncReport


def summary_of(name: str, report: SyncReport) -> str:
    """A sync in one line of the log."""
    usage = report.usage
    return (
        f"{name}: {report.rows_loaded} rows loaded, {report.rows_unchanged} unchanged, "
        f"{report.row_count} in the table; "
        f"requests: {usage.requests}, retries: {usage.retries}, seconds: {report.seconds:.1f}"
    )


def metadata_of_sync(report: SyncReport, rows_gone: int = 0) -> dict[str, dg.MetadataValue[Any]]:
    """A sync's figures as metadata that Dagster plots over time. Zero is a value too.

    Args:
        report: The sync.
        rows_gone: Rows that the sync before it left, and that were gone as it began.
    """
    counts = {
        "rows_received": report.rows_received,
        "rows_listed": report.rows_listed,
        "rows_loaded": report.rows_loaded,
        "rows_new": report.rows_new,
        "rows_updated": report.rows_updated,
        "rows_unchanged": report.rows_unchanged,
        "rows_without_key": report.rows_without_key,
        "dagster/row_count": report.row_count,
        "requests": report.usage.requests,
        "retries": report.usage.retries,
        "bytes": report.usage.bytes,
    }
    seconds = {
        "seconds": report.seconds,
        **{f"seconds_{step}": spent for step, spent in report.seconds_of.items()},
        "seconds_throttled": report.usage.seconds_throttled,
    }
    figures: dict[str, dg.MetadataValue[Any]] = {
        **{name: dg.MetadataValue.int(count) for name, count in counts.items()},
        **{name: dg.MetadataValue.float(round(spent, 3)) for name, spent in seconds.items()},
    }
    if report.rows_withheld is not None:
        figures["rows_withheld"] = dg.MetadataValue.int(report.rows_withheld)
    if report.api_total is not None:
        figures["api_total"] = dg.MetadataValue.int(report.api_total)
    figures["window"] = dg.MetadataValue.text(str(report.window))
    figures["stopped_early"] = dg.MetadataValue.bool(report.stopped_early)
    figures["newest_is_missing"] = dg.MetadataValue.bool(report.newest_is_missing)
    figures["schema_changes"] = dg.MetadataValue.json(report.schema_changes)
    if report.usage.bytes_replaced:
        figures["bytes_replaced"] = dg.MetadataValue.int(report.usage.bytes_replaced)
    if report.is_backfill:
        figures[BACKFILL] = dg.MetadataValue.bool(True)
    if rows_gone:
        figures[ROWS_GONE] = dg.MetadataValue.int(rows_gone)
    if report.stretches_missed:
        figures["stretches_missed"] = dg.MetadataValue.json(report.stretches_missed)
    if report.owners_refused:
        figures["owners_refused"] = dg.MetadataValue.json(report.owners_refused)
    if report.owners_unavailable:
        figures["owners_unavailable"] = dg.MetadataValue.json(report.owners_unavailable)
    if report.preview:
        figures["preview"] = _table(report.preview)
    return figures


def _table(rows: list[dict[str, str]]) -> dg.TableMetadataValue:
    names = list(dict.fromkeys(name for row in rows for name in row))
    return dg.MetadataValue.table(
        [dg.TableRecord({name: row.get(name, "") for name in names}) for row in rows],
        dg.TableSchema([dg.TableColumn(name) for name in names]),
    )
