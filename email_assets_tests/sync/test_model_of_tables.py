"""Whatever rows an API gives, and whatever happens to the tables, they end as the API has them."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from email_assets.sandbox import Sandbox
from email_assets_tests.sync.table_model import (
    SCALARS,
    leaves_of,
    objects,
    plain,
    stored,
    values_of,
)
from email_assets_tests.warehouses import Query, Row, change, fresh_warehouse, load

pytestmark = pytest.mark.slow

FEW = settings(
    max_examples=max(2, settings().max_examples // 30),
    deadline=None,
    derandomize=settings().max_examples < 500,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
"""Each example is a warehouse of its own, made by whole syncs; to shrink one takes minutes."""


@pytest.fixture(scope="module")
def api() -> Iterator[Sandbox]:
    with Sandbox(messages=0) as sandbox:
        yield sandbox


@contextmanager
def warehouse_of(api: Sandbox) -> Iterator[tuple[Path, Query]]:
    with tempfile.TemporaryDirectory() as folder, fresh_warehouse(Path(folder), api) as query:
        yield Path(folder) / "warehouse.duckdb", query


def sync(api: Sandbox, rows: list[Row]) -> None:
    api.replace("domains", rows)
    load("domains")


def numbered(rows: list[Row]) -> list[Row]:
    return [{**row, "id": number} for number, row in enumerate(rows)]


ROWS = st.lists(objects(SCALARS), min_size=1, max_size=12).map(numbered)


@FEW
@given(rows=ROWS)
@example(rows=[{"id": 0, "geo": {"ip": "nested"}, "geo__ip": "flat"}])
@example(rows=[{"id": 0, "a": 1}, {"id": 1, "a": "t", "a__v_text": "u", "__": 1, "_dlt_id": "z"}])
@example(rows=[{"id": 0, "": ["t", ["u"]], " ": ["v"]}, {"id": 1, "a": [{"": ["w"]}]}])
@example(rows=[{"id": 0, "a": {"b": [1, {"value": 2}]}, "a__b": [[3], {"list": [4]}]}])
@example(
    rows=[{"id": 0, "t": "9999-12-31T23:59:59-05:00"}, {"id": 1, "t": "0001-01-01T00:00:00+01:00"}]
)
def test_every_value_of_a_row_is_stored_once(api: Sandbox, rows: list[Row]) -> None:
    with warehouse_of(api) as (_, query):
        sync(api, rows)
        found = stored(query, "domains")
    for row in rows:
        values = [plain(value) for _, value in found[row["id"]]]
        assert sorted(values) == sorted(values_of(row).elements())


@FEW
@given(rows=st.lists(objects(st.just("")), min_size=2, max_size=8).map(numbered), data=st.data())
def test_each_field_has_one_column_for_good(
    api: Sandbox, rows: list[Row], data: st.DataObject
) -> None:
    """Each value says which it is, so that the column that it stands in tells its field's."""
    paths: dict[str, tuple[str, ...]] = {}

    def named(value: Any, path: tuple[str, ...]) -> Any:
        if isinstance(value, dict):
            return {key: named(part, (*path, key)) for key, part in value.items()}
        if isinstance(value, list):
            return [named(item, (*path, "[]")) for item in value]
        paths[name := f"value {len(paths)}"] = path
        return name

    first = [{**named({**row, "id": None}, ()), "id": row["id"]} for row in rows]
    later = [
        {**named({**row, "id": None}, ()), "id": row["id"] + 100}
        for row in data.draw(st.permutations(rows))
    ]
    with warehouse_of(api) as (_, query):
        sync(api, first)
        sync(api, later)
        columns, fields = defaultdict(set), defaultdict(set)
        for values in stored(query, "domains").values():
            for column, value in values:
                if value in paths:
                    columns[paths[value]].add(column)
                    fields[column].add(paths[value])
    assert {path: found for path, found in columns.items() if len(found) > 1} == {}
    assert {column: found for column, found in fields.items() if len(found) > 1} == {}


BY_HAND = (
    "DELETE FROM email.domains",
    "DELETE FROM email.domains WHERE id % 2 = 0",
    "DELETE FROM email.domains__kids",
    "DELETE FROM email.domains__kids WHERE _dlt_list_idx = 0",
    "INSERT INTO email.domains__kids FROM email.domains__kids",
    "DROP TABLE email.domains",
    "DROP TABLE email.domains__kids",
    "ALTER TABLE email.domains DROP COLUMN color",
    "ALTER TABLE email.domains__kids DROP COLUMN name",
    "DROP TABLE email._dlt_pipeline_state",
    "DROP TABLE email._dlt_loads",
    "DROP TABLE email._dlt_version",
    "UPDATE email._dlt_pipeline_state SET state = 'garbage'",
    "UPDATE email._dlt_version SET schema = 'garbage'",
    "UPDATE email._dlt_version SET schema = '{}'",
    "ALTER TABLE email._dlt_version DROP COLUMN schema",
    "ALTER TABLE email._dlt_loads DROP COLUMN status",
)
COLORS = st.sampled_from(["red", "blue", None, {"rgb": 1}, ["red"]])
KIDS = st.lists(st.fixed_dictionaries({"name": st.sampled_from("xyz"), "age": COLORS}), max_size=3)
VERSIONS = st.lists(st.fixed_dictionaries({"color": COLORS, "kids": KIDS}), min_size=4, max_size=4)
BEGINNING = numbered([{"color": "red", "kids": [{"name": "x"}, {"name": "y"}]} for _ in range(4)])


@FEW
@given(
    history=st.lists(
        st.tuples(st.none() | VERSIONS, st.lists(st.sampled_from(BY_HAND), max_size=2)),
        min_size=1,
        max_size=3,
    )
)
@example(history=[(None, [statement]) for statement in BY_HAND[:7:2]])
@example(history=[(None, [statement]) for statement in BY_HAND[7::2]])
@example(history=[(None, [BY_HAND[14], BY_HAND[8]])])
@example(history=[(None, [BY_HAND[7], BY_HAND[1]]), (None, [BY_HAND[11]])])
def test_after_any_history_the_table_is_as_the_api_has_it(
    api: Sandbox, history: list[tuple[list[Row] | None, list[str]]]
) -> None:
    rows = BEGINNING
    with warehouse_of(api) as (file, query):
        sync(api, rows)
        for versions, statements in history:
            for statement in statements:
                _try(file, statement)
            rows = numbered(versions) if versions else rows
            sync(api, rows)
        found = stored(query, "domains")
    assert {key: sorted(plain(value) for _, value in values) for key, values in found.items()} == {
        row["id"]: sorted(plain(value) for _, value in leaves_of(row)) for row in rows
    }


def _try(file: Path, statement: str) -> None:
    """Something that somebody does by hand, if the tables are still such that it can be done."""
    with suppress(duckdb.CatalogException, duckdb.BinderException):
        change(file, statement)
