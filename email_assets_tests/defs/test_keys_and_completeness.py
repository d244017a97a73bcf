"""Are the keys unique, and is the table complete?"""

from pathlib import Path

import dagster as dg
import duckdb
import pytest

from email_assets_tests.dagster_fixtures import instance
from email_assets_tests.defs.check_runs import ask, metadata_of, put, report_sync

__all__ = ["instance"]


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

    def test_it_passes_when_what_the_table_lacks_is_private(
        self, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        put(warehouse, 1, 2)
        report_sync(instance, rows_withheld=1, row_count=2)

        assert ask(instance, "complete").passed

    def test_it_warns_when_the_table_holds_fewer_rows_than_the_api_said(
        self, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        put(warehouse, 1, 2)
        report_sync(instance, row_count=2)

        result = ask(instance, "complete")

        assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
        assert result.description == (
            "bounces: the API listed 3 rows and the table holds 2. Rows without a key are left out "
            "and rows with equal keys become one; see primary_key."
        )
        assert metadata_of(result) == {"rows": 2, "rows_listed": 3, "api_total": 3}

    @pytest.mark.parametrize("total", [0, None])
    def test_it_warns_when_the_api_gives_nothing_of_what_the_table_holds(
        self, warehouse: Path, instance: dg.DagsterInstance, total: int | None
    ) -> None:
        put(warehouse, 1, 2, 3)
        report_sync(instance, rows_received=0, rows_listed=0, api_total=total)

        result = ask(instance, "complete")

        assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
        assert result.description == (
            "bounces: the API gave no rows at all, and the table holds 3, which stay. If not all "
            "of them were deleted there, see that base_url and the key are those of the account "
            "that the table was loaded from."
        )

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
