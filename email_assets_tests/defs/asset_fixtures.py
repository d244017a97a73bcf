"""Runs of the assets, and what they tell."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from email_assets.sandbox import Sandbox
from email_assets_tests.dagster_fixtures import instance, materialize, platform
from email_assets_tests.queries import ask

__all__ = ["instance"]


NOT_COUNTS = {
    "bytes",
    "seconds",
    "seconds_extract",
    "seconds_normalize",
    "seconds_load",
    "seconds_throttled",
    "dagster/column_schema",
    "nested_tables",
    "dagster/uri",
    "dagster/table_name",
}


@dataclass
class Materialization:
    """A first run of assets, the API that it read, what it logged and the warehouse it filled."""

    run: dg.ExecuteInProcessResult
    sandbox: Sandbox
    log: list[dg.EventLogEntry]
    warehouse: Path

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return ask(self.warehouse, sql)

    def rows_of_api(self, name: str) -> int:
        return len(self.sandbox.rows(name))


def materialize_first(folder: Path, sandbox: Sandbox, *names: str) -> Materialization:
    """Run all assets, or some, on a fresh instance and warehouse; the run may fail."""
    with platform(folder, sandbox) as instance:
        run = materialize(instance, *names)
        log = instance.all_logs(run.run_id)
    return Materialization(run, sandbox, list(log), folder / "warehouse.duckdb")
