"""An API that was synced once, and the ways to read it by time."""

from __future__ import annotations

from email_assets_tests.dagster_fixtures import empty_home, instance
from email_assets_tests.sync.incremental_fixtures import (
    after_a_first_sync,
    asks_for_windows,
    incremental,
    load,
    loaded,
    running,
    said,
    sandbox,
    stops_early,
)

__all__ = [
    "after_a_first_sync",
    "asks_for_windows",
    "empty_home",
    "incremental",
    "instance",
    "load",
    "loaded",
    "running",
    "said",
    "sandbox",
    "stops_early",
]
