"""Whatever rows an API gives, every value that can be kept is kept, and what cannot is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest

from email_assets.api.errors import ApiError
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.warehouses import Query, Row, fresh_warehouse, items, load, table


def put(api: Sandbox, *rows: Row) -> None:
    api.replace("domains", rows)


def load_rows(api: Sandbox, *rows: Row) -> None:
    put(api, *rows)
    load("domains")


# Rows without an id


@pytest.mark.parametrize("missing", [False, True], ids=["null", "missing"])
def test_a_row_without_an_id_is_left_out_and_counted(
    api: Sandbox, query: Query, missing: bool
) -> None:
    api.set_faults("domains", Fault("null_id", rows=3, missing=missing))
    report = load("domains")
    assert (report.rows_received, report.rows_loaded, report.rows_without_key) == (8, 5, 3)
    assert set(table(query, "domains")) == {row["id"] for row in api.rows("domains")[3:]}


def test_rows_without_an_id_count_as_listed(api: Sandbox) -> None:
    api.set_faults("domains", Fault("null_id", rows=3))
    report = load("domains")
    assert (report.rows_listed, report.api_total) == (8, 8)


def test_rows_that_all_lack_an_id_are_counted(api: Sandbox) -> None:
    api.set_faults("domains", Fault("null_id", rows=8))
    report = load("domains")
    assert (report.rows_loaded, report.rows_without_key, report.row_count) == (0, 8, 0)


def test_an_empty_text_and_0_are_ids(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 0}, {"id": -1})
    api.replace("servers", [{"id": ""}, {"id": " "}])
    load("servers")
    assert [*table(query, "domains"), *table(query, "servers")] == [0, -1, "", " "]


# Ids that come more than once


def test_of_equal_ids_in_a_page_the_last_stays(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 1, "n": 1}, {"id": 2, "n": 2}, {"id": 1, "n": 3})
    assert table(query, "domains") == {1: {"id": 1, "n": 3}, 2: {"id": 2, "n": 2}}


def test_of_equal_ids_in_different_pages_the_last_stays(api: Sandbox, query: Query) -> None:
    rows = [{"id": number % 120, "n": number} for number in range(250)]
    load_rows(api, *rows)
    assert table(query, "domains") == {row["id"]: row for row in rows}


def test_of_equal_ids_the_nested_items_of_the_last_stay(api: Sandbox, query: Query) -> None:
    first, last = {"id": 1, "to": [{"n": 1}, {"n": 2}]}, {"id": 1, "to": [{"n": 3}]}
    load_rows(api, first, {"id": 2, "to": [{"n": 4}]}, last)
    assert items(query, "domains", "to") == {1: [{"n": 3}], 2: [{"n": 4}]}


def test_of_equal_ids_the_last_replaces_what_was_loaded_before(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 1, "n": 1})
    load_rows(api, {"id": 1, "n": 2}, {"id": 1, "n": 3})
    assert table(query, "domains") == {1: {"id": 1, "n": 3}}


def test_rows_with_equal_ids_are_counted_apart(api: Sandbox) -> None:
    put(api, *({"id": number % 120} for number in range(250)))
    report = load("domains")
    assert (report.rows_received, report.rows_loaded, report.row_count) == (250, 250, 120)


# Ids of another type

REMEDY = (
    " of this run, of which nothing was loaded. If the API changed for good, rename or drop the "
    "table domains and its domains__… tables, and run again, which loads everything anew."
)
ODD_IDS = {
    "text": ("a-7", "text"),
    "a fraction": (7.5, "a fraction"),
    "a fraction of 1": (7.0, "a fraction"),
    "too long": (2**63, "a number beyond 64 bits"),
    "too long and negative": (-(2**63) - 1, "a number beyond 64 bits"),
    "a boolean": (True, "a boolean"),
    "a list": ([7], "a list or an object"),
    "an object": ({"n": 7}, "a list or an object"),
}


@pytest.mark.parametrize(("odd", "called"), ODD_IDS.values(), ids=ODD_IDS)
def test_an_id_of_another_type_is_an_error(api: Sandbox, odd: object, called: str) -> None:
    put(api, {"id": 7}, {"id": odd})
    with pytest.raises(ApiError) as failure:
        load("domains")
    assert str(failure.value) == (
        f"domains: id came as {called}, and was a number before, in row 2{REMEDY}"
    )


def test_an_id_of_another_type_than_the_tables_is_an_error(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 7, "n": 1})
    for odd, called in (ODD_IDS["text"], ODD_IDS["a fraction"], ODD_IDS["too long"]):
        put(api, {"id": odd, "n": 2})
        with pytest.raises(ApiError) as failure:
            load("domains")
        assert str(failure.value) == (
            f"domains: id came as {called}, and was a number before, in row 1{REMEDY}"
        )
    assert table(query, "domains") == {7: {"id": 7, "n": 1}}


def test_a_number_among_texts_is_an_error(api: Sandbox) -> None:
    put(api, {"id": "a"}, {"id": 7})
    with pytest.raises(ApiError, match=r"id came as a number, and was text before, in row 2 "):
        load("domains")


def test_a_number_for_a_text_of_the_table_is_an_error(api: Sandbox) -> None:
    load_rows(api, {"id": "a"})
    put(api, {"id": 7})
    with pytest.raises(ApiError, match=r"id came as a number, and was text before, in row 1 "):
        load("domains")


def test_an_id_that_no_key_can_be_is_an_error_from_the_start(api: Sandbox) -> None:
    put(api, {"id": 7.5})
    with pytest.raises(ApiError, match=r"^domains: id came as a fraction, in row 1 of this run, "):
        load("domains")


def test_an_id_that_changes_on_a_later_page_leaves_the_pages_before_unloaded(
    api: Sandbox, query: Query
) -> None:
    load_rows(api, {"id": 1, "n": "before"})
    put(api, *({"id": number, "n": "after"} for number in range(200)), {"id": "a"})
    with pytest.raises(ApiError, match="in row 201 "):
        load("domains")
    assert table(query, "domains") == {1: {"id": 1, "n": "before"}}


# Values

HALF = "half of a pair: \ud83d"
LONG = "é" * 2_500_000
MOMENT = datetime(2026, 1, 31, 22, 30, tzinfo=timezone.utc)
VALUES: dict[str, tuple[Any, Any]] = {
    "emoji": ("📬👩🏽‍💻", "📬👩🏽‍💻"),
    "half_of_a_surrogate_pair": (HALF, "half of a pair: \\ud83d"),
    "nul_characters": ("a\x00b\x00", "a\x00b\x00"),
    "line_ends": ("a\r\nb\u2028c", "a\r\nb\u2028c"),
    "five_megabytes": (LONG, LONG),
    "blanks": ("  ", "  "),
    "empty_text": ("", ""),
    "text_of_digits": ("007", "007"),
    "text_of_a_date": ("2026-01-31", "2026-01-31"),
    "sql": ("'; DROP TABLE email.domains; --", "'; DROP TABLE email.domains; --"),
    "moment": ("2026-01-31T23:30:00+01:00", MOMENT),
    "biggest": (2**63 - 1, 2**63 - 1),
    "smallest": (-(2**63), -(2**63)),
    "beyond_64_bits": (2**63, "9223372036854775808"),
    "below_64_bits": (-(2**63) - 1, "-9223372036854775809"),
    "two_hundred_bits": (2**200, str(2**200)),
    "fraction": (0.1, 0.1),
    "huge": (1.7976931348623157e308, 1.7976931348623157e308),
    "tiny": (5e-324, 5e-324),
    "yes": (True, True),
}
NESTED: dict[str, tuple[Any, str, Any]] = {
    "object": ({"a": {"b": "c"}}, "object__a__b", "c"),
    "beyond": ({"big": 2**64}, "beyond__big", str(2**64)),
    "deep": ({"d": {"d": {"d": {"d": {"d": {"d": {"d": 7}}}}}}}, "deep" + "__d" * 7, 7),
}
KEYS = {
    "camelCase": "camel_case",
    "HTTPStatus": "http_status",
    "with space": "with_space",
    "dotted.name": "dotted_name",
    "select": "select",
    "from": "from",
    "1st": "_1st",
    "größe": "gr_e",
    "q\"uo'te": "q_uo_te",
    "nul\x00": "nulx",
    "": "_empty",
    "_dlt_version": "_dlt_version",
    "k" * 300: "k" * 300,
}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Query]:
    """A table of one row, with every odd value and every odd key."""
    row = {
        "id": 1,
        **{field: value for field, (value, _) in VALUES.items()},
        **{field: value for field, (value, _, _) in NESTED.items()},
        **{key: f"value of {key}" for key in KEYS},
        "nulls_only": None,
        "items": ["\x00", HALF, 2**64, None, "007", 1, 1.5, [1, ["deeper"]], {"key": "🔑"}],
    }
    with Sandbox(messages=0) as sandbox:
        with fresh_warehouse(tmp_path_factory.mktemp("odd"), sandbox) as query:
            load_rows(sandbox, row)
        yield query


def value(query: Query, column: str) -> object:
    escaped = column.replace('"', '""')
    return query(f'SELECT "{escaped}" FROM email.domains')[0][0]


@pytest.mark.parametrize(
    ("field", "expected"), [(f, e) for f, (_, e) in VALUES.items()], ids=VALUES
)
def test_a_value_is_kept(odd: Query, field: str, expected: object) -> None:
    assert value(odd, field) == expected


@pytest.mark.parametrize(
    ("column", "expected"), [(c, e) for _, c, e in NESTED.values()], ids=NESTED
)
def test_a_value_in_an_object_is_kept(odd: Query, column: str, expected: object) -> None:
    assert value(odd, column) == expected


@pytest.mark.parametrize(("key", "column"), KEYS.items())
def test_a_key_becomes_a_column(odd: Query, key: str, column: str) -> None:
    assert value(odd, column) == f"value of {key}"


def test_a_field_that_is_always_null_makes_no_column(odd: Query) -> None:
    columns = odd("SELECT column_name FROM (DESCRIBE email.domains)")
    assert ("nulls_only",) not in columns


def test_the_items_of_a_list_are_kept(odd: Query) -> None:
    assert odd("SELECT value, key FROM email.domains__items ORDER BY _dlt_list_idx") == [
        ("\x00", None),
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
    assert odd("FROM (SELECT value FROM email.domains__items__list) WHERE value IS NOT NULL") == [
        (1,)
    ]
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


def test_fields_spelled_differently_in_different_rows_share_a_column(
    api: Sandbox, query: Query
) -> None:
    load_rows(api, {"id": 1, "Status": "a"}, {"id": 2, "status": "b"})
    assert table(query, "domains") == {1: {"id": 1, "status": "a"}, 2: {"id": 2, "status": "b"}}


# Values of another type than those before

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


def test_a_nested_list_may_appear_later(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 1, "to": "a"}, {"id": 2})
    load_rows(api, {"id": 1, "to": [{"n": 1, "cc": [{"n": 2}]}]})
    assert items(query, "domains", "to") == {1: [{"n": 1}]}
    assert query("SELECT n FROM email.domains__to__cc") == [(2,)]


def test_a_field_that_was_always_null_may_be_filled_later(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 1, "tag": None})
    load_rows(api, {"id": 1, "tag": "welcome"})
    assert table(query, "domains") == {1: {"id": 1, "tag": "welcome"}}
