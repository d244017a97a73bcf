"""Rows at the edge of the calendar, of what names and tables can hold, and of dlt's own marks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from email_assets.sandbox import Fault, Sandbox
from email_assets.sync import memory_use
from email_assets_tests.sync.odd_data_fixtures import load_rows, put
from email_assets_tests.warehouses import Query, items, load, table

EDGES = (
    "9999-12-31T23:59:59.9999999-05:00",
    "0001-01-01T00:00:00+05:00",
    "0000-00-00",
    "0000-00-00T00:00:00Z",
    "-0001-01-01T00:00:00Z",
    "10000-01-01T00:00:00Z",
    "2026-02-30T10:00:00Z",
)
LIKE_TIMES = (
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00+00:00",
    "2026-01-01T00:00:00.1234561Z",
    "2026-01-01T00:00:00.1234562Z",
    "2026-01-01",
    "1767225600",
)

# The edge of the calendar


@pytest.mark.parametrize("first", ["2026-01-31T22:30:00Z", EDGES[0]])
def test_a_time_beyond_the_calendar_is_kept_as_text(api: Sandbox, query: Query, first: str) -> None:
    load_rows(api, {"id": 0, "at": first}, *({"id": n, "at": at} for n, at in enumerate(EDGES, 1)))
    rows = table(query, "domains")
    kept = [value for n in range(1, 1 + len(EDGES)) for value in rows[n].values()]
    assert [value for value in kept if isinstance(value, str)] == list(EDGES)


def test_the_first_and_the_last_moment_of_the_calendar_are_times(
    api: Sandbox, query: Query
) -> None:
    load_rows(api, {"id": 1, "at": "0001-01-01T00:00:00Z"}, {"id": 2, "at": "9999-12-31T23:59:59Z"})
    years = query('SELECT year("at") FROM email.domains ORDER BY id')
    assert years == [(1,), (9999,)]


@pytest.mark.slow
def test_a_cursor_ignores_times_beyond_the_calendar(
    api: Sandbox, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__DOMAINS__CURSOR_PATH", "at")
    times = [*EDGES, "2026-01-31T22:30:00Z", "2026-02-01T00:00:00Z"]
    rows = [{"id": n, "at": at} for n, at in enumerate(times)]
    load_rows(api, *rows[:-1])
    load_rows(api, *rows)
    assert set(table(query, "domains")) == set(range(len(times)))


# Keys that look like something else


@pytest.mark.slow
def test_keys_that_look_like_times_stay_apart(api: Sandbox, query: Query) -> None:
    keys = [*EDGES, *LIKE_TIMES]
    load_rows(api, *({"id": key, "n": 1} for key in keys))
    load_rows(api, *({"id": key, "n": 2} for key in keys))
    assert table(query, "domains") == {key: {"id": key, "n": 2} for key in keys}


@pytest.mark.slow
def test_keys_that_look_like_something_else_later_are_text(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": "2026-01-01T00:00:00Z"})
    load_rows(api, {"id": "007"}, {"id": "true"}, {"id": "7"}, {"id": "msg"})
    assert set(table(query, "domains")) == {"2026-01-01T00:00:00Z", "007", "true", "7", "msg"}


# Marks with which dlt writes values of other types

DECODABLE = ("1.50", "2026-01-31T22:30:00+00:00", "2026-01-31", "YWI=", "6162", "22:30:00", "x")
MARKED = [chr(mark) + text for mark in range(0xF026, 0xF02E) for text in DECODABLE]


def test_text_that_dlt_would_decode_is_kept(api: Sandbox, query: Query) -> None:
    load_rows(api, *({"id": text, "a": text, "in": {"b": text}} for text in MARKED))
    assert table(query, "domains") == {
        text: {"id": text, "a": text, "in__b": text} for text in MARKED
    }


def test_text_in_lists_that_dlt_would_decode_is_kept(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 1, "to": [{"a": text} for text in MARKED], "cc": MARKED})
    assert items(query, "domains", "to") == {1: [{"a": text} for text in MARKED]}
    assert items(query, "domains", "cc") == {1: [{"value": text} for text in MARKED]}


def test_text_in_json_that_dlt_would_decode_is_kept(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 1, "a": nested(11, MARKED)})
    assert in_json(query) == MARKED


# Depth, length and number


def nested(levels: int, value: Any) -> Any:
    for _ in range(levels):
        value = {"a": value}
    return value


def in_json(query: Query) -> Any:
    """The innermost value in the one column of JSON that the table has."""
    ((column,),) = query(
        "SELECT column_name FROM (DESCRIBE email.domains) WHERE column_type = 'JSON'"
    )
    ((text,),) = query(f"SELECT {column} FROM email.domains WHERE {column} IS NOT NULL")
    value = json.loads(text)
    while isinstance(value, dict):
        value = value["a"]
    return value


def test_what_is_deep_in_objects_is_json(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 1, "a": nested(60, 7)})
    assert in_json(query) == 7


@pytest.mark.parametrize("opened", [('{"a":', "}", 300), ("[", "]", 60)], ids=["objects", "lists"])
def test_a_row_that_is_deeper_than_dlt_can_write_stops_nobody(
    api: Sandbox, query: Query, opened: tuple[str, str, int]
) -> None:
    begin, end, levels = opened
    deep = json.loads(begin * levels + "7" + end * levels)
    load_rows(api, {"id": 1, "deep": deep}, {"id": 2, "n": 1})
    assert set(table(query, "domains")) == {1, 2}


@pytest.mark.slow
def test_lists_under_names_of_200_characters_become_tables(api: Sandbox, query: Query) -> None:
    long = "n" * 200
    put(api, {"id": 1, long: [{long: [7]}], "m" * 200: "v"})
    said: list[str] = []
    load("domains", say=said.append)
    assert table(query, "domains") == {1: {"id": 1, "m" * 200: "v"}}
    (outer, _), (inner, value) = sorted(
        (name, query(f'FROM email."{name}"')[0][0])
        for (name,) in query("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'email'")
        if name.startswith("domains__")
    )
    assert (inner.startswith(f"{outer}__"), value) == (True, 7)
    assert said == [
        f"domains: {'n' * 80} has a name too long for a table, which is called {outer}; "
        "others may too"
    ]


@pytest.mark.slow
def test_free_form_keys_beyond_what_a_table_holds_are_json(api: Sandbox, query: Query) -> None:
    row = {"id": 1, "metadata": {f"key {number}": number for number in range(10_000)}}
    put(api, row)
    said: list[str] = []
    load("domains", say=said.append)
    load_rows(api, row, {"id": 2, "metadata": {"another": 1}})
    names = [name for (name,) in query("SELECT column_name FROM (DESCRIBE email.domains)")]
    ((more,),) = query("SELECT metadata__more FROM email.domains WHERE id = 1")
    columns = [name for name in names if name.startswith("metadata__key")]
    assert len(names) < 510
    assert len(columns) + len(json.loads(more)) == 10_000
    assert said == [
        "domains: metadata is loaded as JSON into the column domains.metadata__more; others may too"
    ]


@pytest.mark.slow
def test_fields_beyond_what_a_table_holds_are_told(api: Sandbox, query: Query) -> None:
    put(api, {"id": 1} | {f"field_{number}": number for number in range(600)})
    said: list[str] = []
    load("domains", say=said.append)
    assert said == [
        "domains: what a row has beyond 500 columns is loaded as JSON into the column "
        "domains.more; others may too"
    ]


# Rows that are wide


def test_rows_are_as_wide_as_they_are_however_small_an_api_packs_them(
    api: Sandbox, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_use, "MEMORY_LIMIT", "1KB")  # in which nothing is loaded
    api.set_faults("domains", Fault("gzip"))
    load_rows(api, *({"id": number, "html": "<td>" * 2000} for number in range(9)))
    assert query("SELECT sum(length(html)) FROM email.domains") == [(9 * 8000,)]
