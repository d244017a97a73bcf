"""Ways to read messages by time."""

from __future__ import annotations

from email_assets_tests.sync.incremental_fixtures import asks_for_windows, incremental, stops_early

__all__ = ["asks_for_windows", "incremental", "stops_early"]
