"""A DuckDB file belongs to the run whose turn it is, and to nobody afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from email_assets.account import configured_account
from email_assets.errors import WarehouseError
from email_assets.sandbox import Sandbox
from email_assets.warehouse.counts import count_keys
from email_assets.warehouse.turn import SqlClient
from email_assets_tests.processes import holding
from email_assets_tests.warehouse.turn_fixtures import client, lock_of, turn
from email_assets_tests.warehouses import load, never

__all__ = ["client"]


def test_nobody_gets_at_the_file_during_a_turn(warehouse: Path, client: SqlClient) -> None:
    """Though dlt closes it: a reader that looked in every second would break up every load."""
    with (
        turn(warehouse, client),
        pytest.raises(AssertionError, match="Could not set lock on file"),
        holding("read", warehouse),
    ):
        pass


def test_the_file_is_free_after_a_turn(warehouse: Path, client: SqlClient) -> None:
    with turn(warehouse, client):
        pass
    with holding("write", warehouse), holding("lock", lock_of(warehouse)):
        pass


def test_the_file_is_free_after_an_error(warehouse: Path, client: SqlClient) -> None:
    def fail_in_turn() -> None:
        with turn(warehouse, client):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_in_turn()
    with holding("write", warehouse), holding("lock", lock_of(warehouse)):
        pass


def test_the_lock_is_free_after_a_file_that_cannot_be_opened(warehouse: Path) -> None:
    warehouse.write_text("no database")
    with pytest.raises(WarehouseError):
        count_keys(configured_account().warehouse, "servers", ["id"], say=print)
    with holding("lock", lock_of(warehouse)):
        pass


def test_an_error_that_names_no_holder_is_not_tried_again(api: Sandbox, warehouse: Path) -> None:
    warehouse.write_text("no database")
    with pytest.raises(WarehouseError):
        load("servers", sleep=never)


def test_a_warehouse_that_is_no_duckdb_file_needs_no_turn(
    warehouse: Path, client: SqlClient
) -> None:
    with (
        holding("lock", lock_of(warehouse)),
        turn(None, client),
    ):
        assert client.execute_sql("SELECT 1") == [(1,)]


def test_a_folder_for_the_file_is_made(
    api: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a" / "b" / "warehouse.duckdb"
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(file))
    load("servers")
    assert file.is_file()
