"""Messages that were synced once, and ways to read them by time."""

from __future__ import annotations

from email_assets_tests.sync.incremental_fixtures import (
    asks_for_windows,
    first_syncs,
    incremental,
    loaded,
    running,
    sandbox,
    stops_early,
)

__all__ = [
    "asks_for_windows",
    "first_syncs",
    "incremental",
    "loaded",
    "running",
    "sandbox",
    "stops_early",
]
