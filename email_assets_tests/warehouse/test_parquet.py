"""The tables as Parquet files, for programs that read no DuckDB file."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from email_assets.sandbox import Sandbox
from email_assets_tests.queries import ask
from email_assets_tests.warehouse.warehouse_fixtures import set_ahead
from email_assets_tests.warehouses import change, load

pytestmark = pytest.mark.slow

STAGED = "CREATE TABLE {}.domains AS SELECT 1 AS id"


@pytest.fixture
def folder(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the files, with the setting that asks for them."""
    monkeypatch.setenv("WAREHOUSE__READ_PARQUET", "true")
    return warehouse.with_name("warehouse.read") / "email"


def test_there_is_a_file_for_each_table_that_holds_its_rows(
    api: Sandbox, folder: Path, warehouse: Path
) -> None:
    load("messages")

    found = {file.name: pq.read_table(file).num_rows for file in folder.iterdir()}

    recipients = sum(len(row["recipients"]) for row in api.rows("messages"))
    assert found == {"messages.parquet": 250, "messages__recipients.parquet": recipients}
    ids = pq.read_table(folder / "messages.parquet").column("id").to_pylist()
    assert {*ids} == {row["id"] for row in api.rows("messages")}
    assert not list(warehouse.parent.glob("*.read.duckdb"))


def test_only_the_user_can_read_them(api: Sandbox, folder: Path) -> None:
    load("servers")
    assert (folder / "servers.parquet").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_who_reads_an_old_file_goes_on_and_a_new_one_is_there(api: Sandbox, folder: Path) -> None:
    load("domains")
    with (folder / "domains.parquet").open("rb") as file:
        api.replace("domains", [*api.rows("domains"), {"id": 99}])
        load("domains")
        assert pq.read_table(file).num_rows == 8
    assert pq.read_table(folder / "domains.parquet").num_rows == 9


def test_a_sync_in_which_nothing_changed_writes_none(api: Sandbox, folder: Path) -> None:
    load("domains")
    before = (folder / "domains.parquet").stat()
    load("domains")
    after = (folder / "domains.parquet").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_file_from_when_the_clock_was_ahead_is_none_of_the_rows_since(
    api: Sandbox, folder: Path
) -> None:
    load("domains")
    set_ahead(folder / "domains.parquet")
    api.replace("domains", [*api.rows("domains"), {"id": 99}])

    load("domains")

    assert pq.read_table(folder / "domains.parquet").num_rows == 9


def test_a_dataset_may_be_called_as_those_are_in_which_loads_are_staged(
    api: Sandbox, folder: Path, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE__DATASET_NAME", "mail_staging")
    change(warehouse, "CREATE SCHEMA mail_staging_staging", STAGED.format("mail_staging_staging"))

    load("domains")

    assert [*folder.parent.iterdir()] == [folder.parent / "mail_staging"]
    assert pq.read_table(folder.parent / "mail_staging/domains.parquet").num_rows == 8


def test_the_file_of_a_table_that_went_goes_and_so_does_half_a_file(
    api: Sandbox, folder: Path, warehouse: Path
) -> None:
    load("domains")
    load("servers")
    (folder / "servers.partial").write_text("half a file")
    change(warehouse, "DROP TABLE email.domains")

    load("servers")

    assert [file.name for file in folder.iterdir()] == ["servers.parquet"]


def test_what_is_no_parquet_file_stays(api: Sandbox, folder: Path) -> None:
    load("servers")
    (folder / "mine.csv").write_text("notes")
    (folder / ".ipynb_checkpoints").mkdir()

    load("servers")

    assert {file.name for file in folder.iterdir()} == {
        "servers.parquet",
        "mine.csv",
        ".ipynb_checkpoints",
    }


@pytest.mark.parametrize("name", ["../../../escaped", "a/b", "..", "50%", "c:d"])
def test_a_table_of_any_name_has_its_file_in_the_folder(
    api: Sandbox, folder: Path, warehouse: Path, name: str
) -> None:
    before = {*warehouse.parent.parent.rglob("*")}
    quoted = f'"{name}"'
    change(warehouse, f"CREATE SCHEMA {quoted}", f"CREATE TABLE {quoted}.{quoted} AS SELECT 7 AS n")

    load("servers")

    read = folder.parent
    written = {file for file in {*warehouse.parent.parent.rglob("*")} - before if file.is_file()}
    assert all(read in file.parents for file in written if file.suffix == ".parquet")
    (found,) = (file for file in written if file.suffix == ".parquet" and file.parent != folder)
    assert pq.read_table(found).to_pylist() == [{"n": 7}]


def test_who_may_read_the_warehouse_may_read_them(
    api: Sandbox, folder: Path, warehouse: Path
) -> None:
    load("servers")
    warehouse.chmod(0o640)
    api.replace("servers", [*api.rows("servers"), {"id": 99}])

    load("servers")

    modes = [path.stat().st_mode & 0o777 for path in (folder.parent, folder)]
    assert modes == [0o750, 0o750]
    assert (folder / "servers.parquet").stat().st_mode & 0o777 == 0o640


def test_other_datasets_of_the_file_have_folders_of_their_own(
    api: Sandbox, folder: Path, warehouse: Path
) -> None:
    change(warehouse, "CREATE SCHEMA other", "CREATE TABLE other.mail AS SELECT 1 AS id")
    load("servers")
    assert pq.read_table(folder.parent / "other" / "mail.parquet").num_rows == 1
    assert ask(warehouse, "SELECT count(*) FROM other.mail") == [(1,)]
