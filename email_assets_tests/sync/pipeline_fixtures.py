"""Syncs, and what they report."""

from __future__ import annotations

from typing import Any

from email_assets.sync.report import SyncReport


def figures(report: SyncReport) -> dict[str, Any]:
    """A report's figures, except for the time and the bytes, which differ from run to run."""
    return {
        "received": report.rows_received,
        "listed": report.rows_listed,
        "loaded": report.rows_loaded,
        "unchanged": report.rows_unchanged,
        "without key": report.rows_without_key,
        "total": report.api_total,
        "in table": report.row_count,
        "requests": report.usage.requests,
        "retries": report.usage.retries,
    }


def all_rows(count: int, requests: int = 1) -> dict[str, Any]:
    """The figures of a sync in which nothing was special."""
    return {
        **dict.fromkeys(("received", "listed", "loaded", "total", "in table"), count),
        "unchanged": 0,
        "without key": 0,
        "requests": requests,
        "retries": 0,
    }
