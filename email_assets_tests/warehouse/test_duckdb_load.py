"""Loads into DuckDB go straight from their files into the tables."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest
from dlt.common.typing import TLoaderFileFormat

from email_assets.account import configured_account
from email_assets.sandbox import Sandbox
from email_assets.warehouse.destination import destination_of
from email_assets_tests.warehouses import Query, Row, items, listed, load, table

STAGED = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'email_staging'"
STAGING = (
    "SELECT schema_name FROM information_schema.schemata "
    "WHERE catalog_name = 'warehouse' AND schema_name LIKE '%staging'"
)


@pytest.fixture
def pipeline(api: Sandbox, warehouse: Path, tmp_path: Path) -> Iterator[dlt.Pipeline]:
    """Any pipeline into the warehouse that is configured."""
    found = dlt.pipeline(
        "any",
        destination=destination_of(configured_account().warehouse),
        dataset_name="email",
        pipelines_dir=str(tmp_path / "pipelines"),
    )
    yield found
    found.deactivate()


def test_nothing_is_staged(api: Sandbox, query: Query) -> None:
    load("messages")
    assert query("SELECT DISTINCT table_schema FROM information_schema.tables") == [("email",)]
    assert query(STAGING) == []


@pytest.mark.slow
def test_rows_in_many_files_are_merged_as_in_one(
    api: Sandbox, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS", "7")
    monkeypatch.setenv("NORMALIZE__DATA_WRITER__BUFFER_MAX_ITEMS", "7")

    def version(number: int) -> list[Row]:
        late: Row = {f"since_{number}": number}
        return [
            {"id": key, "version": number, "to": [{"of": key}] * (1 + key % 2), **late}
            for key in range(20 * number, 200)
        ]

    for rounds in (range(3), range(2, 7)):
        rows = [row for number in rounds for row in version(number)]
        api.replace("domains", rows)
        load("domains")
    last = {row["id"]: row for number in range(7) for row in version(number)}
    assert table(query, "domains") == listed(list(last.values()))
    assert items(query, "domains", "to") == {key: row["to"] for key, row in last.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a;b", "it's", "two\nlines", "ä [1]", "id=7", "\\x3B"])
def test_the_folder_for_temporary_files_may_have_any_name(
    name: str, api: Sandbox, query: Query, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / name))
    monkeypatch.setattr(tempfile, "tempdir", None)
    load("servers")
    assert table(query, "servers") == listed(api.rows("servers"))


@pytest.mark.slow
def test_a_release_that_stages_and_one_that_does_not_can_take_turns(
    api: Sandbox, query: Query, warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOAD__TRUNCATE_STAGING_DATASET", "false")

    def stage(folder: str) -> None:
        other: Any = dlt.pipeline(
            "email_servers",
            destination=dlt.destinations.duckdb(str(warehouse)),
            dataset_name="email",
            pipelines_dir=str(tmp_path / folder),
        )
        other.sync_destination()
        schema = other.schemas["servers"]
        row = {"id": 1, "name": folder, "_dlt_id": folder}
        rows = dlt.resource([row], name="servers", primary_key="id", write_disposition="merge")
        other.run(rows, schema=schema, loader_file_format="parquet")
        other.deactivate()

    load("servers")
    for folder in ("first", "second"):
        stage(folder)
        assert query("SELECT name FROM email_staging.servers") == [(folder,)]
        assert query("SELECT name FROM email.servers WHERE id = 1") == [(folder,)]
        load("servers")
        assert query(STAGED) == []
        assert table(query, "servers") == listed(api.rows("servers"))


def test_tables_of_others_beside_staged_ones_stay(
    api: Sandbox, query: Query, warehouse: Path
) -> None:
    with duckdb.connect(warehouse) as connection:
        connection.execute("CREATE SCHEMA email_staging")
        connection.execute("CREATE TABLE email_staging.of_dbt AS SELECT 1 AS id")
        connection.execute("CREATE VIEW email_staging.seen AS FROM email_staging.of_dbt")
    load("servers")
    assert query("SELECT id FROM email_staging.seen") == [(1,)]


@pytest.mark.slow
@pytest.mark.parametrize("file_format", ["parquet", "insert_values"])
def test_what_is_loaded_in_another_format_is_merged_too(
    file_format: TLoaderFileFormat, pipeline: dlt.Pipeline, query: Query
) -> None:
    for name in ("first", "second"):
        rows = [{"id": 1, "name": name, "parts": [{"of": name}]}]
        resource = dlt.resource(rows, name="parts", primary_key="id", write_disposition="merge")
        pipeline.run(resource, loader_file_format=file_format)
        assert query("SELECT id, name FROM email.parts") == [(1, name)]
        assert query("SELECT of FROM email.parts__parts") == [(name,)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file_format", "staging"), [("parquet", []), ("insert_values", [("email_staging",)])]
)
def test_tables_can_be_made_anew_again_and_again(
    file_format: TLoaderFileFormat,
    staging: list[tuple[str]],
    pipeline: dlt.Pipeline,
    query: Query,
) -> None:
    for name in ("first", "second", "third"):
        rows = [{"id": 1, name: [{"of": name}]}]
        resource = dlt.resource(rows, name="parts", primary_key="id", write_disposition="merge")
        pipeline.run(resource, loader_file_format=file_format, refresh="drop_sources")
        assert query(f"SELECT of FROM email.parts__{name}") == [(name,)]
        assert query(STAGING) == staging
