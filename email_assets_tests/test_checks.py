"""What the checks of an asset say, evaluated on a real instance and a real warehouse."""

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from email_assets.api.session import Usage
from email_assets.api.windows import Window
from email_assets.assets import figures_of
from email_assets.checks import build_checks, build_freshness_checks
from email_assets.pipeline import SyncReport
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.dagster_fixtures import empty_home, instance, materialize

__all__ = ["empty_home", "instance"]

CHECKS = [*build_checks(), *build_freshness_checks()]
THREE_ROWS_SYNCED = SyncReport(
    rows_received=3,
    rows_listed=3,
    rows_loaded=3,
    rows_without_key=0,
    rows_unchanged=0,
    api_total=3,
    window=Window(),
    stopped_early=False,
    row_count=3,
    usage=Usage(requests=1, bytes=300),
    seconds=0.5,
)
HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"


def evaluate(
    instance: dg.DagsterInstance, check: str, asset: str = "bounces"
) -> dg.AssetCheckEvaluation:
    """Run one check alone, as the UI does, without its asset."""
    key = dg.AssetCheckKey(dg.AssetKey(asset), check)
    result = dg.materialize(CHECKS, selection=dg.AssetSelection.checks(key), instance=instance)
    assert result.success
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation


def ask(instance: dg.DagsterInstance, check: str) -> dg.AssetCheckResult:
    """What a check of bounces makes of the warehouse as it is, without a run around it."""
    key = dg.AssetCheckKey(dg.AssetKey("bounces"), check)
    (definition,) = (found for found in CHECKS if key in found.check_keys)
    results: Any = definition(dg.build_asset_check_context(instance=instance))
    (result,) = (found for found in results if found.check_name == check)
    assert isinstance(result, dg.AssetCheckResult)
    return result


def report_sync(instance: dg.DagsterInstance, asset: str = "bounces", **changes: Any) -> None:
    """Record a materialization with the figures of a sync, as an asset leaves them."""
    report = replace(THREE_ROWS_SYNCED, **changes)
    instance.report_runless_asset_event(dg.AssetMaterialization(asset, metadata=figures_of(report)))


def report_materialized(instance: dg.DagsterInstance, asset: str, ago: timedelta) -> None:
    """Record a materialization that is some time ago."""
    with dg.DagsterInstance.ephemeral() as elsewhere:
        elsewhere.report_runless_asset_event(dg.AssetMaterialization(asset))
        entry = elsewhere.get_latest_materialization_event(dg.AssetKey(asset))
    assert entry
    instance.handle_new_event(entry._replace(timestamp=time.time() - ago.total_seconds()))


def put(warehouse: Path, *ids: Any, column: str = "BIGINT") -> None:
    """Put rows with these ids into the table of bounces, past the asset."""
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("CREATE SCHEMA email")
        connection.execute(f"CREATE TABLE email.bounces (id {column})")
        connection.executemany("INSERT INTO email.bounces VALUES (?)", [[key] for key in ids])


def metadata_of(found: dg.AssetCheckEvaluation | dg.AssetCheckResult) -> dict[str, Any]:
    return {key: getattr(value, "value", value) for key, value in (found.metadata or {}).items()}


@pytest.fixture
def held(warehouse: Path) -> Iterator[int]:
    """The PID of another program that has the warehouse open."""
    arguments = [sys.executable, "-c", HOLD, str(warehouse)]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        yield holder.pid
        holder.communicate("\n", timeout=10)


def sync_servers(instance: dg.DagsterInstance) -> dict[str, dg.AssetCheckEvaluation]:
    """Load the servers, and give what their checks say in the same run."""
    found = materialize(instance, "servers").get_asset_check_evaluations()
    return {evaluation.check_name: evaluation for evaluation in found}


