"""Syncs into a warehouse of which somebody took a part away, or in which dlt's notes are broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from email_assets.sandbox import Sandbox
from email_assets_tests.queries import Place, on_both
from email_assets_tests.sync.odd_data_fixtures import MOMENT, load_rows, put
from email_assets_tests.warehouses import Query, change, items, load, table

TABLES_OF_DLT = ("_dlt_version", "_dlt_loads", "_dlt_pipeline_state")
BROKEN = {
    "tables are dropped": [f"DROP TABLE email.{name}" for name in TABLES_OF_DLT],
    "tables are emptied": [f"DELETE FROM email.{name}" for name in TABLES_OF_DLT],
    "columns are dropped": [
        "ALTER TABLE email._dlt_version DROP COLUMN schema",
        "ALTER TABLE email._dlt_version DROP COLUMN inserted_at",
        "ALTER TABLE email._dlt_loads DROP COLUMN status",
        "ALTER TABLE email._dlt_loads DROP COLUMN schema_version_hash",
        "ALTER TABLE email._dlt_pipeline_state DROP COLUMN state",
        "ALTER TABLE email._dlt_pipeline_state DROP COLUMN _dlt_id",
    ],
    "the schema is broken": [
        f"UPDATE email._dlt_version SET schema = '{broken}'" for broken in ("garbage", "{}", "[]")
    ],
    "the state is broken": [
        f"UPDATE email._dlt_pipeline_state SET state = '{broken}'" for broken in ("garbage", "e30=")
    ],
}


@pytest.mark.slow
@pytest.mark.parametrize("statements", BROKEN.values(), ids=BROKEN)
def test_broken_notes_of_dlt_heal(
    api: Sandbox, warehouse: Path, query: Query, statements: list[str]
) -> None:
    load_rows(api, {"id": 1, "n": 0, "to": ["a"]}, {"id": 2, "n": 0})
    for n, statement in enumerate(statements, 1):
        change(warehouse, statement)
        load_rows(api, {"id": 1, "n": n, "to": [f"{n}"]}, {"id": 2, "n": 0})
        assert table(query, "domains") == {1: {"id": 1, "n": n}, 2: {"id": 2, "n": 0}}, statement
        assert items(query, "domains", "to") == {1: [{"value": f"{n}"}]}, statement


@pytest.mark.slow
def test_a_table_of_dlt_that_is_made_anew_is_told(api: Sandbox, warehouse: Path) -> None:
    load_rows(api, {"id": 1})
    change(warehouse, "ALTER TABLE email._dlt_loads DROP COLUMN status")
    said: list[str] = []
    load("domains", say=said.append)
    assert said == [
        "domains: _dlt_loads lacked columns that dlt needs, and is made anew",
        "domains: _dlt_loads went missing: everything is loaded again",
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE email._dlt_version",
        "DELETE FROM email._dlt_version",
        "UPDATE email._dlt_version SET schema = 'garbage'",
    ],
)
def test_values_of_another_type_are_kept_though_the_schema_was_lost(
    api: Sandbox, warehouse: Path, query: Query, statement: str
) -> None:
    """The warehouse would cast each of them into its column's type."""
    load_rows(api, {"id": 1, "n": 5, "yes": True, "part": 1.5, "at": "2026-01-31T22:30:00Z"})
    change(warehouse, statement)
    load_rows(api, {"id": 2, "n": "007", "yes": 2, "part": 2**60 + 1, "at": "2026-02-01"})
    assert table(query, "domains") == {
        1: {"id": 1, "n": 5, "yes": True, "part": 1.5, "at": MOMENT},
        2: {
            "id": 2,
            "n__v_text": "007",
            "yes__v_bigint": 2,
            "part__v_bigint": 2**60 + 1,
            "at__v_text": "2026-02-01",
        },
    }


@pytest.mark.slow
def test_items_of_another_type_are_kept_though_the_schema_was_lost(
    api: Sandbox, warehouse: Path, query: Query
) -> None:
    load_rows(api, {"id": 1, "to": [{"n": 1, "cc": [1]}]})
    change(warehouse, "DROP TABLE email._dlt_version")
    load_rows(api, {"id": 1, "to": [{"n": "007", "cc": ["007"]}]})
    assert items(query, "domains", "to") == {1: [{"n": None, "n__v_text": "007"}]}
    assert query("SELECT value__v_text FROM email.domains__to__cc") == [("007",)]


@pytest.mark.slow
def test_a_column_that_went_missing_together_with_the_schema_comes_back(
    api: Sandbox, warehouse: Path, query: Query
) -> None:
    row = {"id": 1, "to": [{"name": "ann", "age": 7}]}
    load_rows(api, row)
    change(warehouse, "DELETE FROM email._dlt_version")
    change(warehouse, "ALTER TABLE email.domains__to DROP COLUMN name")
    put(api, row)
    said: list[str] = []
    load("domains", say=said.append)
    assert items(query, "domains", "to")[1] == [{"age": 7, "name": "ann"}]
    assert said == ["domains: the schema in _dlt_version went missing: everything is loaded again"]


@pytest.mark.slow
@pytest.mark.parametrize("column", ["domains.color", "domains__to.name"])
def test_a_column_that_was_dropped_comes_back_with_its_values(
    api: Sandbox, warehouse: Path, query: Query, column: str
) -> None:
    row = {"id": 1, "color": "red", "to": [{"name": "ann", "age": 7}]}
    load_rows(api, row)
    name, _, field = column.partition(".")
    change(warehouse, f"ALTER TABLE email.{name} DROP COLUMN {field}")
    load_rows(api, row)
    assert table(query, "domains") == {1: {"id": 1, "color": "red"}}
    assert items(query, "domains", "to")[1] == [{"name": "ann", "age": 7}]


@pytest.mark.slow
@on_both
@pytest.mark.parametrize("column", ["domains.color", "domains__to.name"])
def test_a_column_whose_name_was_written_otherwise_is_renamed_back(
    api: Sandbox, warehouse: Place, query: Query, column: str
) -> None:
    row = {"id": 1, "color": "red", "to": [{"name": "ann", "age": 7}]}
    load_rows(api, row)
    name, _, field = column.partition(".")
    change(warehouse, f'ALTER TABLE email.{name} RENAME COLUMN {field} TO "{field.title()}"')
    said: list[str] = []
    assert load("domains", say=said.append).rows_loaded == 0
    assert said == [f"domains: {column} was written otherwise, and has its name again"]
    load_rows(api, row | {"color": "blue"})
    assert table(query, "domains") == {1: {"id": 1, "color": "blue"}}
    assert items(query, "domains", "to")[1] == [{"name": "ann", "age": 7}]
