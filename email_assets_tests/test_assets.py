"""The assets, materialized from a real API into a real warehouse on a real instance."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
import requests

from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import (
    NAMES,
    empty_home,
    failures,
    figures,
    instance,
    materialize,
    materialized,
    platform,
)

__all__ = ["empty_home", "instance"]

Query = Callable[[str], list[tuple[Any, ...]]]


NOT_COUNTS = {
    "bytes",
    "seconds",
    "seconds_throttled",
    "dagster/column_schema",
    "destination_type",
    "first_run",
}


@dataclass
class Materialization:
    """A run of all assets, the API that it read, what it logged and the warehouse it filled."""

    run: dg.ExecuteInProcessResult
    sandbox: Sandbox
    log: list[dg.EventLogEntry]
    warehouse: Path

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def rows_of_api(self, name: str) -> int:
        return len(self.sandbox.rows(name))


def materialize_all(folder: Path, empty_home: Path, sandbox: Sandbox) -> Materialization:
    """Run all assets on a fresh instance and warehouse; the run may fail."""
    with platform(folder, empty_home, sandbox) as instance:
        run = materialize(instance)
        log = instance.all_logs(run.run_id)
    return Materialization(run, sandbox, list(log), folder / "warehouse.duckdb")


@pytest.fixture(scope="module")
def first_run(
    tmp_path_factory: pytest.TempPathFactory, empty_home: Path
) -> Iterator[Materialization]:
    """All five assets, materialized for the first time."""
    with Sandbox(messages=250, api_key=KEY) as sandbox:
        yield materialize_all(tmp_path_factory.mktemp("first_run"), empty_home, sandbox)


@pytest.fixture(scope="module")
def run_without_bounces(
    tmp_path_factory: pytest.TempPathFactory, empty_home: Path
) -> Iterator[Materialization]:
    """All five assets, while the API answers every request for bounces with 500."""
    with Sandbox(messages=20, api_key=KEY) as sandbox:
        sandbox.set_faults("bounces", Fault("status", status=500))
        yield materialize_all(tmp_path_factory.mktemp("without_bounces"), empty_home, sandbox)


class TestFirstRun:
    def test_it_materializes_the_five_assets(self, first_run: Materialization) -> None:
        assert first_run.run.success
        assert materialized(first_run.run) == set(NAMES)

    @pytest.mark.parametrize("name", NAMES)
    def test_each_table_holds_the_rows_of_the_api(
        self, name: str, first_run: Materialization
    ) -> None:
        ids = [row["id"] for row in first_run.sandbox.rows(name)]

        found = first_run.query(f"SELECT id FROM email.{name} ORDER BY id")

        assert [key for (key,) in found] == sorted(ids)

    def test_nested_rows_become_a_table_below(self, first_run: Materialization) -> None:
        recipients = sum(len(row["recipients"]) for row in first_run.sandbox.rows("messages"))

        found = first_run.query("SELECT count(*) FROM email.messages__recipients")

        assert found == [(recipients,)]

    @pytest.mark.parametrize("name", NAMES)
    def test_its_figures_are_exact_numbers_and_zero_is_one_of_them(
        self, name: str, first_run: Materialization
    ) -> None:
        rows = first_run.rows_of_api(name)
        found = figures(first_run.run, name)

        assert {figure: found[figure] for figure in found if figure not in NOT_COUNTS} == {
            "rows_received": rows,
            "rows_listed": rows,
            "rows_loaded": rows,
            "rows_unchanged": 0,
            "rows_without_key": 0,
            "window": "everything",
            "stopped_early": False,
            "newest_is_missing": False,
            "api_total": rows,
            "dagster/row_count": rows,
            "requests": math.ceil(rows / 100),
            "retries": 0,
        }

    def test_it_tells_the_bytes_of_the_pages_that_it_read(self, first_run: Materialization) -> None:
        pages = [
            requests.get(
                f"{first_run.sandbox.base_url}/v1/messages",
                params={"api_key": KEY, "limit": 100, "offset": offset},
                timeout=10,
            ).content
            for offset in (0, 100, 200)
        ]

        assert figures(first_run.run, "messages")["bytes"] == sum(map(len, pages))

    @pytest.mark.parametrize("name", NAMES)
    def test_it_tells_the_seconds_that_it_took_and_waited(
        self, name: str, first_run: Materialization
    ) -> None:
        found = figures(first_run.run, name)

        assert isinstance(found["seconds"], float)
        assert 0 < found["seconds"] < 60
        assert found["seconds_throttled"] == 0.0

    @pytest.mark.parametrize("name", NAMES)
    def test_the_column_schema_lists_the_columns_of_the_table(
        self, name: str, first_run: Materialization
    ) -> None:
        columns = first_run.query(
            "SELECT column_name FROM information_schema.columns "
            f"WHERE table_schema = 'email' AND table_name = '{name}'"
        )

        schema = figures(first_run.run, name)["dagster/column_schema"]

        assert isinstance(schema, dg.TableSchema)
        assert {column.name for column in schema.columns} == {column for (column,) in columns}

    def test_the_column_schema_tells_types(self, first_run: Materialization) -> None:
        schema = figures(first_run.run, "messages")["dagster/column_schema"]

        assert isinstance(schema, dg.TableSchema)
        types = {column.name: column.type for column in schema.columns}
        assert {name: types[name] for name in ("id", "subject", "sent_at", "opens")} == {
            "id": "text",
            "subject": "text",
            "sent_at": "timestamp",
            "opens": "bigint",
        }

    def test_every_check_of_every_asset_passes(self, first_run: Materialization) -> None:
        evaluations = first_run.run.get_asset_check_evaluations()

        assert len(evaluations) == 3 * len(NAMES)
        assert [found.check_name for found in evaluations if not found.passed] == []

    def test_the_log_says_in_one_line_what_each_asset_did(self, first_run: Materialization) -> None:
        said = [entry.user_message for entry in first_run.log if not entry.is_dagster_event]
        logged = [line for line in said if line.startswith("servers: ")]

        assert len(logged) == 1
        assert logged[0].startswith(
            "servers: 5 rows loaded, 0 unchanged, 5 in the table; requests: 1, retries: 0, "
        )


class TestSecondRun:
    def test_it_finds_what_came_in_between(
        self, api: Sandbox, query: Query, instance: dg.DagsterInstance
    ) -> None:
        materialize(instance, "servers")
        api.insert_head("servers", 1)

        found = figures(materialize(instance, "servers"), "servers")

        assert found["first_run"] is False
        assert (found["rows_loaded"], found["rows_unchanged"]) == (1, 5)
        assert found["dagster/row_count"] == 6
        assert query("SELECT count(*), count(DISTINCT id) FROM email.servers") == [(6, 6)]


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
            "rows_unchanged": 0,
            "rows_without_key": 0,
            "window": "everything",
            "stopped_early": False,
            "newest_is_missing": False,
            "api_total": 0,
            "dagster/row_count": 0,
            "requests": 1,
            "retries": 0,
        }

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


class TestOneResourceFails:
    def test_the_run_fails_in_its_step_alone(self, run_without_bounces: Materialization) -> None:
        assert not run_without_bounces.run.success
        assert set(failures(run_without_bounces.run)) == {"bounces"}

    def test_the_failure_is_the_sentence_that_names_the_resource(
        self, run_without_bounces: Materialization
    ) -> None:
        api = run_without_bounces.sandbox.base_url

        assert failures(run_without_bounces.run)["bounces"].startswith(
            f"bounces: {api} answered 500 Internal Server Error. "
        )

    def test_the_first_line_of_the_error_is_the_sentence(
        self, run_without_bounces: Materialization
    ) -> None:
        (event,) = run_without_bounces.run.get_step_failure_events()

        assert event.step_failure_data.error
        first_line = event.step_failure_data.error.message.partition("\n")[0]
        assert first_line.endswith(failures(run_without_bounces.run)["bounces"])

    def test_the_run_names_the_step(self, run_without_bounces: Materialization) -> None:
        (failure,) = (
            entry.dagster_event
            for entry in run_without_bounces.log
            if entry.dagster_event_type is dg.DagsterEventType.RUN_FAILURE
        )

        assert failure
        assert failure.message == (
            "Execution of run for \"email_all\" failed. Steps failed: ['bounces']."
        )

    def test_it_leaves_no_materialization(self, run_without_bounces: Materialization) -> None:
        assert materialized(run_without_bounces.run) == {*NAMES} - {"bounces"}

    @pytest.mark.parametrize("name", sorted({*NAMES} - {"bounces"}))
    def test_the_others_are_materialized_and_loaded(
        self, name: str, run_without_bounces: Materialization
    ) -> None:
        rows = run_without_bounces.rows_of_api(name)

        assert figures(run_without_bounces.run, name)["dagster/row_count"] == rows
        assert run_without_bounces.query(f"SELECT count(*) FROM email.{name}") == [(rows,)]

    def test_the_others_are_checked(self, run_without_bounces: Materialization) -> None:
        checked = [
            evaluation.asset_key.to_user_string()
            for evaluation in run_without_bounces.run.get_asset_check_evaluations()
        ]

        assert sorted(checked) == sorted(3 * [*{*NAMES} - {"bounces"}])


class TestSettingsAreMissing:
    @pytest.mark.usefixtures("api")
    def test_without_a_key_the_failure_names_where_to_set_it(
        self, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("API_KEY")

        sentence = failures(materialize(instance, "servers"))["servers"]

        assert sentence.startswith("servers: there is no API key.")
        assert "API_KEY" in sentence

    @pytest.mark.usefixtures("api")
    def test_with_a_wrong_key_the_failure_names_where_to_set_it(
        self, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("API_KEY", "wrong")

        sentence = failures(materialize(instance, "servers"))["servers"]

        assert sentence.startswith("servers: the API refused the key (401).")
        assert "API_KEY" in sentence

    def test_with_the_placeholder_address_the_failure_names_the_setting(
        self, instance: dg.DagsterInstance
    ) -> None:
        sentence = failures(materialize(instance, "servers"))["servers"]

        assert sentence.startswith("servers: no API is configured yet.")
        assert "SOURCES__EMAIL__BASE_URL" in sentence

    def test_a_run_that_could_not_start_leaves_no_warehouse(
        self, instance: dg.DagsterInstance, warehouse: Path
    ) -> None:
        materialize(instance, "servers")

        assert not warehouse.exists()
