"""Runs of the assets: the rows they load and the metadata they leave."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import requests

from email_assets.definitions import defs
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import (
    CHECK_NAMES,
    MADE_OF_EVENTS,
    NAMES,
    figures,
    instance,
    materialize,
    materialized,
)
from email_assets_tests.defs.asset_fixtures import NOT_COUNTS, Materialization, materialize_first
from email_assets_tests.warehouses import change, load

__all__ = ["instance"]


Query = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Materialization]:
    """All five assets, materialized for the first time."""
    with Sandbox(messages=250, api_key=KEY) as sandbox:
        yield materialize_first(tmp_path_factory.mktemp("first_run"), sandbox)


class TestFirstRun:
    def test_it_materializes_every_asset(self, first_run: Materialization) -> None:
        assert first_run.run.success
        assert materialized(first_run.run) == {*NAMES, *MADE_OF_EVENTS}

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
            "rows_new": rows,
            "rows_updated": 0,
            "rows_unchanged": 0,
            "rows_without_key": 0,
            "window": "everything",
            "stopped_early": False,
            "newest_is_missing": False,
            "schema_changes": [],
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
                timeout=60,
            ).content
            for offset in (0, 99, 198)
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

    def test_the_tables_of_lists_tell_their_columns_and_how_to_join_them(
        self, first_run: Materialization
    ) -> None:
        nested = figures(first_run.run, "messages")["nested_tables"]

        assert isinstance(nested, dg.TableMetadataValue)
        rows = [record.data for record in nested.records]
        found = {(row["table"], row["column"]): row["meaning"] for row in rows}
        assert found["messages__recipients", ""] == (
            "Items of lists in messages: join its _dlt_id to _dlt_parent_id."
        )
        assert found["messages__recipients", "email"] == "The recipient's address."

    def test_every_check_of_every_resource_passes(self, first_run: Materialization) -> None:
        evaluations = first_run.run.get_asset_check_evaluations()
        passed = [found for found in evaluations if found.passed]

        assert len(evaluations) == len(CHECK_NAMES) * len(NAMES) + 2
        # the sandbox's mail fares worse than it should
        of_mail = {"bounce_rate", "complaint_rate"}
        assert {found.check_name for found in evaluations if found not in passed} <= of_mail

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

        assert (found["rows_loaded"], found["rows_unchanged"]) == (1, 5)
        assert (found["rows_new"], found["rows_updated"]) == (1, 0)
        assert found["dagster/row_count"] == 6
        assert query("SELECT count(*), count(DISTINCT id) FROM email.servers") == [(6, 6)]

    @pytest.mark.slow
    def test_what_another_run_loads_meanwhile_is_not_new_of_this_one(
        self, api: Sandbox, warehouse: Path
    ) -> None:
        load("domains")
        # the table grows before the sync that waits has counted it again
        api.set_faults("domains", Fault("status", times=1, status=503))
        report = load("domains", sleep=lambda _: copy_rows(warehouse))

        assert (report.rows_loaded, report.rows_new, report.row_count) == (0, 0, 16)


def copy_rows(warehouse: Path) -> None:
    columns = "SELECT * REPLACE (id + 1000 AS id, _dlt_id || 'x' AS _dlt_id) FROM email.domains"
    change(warehouse, f"INSERT INTO email.domains {columns}")


def test_the_launchpad_shows_what_a_sync_can_be_asked_for() -> None:
    shown = dg.validate_run_config(defs.resolve_job_def("email_all"), {})

    assert shown["ops"]["messages"]["config"] == {"full_refresh": False, "start": "", "end": ""}
