"""The copy of the DuckDB file for readers."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from email_assets.account import configured_account
from email_assets.deliverability.daily import build_daily
from email_assets.sandbox import Sandbox
from email_assets.settings import resolve
from email_assets.settings.resolve import SettingError
from email_assets.settings.warehouse import WarehouseSettings
from email_assets_tests.queries import ask
from email_assets_tests.warehouse.warehouse_fixtures import set_ahead
from email_assets_tests.warehouses import change, listed, load, never, table


@pytest.fixture
def copy(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of the copy, with the setting that asks for it."""
    monkeypatch.setenv("WAREHOUSE__READ_COPY", "true")
    return warehouse.with_name("warehouse.read.duckdb")


@contextmanager
def held_open(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(file), read_only=True) as reader:
        yield reader


def rows_in(file: Path, name: str) -> int:
    return int(ask(file, f"SELECT count(*) FROM email.{name}")[0][0])


def test_without_the_setting_there_is_no_copy(api: Sandbox, warehouse: Path) -> None:
    load("servers")
    assert [file.name for file in warehouse.parent.glob("*.duckdb")] == ["warehouse.duckdb"]


def test_it_holds_what_the_warehouse_holds(api: Sandbox, copy: Path) -> None:
    load("messages")
    rows = table(lambda sql: ask(copy, sql), "messages")
    assert rows == listed(api.rows("messages"))
    assert ask(copy, "SELECT count(*) FROM email._dlt_loads") == [(1,)]


def test_programs_with_an_older_duckdb_can_read_it(api: Sandbox, copy: Path) -> None:
    load("servers")

    assert format_of(copy) == 65  # of DuckDB 1.2; 64 is that of 1.0


def test_where_a_table_has_a_type_that_the_older_format_lacks_there_is_a_copy(
    api: Sandbox, warehouse: Path, copy: Path
) -> None:
    change(warehouse, "CREATE TABLE anything AS SELECT {'a': 1}::VARIANT AS of")
    load("servers")

    assert rows_in(copy, "servers") == len(api.rows("servers"))
    assert format_of(copy) > 65


def format_of(file: Path) -> int:
    """The version of DuckDB's storage, which stands behind the file's checksum and mark."""
    return int.from_bytes(file.read_bytes()[12:20], "little")


@pytest.mark.parametrize("name", ["readers", "copy", "email_assets_copy"])
def test_the_warehouse_may_have_any_name(
    name: str, api: Sandbox, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = copy.with_name(f"{name}.duckdb")
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(file))

    load("servers")

    assert rows_in(file.with_name(f"{name}.read.duckdb"), "servers") == len(api.rows("servers"))


@pytest.mark.slow
def test_a_reader_that_keeps_it_open_holds_up_no_sync_and_sees_a_whole_state(
    api: Sandbox, copy: Path
) -> None:
    load("domains")
    with held_open(copy) as reader:
        api.replace("domains", [*api.rows("domains"), {"id": 99}])
        load("domains", sleep=never)
        assert reader.execute("SELECT count(*) FROM email.domains").fetchall() == [(8,)]
    assert rows_in(copy, "domains") == 9


@pytest.mark.slow
def test_a_sync_in_which_nothing_changed_writes_no_copy(api: Sandbox, copy: Path) -> None:
    load("domains")
    before = copy.stat()
    load("domains")
    assert (copy.stat().st_ino, copy.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.slow
def test_a_copy_from_when_the_clock_was_ahead_is_none_of_the_rows_since(
    api: Sandbox, copy: Path
) -> None:
    load("domains")
    set_ahead(copy)
    api.replace("domains", [*api.rows("domains"), {"id": 99}])

    load("domains")

    assert rows_in(copy, "domains") == 9


@pytest.mark.slow
def test_a_copy_of_another_warehouse_is_none_of_the_one_that_was_put_back(
    api: Sandbox, warehouse: Path, copy: Path
) -> None:
    load("domains")
    backup = warehouse.with_name("backup.duckdb")
    shutil.copy2(warehouse, backup)
    load("servers")
    assert rows_in(copy, "servers") == len(api.rows("servers"))

    backup.replace(warehouse)
    load("domains")

    with pytest.raises(duckdb.CatalogException):
        rows_in(copy, "servers")


@pytest.mark.slow
def test_a_copy_that_somebody_deleted_is_written_again(api: Sandbox, copy: Path) -> None:
    load("domains")
    copy.unlink()
    load("domains")
    assert rows_in(copy, "domains") == 8


@pytest.mark.slow
def test_it_holds_the_table_of_deliverability_too(api: Sandbox, copy: Path) -> None:
    load("messages")
    load("bounces")
    rows, _ = build_daily(configured_account(), say=print)
    assert rows_in(copy, "deliverability_daily") == rows > 0


def test_what_a_killed_run_left_of_a_copy_is_in_nobodys_way(api: Sandbox, copy: Path) -> None:
    Path(f"{copy}.partial").write_text("half a copy")
    load("domains")
    assert rows_in(copy, "domains") == 8
    assert not Path(f"{copy}.partial").exists()


@pytest.mark.parametrize("name", ["read_copy", "read_parquet"])
def test_a_sync_names_a_copy_that_is_written_no_more(
    name: str, api: Sandbox, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"WAREHOUSE__{name.upper()}", "true")
    said = list[str]()
    load("servers", say=said.append)
    (copy,) = warehouse.parent.glob("warehouse.read*")
    assert not any("written no more" in line for line in said)

    monkeypatch.delenv(f"WAREHOUSE__{name.upper()}")
    load("servers", say=said.append)

    told = f"servers: {copy} is from when {name} was on, and is written no more: delete it."
    assert told in said


@pytest.mark.parametrize("name", ["read_copy", "read_parquet"])
def test_a_copy_of_a_server_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"WAREHOUSE__{name.upper()}", "true")
    monkeypatch.setenv("WAREHOUSE__DESTINATION_TYPE", "postgres")
    with pytest.raises(SettingError, match=f"{name} is for a DuckDB file; postgres lets people"):
        resolve.load(WarehouseSettings)