class TestAfterASync:
    @pytest.mark.usefixtures("api")
    def test_every_check_passes_in_the_run_that_materializes(
        self, instance: dg.DagsterInstance
    ) -> None:
        found = sync_servers(instance)

        assert {name: evaluation.passed for name, evaluation in found.items()} == {
            "primary_key": True,
            "complete": True,
            "freshness_check": True,
        }

    def test_a_resource_whose_rows_all_lack_an_id_fails_primary_key(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("servers", Fault("null_id", rows=100))

        found = sync_servers(instance)["primary_key"]

        assert not found.passed
        assert metadata_of(found) == {
            "rows": 0,
            "null_ids": len(api.rows("servers")),
            "duplicate_ids": 0,
            "duplicate_examples": [],
        }

    def test_a_primary_key_that_fails_fails_the_run_and_complete_is_told_all_the_same(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("servers", Fault("null_id", rows=100))

        result = materialize(instance, "servers")

        assert not result.success
        assert [str(event.step_key) for event in result.get_step_failure_events()] == [
            "servers_checks"
        ]
        assert {found.check_name for found in result.get_asset_check_evaluations()} == {
            "primary_key",
            "complete",
            "freshness_check",
        }

    def test_an_api_that_promises_more_rows_than_it_gives_makes_complete_warn(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("servers", Fault("total", value=9))

        found = sync_servers(instance)["complete"]

        assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
        assert found.description == (
            "servers: the API said there are 9 rows and gave 5. Those are loaded; run again, and "
            "ask the API's provider if it stays so."
        )
        assert metadata_of(found) == {"rows": 5, "rows_listed": 5, "api_total": 9}

    def test_an_api_without_a_total_passes_complete_and_says_so(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("servers", Fault("no_total"))

        found = sync_servers(instance)["complete"]

        assert found.passed
        assert found.description == "servers: the API gives no total; its list was read to the end."

    def test_an_api_without_rows_passes_and_says_so(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("servers", Fault("empty"))

        found = sync_servers(instance)

        assert found["primary_key"].passed
        assert found["primary_key"].description == "servers: nothing is loaded yet."
        assert found["complete"].passed
        assert found["complete"].description == "servers: the API has no rows yet."


class TestAlone:
    def test_a_check_runs_without_its_asset(
        self, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        put(warehouse, 1, 2, 3)
        report_sync(instance)

        assert evaluate(instance, "complete").passed
        assert evaluate(instance, "primary_key").passed

    def test_a_check_leaves_no_materialization_and_no_file(
        self, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        evaluate(instance, "primary_key")

        assert instance.get_latest_materialization_event(dg.AssetKey("bounces")) is None
        assert not warehouse.exists()

    def test_a_warehouse_that_cannot_be_read_fails_the_check_and_not_the_run(
        self, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        warehouse.write_bytes(b"rubbish" * 1000)

        assert not evaluate(instance, "primary_key").passed


class TestPrimaryKey:
    def test_it_counts_the_rows(self, warehouse: Path, instance: dg.DagsterInstance) -> None:
        put(warehouse, 1, 2, 3)

        result = ask(instance, "primary_key")

        assert (result.passed, result.description) == (True, None)
        assert metadata_of(result) == {
            "rows": 3,
            "null_ids": 0,
            "duplicate_ids": 0,
            "duplicate_examples": [],
        }

    def test_rows_that_came_without_an_id_fail_with_their_number(
        self, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        put(warehouse, 1, 2, 3)
        report_sync(instance, rows_received=5, rows_without_key=2)

        result = ask(instance, "primary_key")

        assert not result.passed
        assert result.description == "bounces: rows that came without id and were not loaded: 2."
        assert metadata_of(result)["null_ids"] == 2

    def test_null_ids_in_the_table_fail_with_their_number(
        self, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        put(warehouse, 1, None, None)

        result = ask(instance, "primary_key")

        assert not result.passed
        assert result.severity is dg.AssetCheckSeverity.ERROR
        assert result.description == "bounces: rows of the table that have none: 2."
        assert metadata_of(result)["null_ids"] == 2

    def test_duplicate_ids_fail_and_are_named(
        self, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        put(warehouse, 7, 7, 8, 9, 9, 9)

        result = ask(instance, "primary_key")

        assert not result.passed
        assert result.description == "bounces: keys that more than one row has: 2."
        assert metadata_of(result)["duplicate_ids"] == 2
        assert metadata_of(result)["duplicate_examples"] == ["7", "9"]

    def test_ten_duplicates_at_most_are_named(
        self, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        put(warehouse, *range(12), *range(12))

        found = metadata_of(ask(instance, "primary_key"))

        assert found["duplicate_ids"] == 12
        assert found["duplicate_examples"] == [str(key) for key in range(10)]

    def test_addresses_among_the_duplicates_are_masked(
        self, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        put(warehouse, *["ann.baker7@bluebird.example"] * 2, column="VARCHAR")

        result = ask(instance, "primary_key")

        assert metadata_of(result)["duplicate_examples"] == ["…"]

    @pytest.mark.parametrize("file_exists", [False, True])
    def test_a_missing_table_holds_nothing_yet(
        self, file_exists: bool, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        if file_exists:
            duckdb.connect(str(warehouse)).close()

        result = ask(instance, "primary_key")

        assert result.passed
        assert result.description == "bounces: nothing is loaded yet."
        assert metadata_of(result)["rows"] == 0


class TestComplete:
    def test_it_passes_when_the_table_holds_what_the_api_has(
        self, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        put(warehouse, 1, 2, 3)
        report_sync(instance)

        result = ask(instance, "complete")

        assert (result.passed, result.description) == (True, None)
        assert metadata_of(result) == {"rows": 3, "rows_listed": 3, "api_total": 3}

    def test_it_passes_when_the_table_keeps_rows_that_the_api_dropped(
        self, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        put(warehouse, 1, 2, 3, 4)
        report_sync(instance)

        assert ask(instance, "complete").passed

    def test_it_warns_when_the_table_holds_fewer_rows_than_the_api_said(
        self, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        put(warehouse, 1, 2)
        report_sync(instance)

        result = ask(instance, "complete")

        assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
        assert result.description == (
            "bounces: the API listed 3 rows and the table holds 2. Rows without a key are left out "
            "and rows with equal keys become one; see primary_key."
        )
        assert metadata_of(result) == {"rows": 2, "rows_listed": 3, "api_total": 3}

    def test_it_warns_when_the_table_is_gone(
        self, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        duckdb.connect(str(warehouse)).close()
        report_sync(instance)

        result = ask(instance, "complete")

        assert not result.passed
        assert metadata_of(result)["rows"] == 0

    def test_it_warns_while_the_asset_was_never_materialized(
        self, instance: dg.DagsterInstance
    ) -> None:
        result = ask(instance, "complete")

        assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
        assert result.description == (
            "bounces: no sync has told yet what the API has. Materialize it."
        )

    def test_it_warns_when_the_last_materialization_was_reported_by_hand(
        self, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        put(warehouse, 1)
        by_hand = dg.AssetMaterialization("bounces", metadata={"note": "restored from a backup"})
        instance.report_runless_asset_event(by_hand)

        result = ask(instance, "complete")

        assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)


class TestAWarehouseThatCannotBeRead:
    @pytest.mark.parametrize("check", ["primary_key", "complete"])
    def test_rubbish_in_place_of_the_file_fails_the_check_with_a_sentence(
        self, check: str, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        report_sync(instance)
        warehouse.write_bytes(b"rubbish" * 1000)

        result = ask(instance, check)

        assert not result.passed
        sentence = str(result.description)
        assert sentence.startswith("bounces: the warehouse cannot be ")
        assert "is not a valid DuckDB database file" in sentence
        assert "\n" not in sentence

    @pytest.mark.parametrize("check", ["primary_key", "complete"])
    def test_a_file_that_cannot_be_a_warehouse_fails_the_check_with_the_remedy(
        self,
        check: str,
        tmp_path: Path,
        instance: dg.DagsterInstance,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        report_sync(instance)
        monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(tmp_path / "email.duckdb"))

        result = ask(instance, check)

        assert not result.passed
        assert str(result.description).startswith(
            "The DuckDB file email.duckdb has the name of its dataset email"
        )

    @pytest.mark.parametrize("check", ["primary_key", "complete"])
    def test_a_program_that_holds_the_file_is_named(
        self,
        check: str,
        held: int,
        instance: dg.DagsterInstance,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        report_sync(instance)
        monkeypatch.setenv("WAREHOUSE__LOCK_TIMEOUT", "0")

        result = ask(instance, check)

        assert not result.passed
        assert f"(PID {held}) kept warehouse.duckdb open for 0 s" in str(result.description)


class TestFreshness:
    @pytest.mark.parametrize(
        ("asset", "ago", "fresh"),
        [
            ("bounces", timedelta(hours=1, minutes=59), True),
            ("bounces", timedelta(hours=2, minutes=1), False),
            ("servers", timedelta(hours=26), True),
            ("servers", timedelta(hours=27), False),
        ],
    )
    def test_an_asset_is_fresh_within_the_window_of_its_schedule(
        self, asset: str, ago: timedelta, fresh: bool, instance: dg.DagsterInstance
    ) -> None:
        report_materialized(instance, asset, ago)

        assert evaluate(instance, "freshness_check", asset).passed is fresh

    def test_a_stale_asset_is_a_warning_that_says_how_old_it_is(
        self, instance: dg.DagsterInstance
    ) -> None:
        report_materialized(instance, "bounces", timedelta(days=3))

        evaluation = evaluate(instance, "freshness_check")

        assert evaluation.severity is dg.AssetCheckSeverity.WARN
        assert "The last update was 3 days" in str(evaluation.description)

    def test_an_asset_that_was_never_materialized_is_a_warning(
        self, instance: dg.DagsterInstance
    ) -> None:
        evaluation = evaluate(instance, "freshness_check")

        assert (evaluation.passed, evaluation.severity) == (False, dg.AssetCheckSeverity.WARN)
        assert evaluation.description == "Asset has never been observed/materialized."
