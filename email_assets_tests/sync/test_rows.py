"""The steps of each row on its way into the warehouse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from random import Random
from typing import Any

import dlt
import pytest
from dlt.common.data_types import TDataType
from dlt.common.schema.utils import new_table
from hypothesis import given
from hypothesis import strategies as st

from email_assets.errors import ApiError
from email_assets.sync.rows import Rows
from email_assets_tests.sync.odd_rows import TIMES

REMEDY = (
    "of which nothing was loaded. If the API changed for good, rename or drop the table bounces "
    "and its bounces__… tables, and run again, which loads everything anew."
)


@pytest.fixture
def rows() -> Rows:
    return Rows("bounces", ["id"])


def table(name: str, column: str, data_type: TDataType) -> dlt.Schema:
    schema = dlt.Schema("bounces")
    schema.update_table(new_table(name, columns=[{"name": column, "data_type": data_type}]))
    return schema


def prepared(rows: Rows, row: dict[str, Any]) -> dict[str, Any]:
    [only] = rows.prepare_new([row])
    return only


# Numbering


def test_rows_are_numbered_so_that_the_last_sorts_last(rows: Rows) -> None:
    numbers = [prepared(rows, {"id": 1})["_dlt_id"] for _ in range(1000)]
    assert len(set(numbers)) == 1000
    assert numbers == sorted(numbers)


def test_a_later_reading_has_higher_numbers(rows: Rows) -> None:
    first = prepared(rows, {"id": 1})["_dlt_id"]
    assert prepared(Rows("bounces", ["id"]), {"id": 1})["_dlt_id"] > first


def test_a_number_replaces_one_that_the_api_gave(rows: Rows) -> None:
    assert prepared(rows, {"id": 1, "_dlt_id": "zzz"})["_dlt_id"] != "zzz"


def test_everything_else_in_a_row_stays(rows: Rows) -> None:
    row = {"id": 1, "to": [{"email": "ann@x.example"}], "tag": None}
    numbered = prepared(rows, dict(row))
    del numbered["_dlt_id"]
    assert numbered == row


def test_the_page_as_it_came_is_not_changed(rows: Rows) -> None:
    row = {"id": 1}
    prepared(rows, row)
    assert row == {"id": 1}


# Rows without a key


@pytest.mark.parametrize("row", [{}, {"id": None}, {"ID": 1}, {"name": "ann"}])
def test_a_row_without_a_key_is_set_aside_and_counted(rows: Rows, row: dict[str, Any]) -> None:
    assert (rows.has_key(row), rows.received, rows.without_key) == (False, 1, 1)


@pytest.mark.parametrize("key", [1, 0, -1, "a", "", " ", 2**63 - 1, -(2**63), "9" * 1000])
def test_a_row_with_a_key_is_kept_and_counted(rows: Rows, key: object) -> None:
    assert (rows.has_key({"id": key}), rows.received, rows.without_key) == (True, 1, 0)


@pytest.mark.parametrize(
    ("row", "kept"),
    [
        ({"server": 1, "id": "a"}, True),
        ({"server": 1}, False),
        ({"id": "a"}, False),
        ({"server": None, "id": "a"}, False),
    ],
)
def test_a_key_of_two_parts_needs_both(row: dict[str, Any], kept: bool) -> None:
    assert Rows("bounces", ["server", "id"]).has_key(row) is kept


PAGES: dict[str, list[dict[str, Any] | None]] = {
    "numbers": [{"id": 1}, {"id": -(2**63)}],
    "text": [{"id": "a"}, {"id": ""}],
    "one is missing": [{"id": 1}, {}, {"id": 2}],
    "one is null": [{"id": "a"}, {"id": None}],
    "one is private as a whole": [{"id": 1}, None, {"id": 2}],
    "none": [],
    "another type": [{"id": 1}, {"id": "1"}],
    "a boolean": [{"id": 1}, {"id": True}],
    "beyond 64 bits": [{"id": 1}, {"id": 2**63}],
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("data_type", [None, "bigint", "text", "timestamp"])
def test_a_page_of_rows_comes_out_as_its_rows_do_one_by_one(
    name: str, data_type: TDataType | None
) -> None:
    def found(keys: Callable[[Rows, list[dict[str, Any] | None]], Any]) -> tuple[Any, ...]:
        rows, said = Rows("bounces", ["id"]), ""
        if data_type:
            rows.expect_types_of(table("bounces", "id", data_type))
        try:
            kept = [keys(rows, PAGES[name]) for _ in range(2)]
        except ApiError as error:
            kept, said = [], str(error)
        return kept, said, rows.received, rows.without_key, rows.withheld

    one_by_one = found(lambda rows, page: [row for row in page if rows.has_key(row)])
    assert found(Rows.with_key) == one_by_one


# Keys of another type


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (1.5, "a fraction"),
        (1.0, "a fraction"),
        (True, "a boolean"),
        ([1], "a list or an object"),
        ({"a": 1}, "a list or an object"),
        (2**63, "a number beyond 64 bits"),
        (-(2**63) - 1, "a number beyond 64 bits"),
    ],
)
def test_a_key_that_is_neither_text_nor_a_whole_number_is_an_error(
    rows: Rows, key: object, kind: str
) -> None:
    with pytest.raises(ApiError) as caught:
        rows.has_key({"id": key})
    assert str(caught.value) == f"bounces: id came as {kind}, in row 1 of this run, {REMEDY}"


@pytest.mark.parametrize(
    ("first", "second", "came", "was"),
    [
        (1, "1", "text", "a number"),
        ("1", 1, "a number", "text"),
        (1, 1.0, "a fraction", "a number"),
        (1, 2**64, "a number beyond 64 bits", "a number"),
    ],
)
def test_a_key_that_changes_its_type_is_an_error(
    rows: Rows, first: object, second: object, came: str, was: str
) -> None:
    rows.has_key({"id": first})
    rows.has_key({"id": None})
    with pytest.raises(ApiError) as caught:
        rows.has_key({"id": second})
    assert str(caught.value) == (
        f"bounces: id came as {came}, and was {was} before, in row 3 of this run, {REMEDY}"
    )


@pytest.mark.parametrize(
    ("data_type", "key", "sentence"),
    [
        ("bigint", "1", "id came as text, and was a number before"),
        ("text", 1, "id came as a number, and was text before"),
        ("timestamp", 1, "id came as a number, and was text before"),
    ],
)
def test_a_key_of_another_type_than_in_the_warehouse_is_an_error(
    rows: Rows, data_type: TDataType, key: object, sentence: str
) -> None:
    rows.expect_types_of(table("bounces", "id", data_type))
    with pytest.raises(ApiError, match=sentence):
        rows.has_key({"id": key})


@pytest.mark.parametrize(
    ("data_type", "key"), [("bigint", 1), ("text", "1"), ("timestamp", "2026-03-01T12:00:00Z")]
)
def test_a_key_of_the_type_in_the_warehouse_is_kept(
    rows: Rows, data_type: TDataType, key: object
) -> None:
    rows.expect_types_of(table("bounces", "id", data_type))
    assert rows.has_key({"id": key})


def test_a_key_is_found_in_the_warehouse_under_the_name_that_dlt_gave_it() -> None:
    rows = Rows("bounces", ["MessageID"])
    rows.expect_types_of(table("bounces", "message_id", "bigint"))
    with pytest.raises(ApiError, match="MessageID came as text, and was a number before"):
        rows.has_key({"MessageID": "1"})


@pytest.mark.parametrize(
    "schema",
    [dlt.Schema("bounces"), table("messages", "id", "text"), table("bounces", "x", "text")],
)
def test_a_warehouse_that_knows_no_key_expects_none(rows: Rows, schema: dlt.Schema) -> None:
    rows.expect_types_of(schema)
    assert rows.has_key({"id": 1})


# Times


@pytest.mark.slow
@given(seed=st.integers(0, 2**32), has_odd=st.booleans())
def test_a_pages_newest_time_is_that_of_its_rows_one_by_one(seed: int, has_odd: bool) -> None:
    random = Random(seed)
    by_page, by_row = (Rows("bounces", ["id"], cursor_path="at") for _ in range(2))
    for _ in range(4):
        plain = [f"20{random.randrange(10, 26)}-02-{random.randrange(20, 31)}T10:00:00Z"] * 5
        plain += [f"20{random.randrange(10, 26)}-02-11T10:00:00Z" for _ in range(3)]
        page = [{"at": time} for time in random.sample(plain + [*TIMES] * has_odd, 4)]
        one_by_one = [by_row.note_times([row]) for row in page]
        assert by_page.note_times(page) == any(one_by_one)
        assert by_page.newest == by_row.newest


@pytest.mark.parametrize("field", ["soon", ["2026-03-01T12:00:00Z"], True, 7e19])
def test_a_field_that_holds_no_time_is_refused_unless_it_holds_one_in_another_row(
    field: object,
) -> None:
    rows = Rows("bounces", ["id"], cursor_path="at")
    rows.note_times([{"at": field}, {"at": None}])
    with pytest.raises(ApiError, match="bounces: at, the cursor_path, holds something"):
        rows.refuse_other_than_times()
    rows.note_times([{"at": "2026-03-01T12:00:00Z"}, {"at": field}])
    rows.refuse_other_than_times()
    assert rows.newest == datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
