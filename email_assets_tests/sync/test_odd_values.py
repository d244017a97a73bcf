"""Values and fields that a table does not hold by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from email_assets.sandbox import Sandbox
from email_assets_tests.sync.odd_data_fixtures import (
    KEYS,
    MOMENT,
    NESTED,
    VALUES,
    load_rows,
    odd,
    stored,
    value,
)
from email_assets_tests.warehouses import Query, Row, columns_of, fresh_warehouse, items, table

__all__ = ["odd"]


# Values


@pytest.mark.parametrize(
    ("field", "expected"), [(f, e) for f, (_, e) in VALUES.items()], ids=VALUES
)
def test_a_value_is_kept(odd: Query, field: str, expected: object) -> None:
    assert value(odd, field) == stored(odd, expected)


@pytest.mark.parametrize(
    ("column", "expected"), [(c, e) for _, c, e in NESTED.values()], ids=NESTED
)
def test_a_value_in_an_object_is_kept(odd: Query, column: str, expected: object) -> None:
    assert value(odd, column) == expected


@pytest.mark.parametrize(("key", "column"), KEYS.items())
def test_a_key_becomes_a_column(odd: Query, key: str, column: str) -> None:
    assert value(odd, column) == stored(odd, f"value of {key}")


def test_a_field_that_is_always_null_makes_no_column(odd: Query) -> None:
    assert "nulls_only" not in columns_of(odd, "domains")


def test_the_items_of_a_list_are_kept(odd: Query) -> None:
    assert odd("SELECT value, key FROM email.domains__items ORDER BY _dlt_list_idx") == [
        (stored(odd, "\x00"), None),
        ("half of a pair: \\ud83d", None),
        (str(2**64), None),
        (None, None),
        ("007", None),
        ("1", None),
        ("1.5", None),
        (None, None),
        (None, "🔑"),
    ]


def test_lists_in_lists_are_kept(odd: Query) -> None:
    assert odd("SELECT value FROM email.domains__items__list WHERE value IS NOT NULL") == [(1,)]
    assert odd("SELECT value FROM email.domains__items__list__list") == [("deeper",)]


# Keys that would share a column


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        ({"status": 1, "Status": 2}, {"status": 1, "status_2": 2}),
        ({"Status": 2, "status": 1}, {"status": 1, "status_2": 2}),
        ({"a-b": 1, "a b": 2, "aB": 3}, {"a_b": 2, "a_b_2": 1, "a_b_3": 3}),
        ({"ID": 7, "Id": 8}, {"id_2": 7, "id_3": 8}),
        ({"": 1, " ": 2}, {"_empty": 1, "_empty_2": 2}),
    ],
    ids=["case", "any order", "signs", "the primary key", "empty"],
)
def test_fields_that_would_share_a_column_are_numbered(
    api: Sandbox, query: Query, row: Row, columns: Row
) -> None:
    load_rows(api, {**row, "id": 1})
    assert table(query, "domains") == {1: {"id": 1, **columns}}


def test_fields_that_would_share_a_column_have_one_each_in_different_rows_too(
    api: Sandbox, query: Query
) -> None:
    load_rows(api, {"id": 1, "a-b": 1}, {"id": 2, "a b": 2}, {"id": 3, "a b": 3, "a-b": 4})
    assert table(query, "domains") == {
        1: {"id": 1, "a_b": 1},
        2: {"id": 2, "a_b_2": 2},
        3: {"id": 3, "a_b": 4, "a_b_2": 3},
    }


@pytest.mark.slow
def test_a_field_keeps_its_column_whatever_row_comes_first(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 1, "客户": "customer"}, {"id": 2, "订单": "order"})
    load_rows(api, {"id": 3, "订单": "order"}, {"id": 4, "客户": "customer"})
    assert table(query, "domains") == {
        1: {"id": 1, "x": "customer"},
        2: {"id": 2, "x_2": "order"},
        3: {"id": 3, "x_2": "order"},
        4: {"id": 4, "x": "customer"},
    }


TIME = "2026-01-31T22:30:00Z"


CHANGES: dict[str, tuple[Any, Any, str, Any]] = {
    "number to text": (5, "5.1.1", "__v_text", "5.1.1"),
    "number to text of digits": (5, "007", "__v_text", "007"),
    "number to fraction": (5, 1.5, "__v_double", 1.5),
    "number to boolean": (5, True, "__v_bool", True),
    "number to number beyond 64 bits": (5, 2**64, "__v_text", str(2**64)),
    "number to fraction beyond 64 bits": (5, 1e300, "__v_double", 1e300),
    "number to object": (5, {"a": 1}, "__a", 1),
    "fraction to number": (1.5, 2, "", 2.0),
    "fraction to number beyond 53 bits": (1.5, 2**53 + 1, "__v_bigint", 2**53 + 1),
    "fraction to text": (1.5, "1.50", "__v_text", "1.50"),
    "boolean to number": (True, 2, "__v_bigint", 2),
    "boolean to fraction": (True, 0.5, "__v_double", 0.5),
    "boolean to text": (True, "yes", "__v_text", "yes"),
    "text to number": ("t", 5, "", "5"),
    "text to fraction": ("t", 1.5, "", "1.5"),
    "text to boolean": ("t", True, "", "True"),
    "text to time": ("t", TIME, "", TIME),
    "text to object": ("t", {"a": 1}, "__a", 1),
    "time to text": (TIME, "soon", "__v_text", "soon"),
    "time to text of digits": (TIME, "1234567890", "__v_text", "1234567890"),
    "time to date": (TIME, "2026-02-01", "__v_text", "2026-02-01"),
    "time to text with a T": (TIME, "To do", "__v_text", "To do"),
    "time to number": (TIME, 5, "__v_bigint", 5),
    "object to text": ({"a": 1}, "t", "", "t"),
    "object to another": ({"a": 1}, {"a": "t"}, "__a__v_text", "t"),
    "list to text": ([1], "t", "", "t"),
    "null to text": (None, "t", "", "t"),
}


@pytest.fixture(scope="module", params=["in one sync", "in a later sync"])
def changed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Query]:
    """A table of two rows, in the second of which every value has another type."""
    before, after, _, _ = zip(*CHANGES.values(), strict=True)
    rows: list[Row] = [
        {"id": number, **{f"c{n}": value for n, value in enumerate(values)}, "list": items}
        for number, values, items in ((1, before, [1]), (2, after, ["007"]))
    ]
    with Sandbox(messages=0) as sandbox:
        with fresh_warehouse(tmp_path_factory.mktemp("changed"), sandbox) as query:
            if request.param == "in a later sync":
                load_rows(sandbox, rows[0])
            load_rows(sandbox, *rows)
        yield query


# Values of another type than those before


@pytest.mark.parametrize("change", CHANGES)
def test_a_value_of_another_type_is_kept(changed: Query, change: str) -> None:
    _, _, suffix, expected = CHANGES[change]
    column = f"c{list(CHANGES).index(change)}"
    row = table(changed, "domains")[2]
    found = {c: v for c, v in row.items() if c == column or c.startswith(f"{column}__")}
    assert found == {column + suffix: expected}
    assert type(found[column + suffix]) is type(expected)


def test_the_values_before_stay_where_they_are(changed: Query) -> None:
    row = table(changed, "domains")[1]
    assert {column for column in row if "__v_" in column} == set()


def test_an_item_of_another_type_is_kept(changed: Query) -> None:
    assert items(changed, "domains", "list") == {
        1: [{"value": 1, "value__v_text": None}],
        2: [{"value": None, "value__v_text": "007"}],
    }


def test_a_value_may_change_its_type_again_and_again(api: Sandbox, query: Query) -> None:
    values = [5, TIME, "soon", 5, "007", 1.5, True, TIME, "2026"]
    load_rows(api, *({"id": number, "x": value} for number, value in enumerate(values)))
    rows = table(query, "domains").values()
    kept = [value for row in rows for column, value in row.items() if column != "id"]
    assert kept == [MOMENT if value == TIME else value for value in values]


@pytest.mark.slow
def test_a_nested_list_may_appear_later(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 1, "to": "a"}, {"id": 2})
    load_rows(api, {"id": 1, "to": [{"n": 1, "cc": [{"n": 2}]}]})
    assert items(query, "domains", "to") == {1: [{"n": 1}]}
    assert query("SELECT n FROM email.domains__to__cc") == [(2,)]


def test_a_field_that_was_always_null_may_be_filled_later(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 1, "tag": None})
    load_rows(api, {"id": 1, "tag": "welcome"})
    assert table(query, "domains") == {1: {"id": 1, "tag": "welcome"}}
