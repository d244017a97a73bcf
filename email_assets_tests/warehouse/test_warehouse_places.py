"""The places that the warehouse may be in, and the memory that it takes."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from dlt.common.destination import Destination

from email_assets.account import configured_account
from email_assets.errors import WarehouseError
from email_assets.sandbox import Sandbox
from email_assets.settings import resolve
from email_assets.settings.resolve import SettingError
from email_assets.settings.warehouse import CAN_MERGE, WarehouseSettings
from email_assets.sync.memory_use import limit_memory
from email_assets.warehouse.counts import count_keys
from email_assets.warehouse.destination import (
    database_file,
    warehouse_client,
)
from email_assets.warehouse.turn import turn_at
from email_assets_tests.warehouse.warehouse_fixtures import with_table
from email_assets_tests.warehouses import load, never

# Warehouses that cannot be used


@pytest.mark.slow
def test_a_new_file_is_for_its_user_alone_and_an_older_one_stays_as_its_user_made_it(
    api: Sandbox, warehouse: Path
) -> None:
    load("servers")
    assert warehouse.stat().st_mode & 0o777 == 0o600

    warehouse.chmod(0o640)
    load("servers")
    assert warehouse.stat().st_mode & 0o777 == 0o640


def test_a_file_that_is_no_database_is_named_with_the_reason(warehouse: Path) -> None:
    warehouse.write_text("no database")
    with pytest.raises(WarehouseError) as failure:
        count_keys(configured_account().warehouse, "bounces", ["id"], say=print)
    assert str(failure.value).startswith(
        f'bounces: the warehouse cannot be used: IOException: IO Error: The file "{warehouse}" '
        "exists, but it is not a valid DuckDB database file. Correct "
    )


def test_a_table_without_the_key_is_no_traceback(warehouse: Path) -> None:
    with_table(warehouse, "number BIGINT")
    with pytest.raises(WarehouseError, match=r'Referenced column "id" (was )?not found'):
        count_keys(configured_account().warehouse, "bounces", ["id"], say=print)


def test_an_error_does_not_carry_the_one_that_may_quote_rows(warehouse: Path) -> None:
    with_table(warehouse, "number BIGINT")
    with pytest.raises(WarehouseError) as failure:
        count_keys(configured_account().warehouse, "bounces", ["id"], say=print)
    assert (failure.value.__cause__, failure.value.__context__) == (None, None)


def test_a_damaged_database_is_no_traceback(warehouse: Path) -> None:
    with_table(warehouse, "id BIGINT", "(1)")
    whole = warehouse.read_bytes()
    warehouse.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WarehouseError, match="the warehouse cannot be used"):
        count_keys(configured_account().warehouse, "bounces", ["id"], say=print)


def test_a_folder_that_cannot_be_written_is_named(
    api: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(tmp_path / "file" / "w.duckdb"))
    with pytest.raises(WarehouseError, match=rf"cannot be used: .*'{tmp_path / 'file'}'"):
        load("servers")


def test_a_setting_of_the_destination_that_cannot_be_used_is_no_traceback(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__CREATE_INDEXES", "perhaps")
    with pytest.raises(WarehouseError, match=r"servers: the warehouse cannot be used: .*perhaps"):
        load("servers")


@pytest.mark.parametrize("place", [":memory:", ":pipeline:"])
def test_a_warehouse_that_would_not_last_is_refused(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", place)
    with pytest.raises(SettingError) as failure:
        load("servers")
    assert str(failure.value) == (
        f"A warehouse in {place} would be gone after every run. Give the path of a file in "
        "DESTINATION__DUCKDB__CREDENTIALS."
    )


@pytest.mark.parametrize(
    ("file", "dataset"), [("email.duckdb", "email"), ("Email.db", "email"), ("mail.db", "Mail")]
)
def test_a_file_named_like_its_dataset_is_refused(
    api: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, dataset: str
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(tmp_path / file))
    monkeypatch.setenv("WAREHOUSE__DATASET_NAME", dataset)
    with pytest.raises(SettingError) as failure:
        load("servers")
    assert str(failure.value) == (
        f"The DuckDB file {file} has the name of its dataset {Path(file).stem}, which DuckDB "
        "cannot tell apart. Give the file another name in DESTINATION__DUCKDB__CREDENTIALS."
    )


def test_a_destination_that_dlt_does_not_know_is_refused(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE__DESTINATION_TYPE", "dukdb")
    with pytest.raises(SettingError) as failure:
        count_keys(configured_account().warehouse, "servers", ["id"], say=print)
    assert str(failure.value) == (
        "dlt knows no destination 'dukdb'; it knows duckdb and postgres, for example. Set it as "
        "[warehouse] destination_type in .dlt/config.toml or as WAREHOUSE__DESTINATION_TYPE."
    )


def test_a_destination_without_its_credentials_is_no_traceback(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE__DESTINATION_TYPE", "postgres")
    with pytest.raises(
        WarehouseError, match=r"servers: the warehouse cannot be used: .*credentials"
    ):
        count_keys(configured_account().warehouse, "servers", ["id"], say=print)


@pytest.mark.parametrize("name", ["wäre haus.duckdb", 'o\'brien "x".db', "a%20b?c", "a.b.duckdb"])
def test_any_other_name_will_do(
    api: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(tmp_path / name))
    client = warehouse_client(configured_account().warehouse, "servers")
    with turn_at(
        database_file(client),
        client,
        who="servers",
        timeout=configured_account().warehouse.lock_timeout,
        say=print,
        sleep=never,
    ):
        assert (tmp_path / name).is_file()
    assert count_keys(configured_account().warehouse, "servers", ["id"], say=print) is None


# Destinations that cannot merge


@pytest.mark.parametrize("destination", ["filesystem", "dlt.destinations.filesystem", "lancedb"])
def test_a_destination_that_cannot_replace_rows_is_refused_with_those_that_can(
    monkeypatch: pytest.MonkeyPatch, destination: str
) -> None:
    monkeypatch.setenv("WAREHOUSE__DESTINATION_TYPE", destination)
    with pytest.raises(SettingError) as failure:
        resolve.load(WarehouseSettings)
    assert str(failure.value).startswith(
        f"The destination {destination.rpartition('.')[2]} cannot replace rows by their primary "
        "key, which each sync does; these can: duckdb, motherduck, postgres, "
    )


@pytest.mark.parametrize("destination", CAN_MERGE)
def test_a_destination_that_is_named_can_delete_rows_and_insert_them(destination: str) -> None:
    found = Destination.from_reference(destination)
    assert found
    assert "delete-insert" in (found.capabilities().supported_merge_strategies or ())


# Memory


CORES = 16


def memory_for(bytes_per_row: float) -> tuple[str, int]:
    """DuckDB's memory limit and threads on a large machine, while it loads rows of this size."""
    client = warehouse_client(configured_account().warehouse, "servers")
    with turn_at(
        database_file(client),
        client,
        who="servers",
        timeout=configured_account().warehouse.lock_timeout,
        say=print,
        sleep=never,
    ):
        client.execute_sql(f"SET GLOBAL threads = {CORES}")
        limit_memory(client, bytes_per_row)
        found = client.execute_sql(
            "SELECT current_setting('memory_limit'), current_setting('threads')"
        )
    assert found
    return found[0][0], found[0][1]


def test_narrow_rows_are_loaded_in_little_memory(warehouse: Path) -> None:
    assert memory_for(400) == ("244.1 MiB", 2)


def test_wide_rows_are_left_the_memory_that_duckdb_takes(warehouse: Path) -> None:
    with duckdb.connect() as connection:
        found = connection.execute("SELECT current_setting('memory_limit')").fetchone()
    assert found
    assert memory_for(40_000) == (found[0], CORES)


def test_a_configured_memory_limit_stays(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = '{"memory_limit": "1GiB"}'
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS__GLOBAL_CONFIG", config)
    assert memory_for(400) == ("1.0 GiB", CORES)


@pytest.mark.slow
def test_with_configured_threads_duckdb_has_the_memory_that_it_takes(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS__GLOBAL_CONFIG", '{"threads": 8}')
    assert memory_for(400) == memory_for(40_000)
