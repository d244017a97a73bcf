"""The figures of runs without rows, with retries, and with rows that could not be loaded."""

import dagster as dg
import pytest

from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.dagster_fixtures import figures, instance, materialize
from email_assets_tests.defs.asset_fixtures import NOT_COUNTS

__all__ = ["instance"]


class TestFigures:
    def test_a_resource_without_rows_is_materialized_with_zeros(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("domains", Fault("empty"))

        found = figures(materialize(instance, "domains"), "domains")

        assert {figure: found[figure] for figure in found if figure not in NOT_COUNTS} == {
            "rows_received": 0,
            "rows_listed": 0,
            "rows_loaded": 0,
            "rows_new": 0,
            "rows_updated": 0,
            "rows_unchanged": 0,
            "rows_without_key": 0,
            "window": "everything",
            "stopped_early": False,
            "newest_is_missing": False,
            "schema_changes": [],
            "api_total": 0,
            "dagster/row_count": 0,
            "requests": 1,
            "retries": 0,
        }

    @pytest.mark.slow
    def test_retries_and_the_seconds_waited_for_them_are_told(
        self, api: Sandbox, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("RUNTIME__REQUEST_MAX_RETRY_DELAY", "0.05")
        api.set_faults("domains", Fault("status", status=429, retry_after="60", times=2))

        found = figures(materialize(instance, "domains"), "domains")

        assert (found["requests"], found["retries"]) == (3, 2)
        assert found["seconds_throttled"] == 0.1

    def test_rows_that_could_not_be_loaded_are_told(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("domains", Fault("null_id", rows=3))

        found = figures(materialize(instance, "domains"), "domains")

        assert (found["rows_received"], found["rows_without_key"], found["rows_loaded"]) == (
            8,
            3,
            5,
        )
