"""An API that was synced once, and the ways to read it by time."""

from __future__ import annotations

from email_assets_tests.dagster_fixtures import empty_home, instance
from email_assets_tests.sync.incremental_fixtures import (
    asks_for_windows,
    first_syncs,
    incremental,
    load,
    loaded,
    running,
    said,
    sandbox,
    stops_early,
)

__all__ = [
    "asks_for_windows",
    "empty_home",
    "first_syncs",
    "incremental",
    "instance",
    "load",
    "loaded",
    "running",
    "said",
    "sandbox",
    "stops_early",
]
