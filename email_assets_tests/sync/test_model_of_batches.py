"""Rows that are taken in batches come out as dlt makes them of rows one by one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import pyarrow.parquet as pq
import pytest
from dlt.common.configuration.container import Container
from dlt.common.data_writers.writers import ParquetDataWriter
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.json import json
from dlt.common.storages import LoadStorage
from dlt.common.storages.configuration import LoadStorageConfiguration
from dlt.normalize.configuration import NormalizeConfiguration
from dlt.normalize.items_normalizers.jsonl import JsonLItemsNormalizer
from dlt.normalize.validate import reconcile_null_only_columns
from hypothesis import given, settings
from hypothesis import strategies as st

from email_assets.dlt_columns import DLT_ID
from email_assets.normalizer import open_schema
from email_assets.sync.dlt_seam import BatchNormalizer, in_batches
from email_assets.sync.rows import Rows
from email_assets_tests.sync.odd_rows import odd_rows
from email_assets_tests.warehouses import Row

pytestmark = pytest.mark.slow

Tables = dict[str, list[Row]]
CHUNK = 110


def schema_of_messages() -> dlt.Schema:
    """The schema of messages as it is before the first sync, and what the resource adds to it."""
    schema = open_schema("messages")
    schema.update_table(
        {
            "name": "messages",
            "resource": "messages",
            "write_disposition": "merge",
            "columns": {
                "id": {"name": "id", "primary_key": True, "nullable": False},
                DLT_ID: {"name": DLT_ID, "dedup_sort": "desc"},
                "hinted": {"name": "hinted", "data_type": "decimal"},
            },
        }
    )
    return schema


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoadStorage]:
    """A place for the files of loads, as DuckDB takes them."""
    capabilities = dlt.destinations.duckdb().capabilities()
    config = LoadStorageConfiguration(load_volume_path=str(tmp_path_factory.mktemp("loads")))
    with Container().injectable_context(capabilities):
        yield LoadStorage(True, ["parquet"], config)


def normalized(
    normalizer: type[JsonLItemsNormalizer],
    storage: LoadStorage,
    schema: dlt.Schema,
    chunks: list[list[Row]],
) -> tuple[Tables, Any, int]:
    """The rows of each table that become of chunks, columns of nulls, and the rows counted."""
    load = "a load"
    storage.new_packages.create_package(load)
    files = storage.create_item_storage(ParquetDataWriter.writer_spec())
    config = NormalizeConfiguration()
    config.destination_capabilities = Container()[DestinationCapabilitiesContext]
    unused: Any = None
    made = normalizer(files, storage, unused, schema, load, config)
    for chunk in chunks:
        rows = json.loadb(json.dumpb(chunk))
        made._normalize_chunk("messages", rows, False, False)  # noqa: SLF001 (it is the seam)
    files.close_writers(load)
    found: Tables = {}
    closed = files.closed_files(load)
    for file in closed:
        table = Path(file.file_path).name.partition(".")[0]
        found.setdefault(table, []).extend(pq.read_table(file.file_path).to_pylist())
    for of_table in found.values():
        of_table.sort(key=lambda row: str(row[DLT_ID]))
    null_only = reconcile_null_only_columns(schema, made.null_only_columns)
    storage.new_packages.delete_package(load)
    return found, null_only, sum(file.items_count for file in closed)


def without_nulls(tables: Tables) -> Tables:
    """Files have the columns that were known when they were begun, others are null in them."""
    return {
        table: [{name: value for name, value in row.items() if value is not None} for row in rows]
        for table, rows in tables.items()
    }


def prepared(rows: Rows, schema: dlt.Schema, listed: list[Row]) -> list[list[Row]]:
    """Rows as dlt gets them, in chunks."""
    rows.keep_in(schema, lambda _: None)
    found = rows.prepare_new([row for row in listed if row.get("id") is not None])
    return [found[at : at + CHUNK] for at in range(0, len(found), CHUNK)]


@settings(max_examples=settings().max_examples if settings().max_examples > 500 else 25)
@given(seed=st.integers(0, 2**32))
def test_model_of_batches_comes_out_as_row_by_row(storage: LoadStorage, seed: int) -> None:
    """Two syncs, of which the second knows the schema that the first one left."""
    schema = schema_of_messages()
    said: list[str] = []
    for phase in (0, 1):
        chunks = prepared(Rows("messages", ["id"]), schema, odd_rows(seed, phase))
        # once more: a normalizer reads its settings, to which a table adds, when it is made
        schema, other = schema.clone(), schema.clone()
        by_row = normalized(JsonLItemsNormalizer, storage, schema, chunks)
        with in_batches("messages", said.append):
            in_batch = normalized(BatchNormalizer, storage, other, chunks)
        assert without_nulls(in_batch[0]) == without_nulls(by_row[0])
        assert in_batch[1:] == by_row[1:]
        assert json.dumps(other.to_dict(bump_version=False)) == json.dumps(
            schema.to_dict(bump_version=False)
        )
        assert {name: list(table["columns"]) for name, table in other.tables.items()} == {
            name: list(table["columns"]) for name, table in schema.tables.items()
        }
    assert said == []
