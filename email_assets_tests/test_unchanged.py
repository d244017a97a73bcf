"""A sync loads the rows that are new or differ, and none that the warehouse holds as they are."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from email_assets.api.errors import ApiError
from email_assets.pipeline import SyncReport, sync
from email_assets.rows import DLT_ID_LENGTH
from email_assets.sandbox import Fault, Sandbox
from email_assets.sandbox.data import RESOURCES
from email_assets.span import Span
from email_assets.warehouse import open_pipeline
from email_assets_tests.dagster_fixtures import empty_home, figures, instance, materialize
from email_assets_tests.processes import stopped, syncing
from email_assets_tests.vendor_fixtures import UseVendor, use_vendor
from email_assets_tests.vendors.postmark_server import ACCOUNT_TOKEN, PostmarkServer
from email_assets_tests.warehouses import (
    Query,
    Row,
    change,
    fresh_warehouse,
    items,
    listed,
    never,
    table,
)

__all__ = ["empty_home", "instance", "use_vendor"]

FULL_REFRESH = Span(full_refresh=True)
OLD_LENGTH = 24
"""Characters of the `_dlt_id` of releases that wrote no digests."""
A_DAY = timedelta(days=1)


def load(name: str, span: Span | None = None) -> SyncReport:
    """Sync a resource as an asset does."""
    with open_pipeline(name) as pipeline:
        done = sync(pipeline, name, say=lambda _: None, sleep=never, span=span or Span())
    return done.report


def put(api: Sandbox, *rows: Row) -> None:
    api.replace("domains", rows)


def load_rows(api: Sandbox, *rows: Row) -> tuple[int, int]:
    """How many rows a sync of these loaded, and how many it found unchanged."""
    put(api, *rows)
    return counts(load("domains"))


def counts(report: SyncReport) -> tuple[int, int]:
    assert report.rows_received == (
        report.rows_loaded + report.rows_unchanged + report.rows_without_key
    )
    return report.rows_loaded, report.rows_unchanged


def loads(query: Query, name: str) -> dict[Any, str]:
    """The load that each row of a table came with."""
    return dict(query(f"SELECT id, _dlt_load_id FROM email.{name}"))


def state_of(warehouse: Path) -> tuple[bytes, int]:
    return warehouse.read_bytes(), warehouse.stat().st_mtime_ns


def assert_exact(query: Query, rows: list[Row]) -> None:
    """The table of messages and its child table hold these rows, each once."""
    assert table(query, "messages") == listed(rows)
    assert items(query, "messages", "recipients") == {row["id"]: row["recipients"] for row in rows}


# Nothing has changed


@dataclass
class Again:
    """A sync of what was synced just before, and the warehouse's file around it."""

    rows: int
    report: SyncReport
    before: tuple[bytes, int]
    after: tuple[bytes, int]


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Again]:
    """The five resources, each synced twice."""
    folder = tmp_path_factory.mktemp("again")
    found: dict[str, Again] = {}
    with Sandbox(messages=250) as sandbox, fresh_warehouse(folder, sandbox):
        for name in RESOURCES:
            load(name)
        for name in RESOURCES:
            before = state_of(folder / "warehouse.duckdb")
            report = load(name)
            after = state_of(folder / "warehouse.duckdb")
            found[name] = Again(len(sandbox.rows(name)), report, before, after)
    return found


@pytest.mark.parametrize("name", RESOURCES)
def test_a_sync_in_which_nothing_changed_loads_nothing(again: dict[str, Again], name: str) -> None:
    found = again[name]
    assert (found.report.rows_loaded, found.report.rows_unchanged) == (0, found.rows)


@pytest.mark.parametrize("name", RESOURCES)
def test_a_sync_in_which_nothing_changed_reads_everything_all_the_same(
    again: dict[str, Again], name: str
) -> None:
    report, rows = again[name].report, again[name].rows
    read = (report.rows_received, report.rows_listed, report.api_total, report.row_count)
    assert read == (rows, rows, rows, rows)


@pytest.mark.parametrize("name", RESOURCES)
def test_a_sync_in_which_nothing_changed_does_not_touch_the_warehouse_file(
    again: dict[str, Again], name: str
) -> None:
    assert again[name].after == again[name].before


@pytest.mark.parametrize("name", ["messages", "deliverystats"])
def test_an_asset_in_which_nothing_changed_is_materialized_with_its_figures(
    name: str, api: Sandbox, instance: dg.DagsterInstance
) -> None:
    materialize(instance, name)
    found = figures(materialize(instance, name), name)
    rows = len(api.rows(name))
    assert {figure: found[figure] for figure in ("rows_loaded", "rows_unchanged")} == {
        "rows_loaded": 0,
        "rows_unchanged": rows,
    }
    assert found["dagster/row_count"] == rows


def test_an_asset_in_which_nothing_changed_still_tells_its_columns(
    api: Sandbox, instance: dg.DagsterInstance
) -> None:
    first = figures(materialize(instance, "messages"), "messages")
    again = figures(materialize(instance, "messages"), "messages")
    assert again["dagster/column_schema"] == first["dagster/column_schema"]
    assert (first["first_run"], again["first_run"]) == (True, False)


def test_the_checks_of_an_asset_in_which_nothing_changed_pass(
    api: Sandbox, instance: dg.DagsterInstance
) -> None:
    materialize(instance, "messages", "deliverystats")
    run = materialize(instance, "messages", "deliverystats")
    assert run.success
    evaluations = run.get_asset_check_evaluations()
    assert (len(evaluations), [found for found in evaluations if not found.passed]) == (6, [])


def test_an_empty_list_leaves_table_and_file_alone(
    api: Sandbox, query: Query, warehouse: Path
) -> None:
    load("servers")
    before = state_of(warehouse)
    api.replace("servers", [])
    assert counts(load("servers")) == (0, 0)
    assert state_of(warehouse) == before


def test_rows_that_come_back_as_they_were_are_not_loaded_again(api: Sandbox) -> None:
    load("servers")
    api.replace("servers", [])
    load("servers")
    api.replace("servers", None)
    assert counts(load("servers")) == (0, 5)


# What is a change

AS_IT_WAS: Row = {
    "name": "ann",
    "n": 1,
    "fraction": 1.5,
    "yes": True,
    "at": {"city": "x", "geo": {"lat": 1.5, "lon": 2.5}},
    "to": [{"n": 1, "cc": [{"n": 7}]}, {"n": 2, "cc": []}],
    "tags": ["a", "b"],
    "empty": None,
    "sent": "2026-01-31T22:30:00Z",
}


def with_(**fields: Any) -> Row:
    return {**AS_IT_WAS, **fields}


CHANGES: dict[str, Row] = {
    "a field": with_(name="bob"),
    "the case of a letter": with_(name="Ann"),
    "a blank at the end": with_(name="ann "),
    "a fraction of a second": with_(sent="2026-01-31T22:30:00.001Z"),
    "a field in an object": with_(at={"city": "y", "geo": {"lat": 1.5, "lon": 2.5}}),
    "a field in an object in an object": with_(at={"city": "x", "geo": {"lat": 9, "lon": 2.5}}),
    "an item's field": with_(to=[{"n": 3, "cc": [{"n": 7}]}, {"n": 2, "cc": []}]),
    "an item's item": with_(to=[{"n": 1, "cc": [{"n": 8}]}, {"n": 2, "cc": []}]),
    "one more item": with_(to=[*AS_IT_WAS["to"], {"n": 3, "cc": []}]),
    "one more item that is the same": with_(tags=["a", "b", "b"]),
    "one item less": with_(to=AS_IT_WAS["to"][:1]),
    "no item left": with_(to=[]),
    "no list left": with_(to=None),
    "the order of a list of objects": with_(to=AS_IT_WAS["to"][::-1]),
    "the order of a list of values": with_(tags=["b", "a"]),
    "a field that appears": with_(more="here"),
    "a field that vanishes": {field: AS_IT_WAS[field] for field in AS_IT_WAS if field != "name"},
    "null for a value": with_(name=None),
    "a value for null": with_(empty="no more"),
    "an empty text for null": with_(empty=""),
    "an empty object for null": with_(empty={}),
    "1.0 for 1": with_(n=1.0),
    "text for 1": with_(n="1"),
    "true for 1": with_(n=True),
    "1 for true": with_(yes=1),
    "text for a fraction": with_(fraction="1.5"),
    "a list for a text": with_(name=["ann"]),
}
THE_SAME: dict[str, Row] = {
    "nothing": with_(),
    "the order of fields": dict(reversed(AS_IT_WAS.items())),
    "the order of fields in objects": with_(at={"geo": {"lon": 2.5, "lat": 1.5}, "city": "x"}),
    "the order of fields in items": with_(
        to=[{"cc": [{"n": 7}], "n": 1}, {"cc": [], "n": 2}],
    ),
}


@dataclass
class Changed:
    """What became of rows that were all alike when they were synced the second time."""

    report: SyncReport
    before: dict[str, str]
    after: dict[str, str]
    """The load that each row came with."""
    content: list[list[tuple[Any, ...]]]
    content_after_full_refresh: list[list[tuple[Any, ...]]]


def content_of(query: Query) -> list[list[tuple[Any, ...]]]:
    """All that the table of domains and those below it hold, but for dlt's own columns."""
    below = "SELECT d.id, i._dlt_list_idx, {} FROM email.domains__{} i LEFT JOIN email.domains d"
    on = "ON i._dlt_parent_id = d._dlt_id ORDER BY ALL"
    return [
        query("SELECT * EXCLUDE (_dlt_id, _dlt_load_id) FROM email.domains ORDER BY id"),
        query(f"{below.format('i.n', 'to')} {on}"),
        query(f"{below.format('i.value', 'tags')} {on}"),
        query(
            "SELECT d.id, t._dlt_list_idx, c._dlt_list_idx, c.n FROM email.domains__to__cc c "
            "LEFT JOIN email.domains__to t ON c._dlt_parent_id = t._dlt_id "
            "LEFT JOIN email.domains d ON t._dlt_parent_id = d._dlt_id ORDER BY ALL"
        ),
    ]


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Changed:
    """A table of rows that were all alike, synced again when each had changed in its own way."""
    cases = CHANGES | THE_SAME
    folder = tmp_path_factory.mktemp("changed")
    with Sandbox(messages=0) as sandbox, fresh_warehouse(folder, sandbox) as query:
        load_rows(sandbox, *({"id": case, **AS_IT_WAS} for case in cases))
        before = loads(query, "domains")
        put(sandbox, *({"id": case, **row} for case, row in cases.items()))
        report = load("domains")
        after, content = loads(query, "domains"), content_of(query)
        load("domains", FULL_REFRESH)
        return Changed(report, before, after, content, content_of(query))


@pytest.mark.parametrize("case", CHANGES)
def test_a_row_that_differs_is_loaded(changed: Changed, case: str) -> None:
    assert changed.after[case] != changed.before[case]


@pytest.mark.parametrize("case", THE_SAME)
def test_a_row_that_is_written_in_another_order_is_not_loaded(changed: Changed, case: str) -> None:
    assert changed.after[case] == changed.before[case]


def test_rows_that_differ_and_those_that_do_not_are_counted(changed: Changed) -> None:
    assert counts(changed.report) == (len(CHANGES), len(THE_SAME))


def test_a_full_refresh_afterwards_finds_nothing_to_correct(changed: Changed) -> None:
    assert changed.content == changed.content_after_full_refresh


def test_a_new_row_is_loaded_and_the_others_are_not(api: Sandbox, query: Query) -> None:
    load("messages")
    before = loads(query, "messages")
    api.insert_head("messages", 3)
    assert counts(load("messages")) == (3, 250)
    after = loads(query, "messages")
    assert {key: after[key] for key in before} == before
    assert_exact(query, api.rows("messages"))


def test_a_row_that_changes_back_is_loaded_again(api: Sandbox, query: Query) -> None:
    for n in (1, 2, 1):
        assert load_rows(api, {"id": 1, "n": n}, {"id": 2, "n": n}) == (2, 0)
    assert table(query, "domains") == {1: {"id": 1, "n": 1}, 2: {"id": 2, "n": 1}}


def test_the_values_of_another_key_are_a_change(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 1, "n": 1}, {"id": 2, "n": 2})
    assert load_rows(api, {"id": 1, "n": 2}, {"id": 2, "n": 1}) == (2, 0)
    assert table(query, "domains") == {1: {"id": 1, "n": 2}, 2: {"id": 2, "n": 1}}


def test_a_row_that_was_stored_by_an_earlier_of_many_syncs_is_unchanged(api: Sandbox) -> None:
    for number in range(4):
        load_rows(api, {"id": number})
    assert load_rows(api, *({"id": number} for number in range(4))) == (0, 4)


# Several rows with one key

A, B = ({"n": name, "to": [{"of": name}, {"of": name * 2}]} for name in "AB")
VERSIONS: dict[str, Row] = {"A": A, "B": B}


@pytest.mark.parametrize(
    ("answer", "loaded", "unchanged"),
    [
        ("A", 0, 1),
        ("B", 1, 0),
        ("AA", 0, 2),
        ("AB", 1, 1),
        ("BA", 2, 0),
        ("BB", 2, 0),
    ],
)
def test_of_a_key_whose_row_is_a_those_are_loaded_that_come_from_the_first_change_on(
    api: Sandbox, query: Query, answer: str, loaded: int, unchanged: int
) -> None:
    load_rows(api, {"id": 1, **A})
    assert load_rows(api, *({"id": 1, **VERSIONS[name]} for name in answer)) == (loaded, unchanged)
    assert items(query, "domains", "to") == {1: VERSIONS[answer[-1]]["to"]}


ANSWERS = ("", "A", "B", "AB", "BA", "AA", "ABA", "BAB")
"""The rows of one key that an answer may have."""


def test_the_last_row_of_a_key_stays_whatever_came_before(api: Sandbox, query: Query) -> None:
    histories = dict(enumerate(itertools.product(ANSWERS, repeat=3)))
    for number in range(3):
        # first all first rows, then all second ones, and so on
        put(
            api,
            *(
                {"id": key, **VERSIONS[history[number][turn]]}
                for turn in range(3)
                for key, history in histories.items()
                if turn < len(history[number])
            ),
        )
        load("domains")
    last = {key: VERSIONS["".join(h)[-1]] for key, h in histories.items() if any(h)}
    assert table(query, "domains") == {key: {"id": key, "n": row["n"]} for key, row in last.items()}
    assert items(query, "domains", "to") == {key: row["to"] for key, row in last.items()}


# Child tables


def test_a_row_that_did_not_change_keeps_its_items(api: Sandbox, query: Query) -> None:
    kept = {"id": 1, "to": [{"n": 1, "cc": [{"n": 10}]}, {"n": 2, "cc": []}]}
    load_rows(api, kept, {"id": 2, "to": [{"n": 3, "cc": []}]})
    before = query("FROM email.domains__to WHERE n < 3 ORDER BY n")
    load_rows(api, kept, {"id": 2, "to": [{"n": 4, "cc": []}]})
    assert query("FROM email.domains__to WHERE n < 3 ORDER BY n") == before
    assert query("SELECT n FROM email.domains__to__cc") == [(10,)]


def test_a_changed_row_leaves_no_item_behind_on_any_floor(api: Sandbox, query: Query) -> None:
    load_rows(
        api,
        {"id": 1, "n": 1, "to": [{"n": 1, "cc": [{"n": 10}, {"n": 11}]}, {"n": 2, "cc": []}]},
        {"id": 2, "n": 1, "to": [{"n": 5, "cc": [{"n": 50}]}]},
    )
    load_rows(
        api,
        {"id": 1, "n": 2, "to": [{"n": 3, "cc": [{"n": 30}]}]},
        {"id": 2, "n": 1, "to": [{"n": 5, "cc": [{"n": 50}]}]},
    )
    assert items(query, "domains", "to") == {1: [{"n": 3}], 2: [{"n": 5}]}
    assert query(
        "SELECT item.n, floor.n FROM email.domains__to__cc AS floor "
        "LEFT JOIN email.domains__to AS item ON item._dlt_id = floor._dlt_parent_id ORDER BY ALL"
    ) == [(3, 30), (5, 50)]


def test_a_row_of_which_only_a_field_changed_has_its_items_once(api: Sandbox, query: Query) -> None:
    for n in (1, 2):
        load_rows(api, {"id": 1, "n": n, "to": [{"n": 7}, {"n": 7}]})
    assert query(
        "SELECT parent.n, item.n FROM email.domains__to AS item "
        "LEFT JOIN email.domains AS parent ON parent._dlt_id = item._dlt_parent_id"
    ) == [(2, 7), (2, 7)]


# Everything again


def test_a_full_refresh_loads_every_row_again(api: Sandbox, query: Query) -> None:
    load("messages")
    before = loads(query, "messages")
    assert counts(load("messages", FULL_REFRESH)) == (250, 0)
    after = loads(query, "messages")
    assert [key for key in before if after[key] == before[key]] == []
    assert_exact(query, api.rows("messages"))


def test_a_sync_after_a_full_refresh_loads_nothing(api: Sandbox) -> None:
    load("messages")
    load("messages", FULL_REFRESH)
    assert counts(load("messages")) == (0, 250)


def test_a_full_refresh_corrects_what_somebody_wrote_into_the_table(
    api: Sandbox, query: Query, warehouse: Path
) -> None:
    load("servers")
    change(warehouse, "UPDATE email.servers SET name = 'by hand'")
    load("servers", FULL_REFRESH)
    assert table(query, "servers") == listed(api.rows("servers"))


# Syncs by time


@pytest.fixture
def stops_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings for an API that lists the newest first and cannot be asked for less."""
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "sent_at")
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__ROW_ORDER", "desc")


@pytest.fixture
def asks_for_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings for an API that can be asked for a stretch of time."""
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "sent_at")
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__START_PARAM", "since")
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__END_PARAM", "until")


@pytest.fixture(params=["stops_early", "asks_for_windows"])
def incremental(request: pytest.FixtureRequest) -> None:
    """One after the other, both ways to sync what is new."""
    request.getfixturevalue(request.param)


def sent_at(row: Row) -> datetime:
    return datetime.fromisoformat(row["sent_at"].replace("Z", "+00:00"))


def start_after(row: Row) -> datetime:
    """Where a sync begins whose cursor stands at a row."""
    return (sent_at(row) - A_DAY).replace(microsecond=0)


def change_messages(api: Sandbox, *positions: int) -> list[Row]:
    """Give the rows at these positions another subject."""
    rows: list[Row] = api.rows("messages")
    for position in positions:
        rows[position] = {**rows[position], "subject": "changed"}
    api.replace("messages", rows)
    return rows


@pytest.mark.usefixtures("incremental")
def test_a_sync_of_what_is_new_loads_nothing_while_nothing_is(
    api: Sandbox, warehouse: Path
) -> None:
    load("messages")
    before = state_of(warehouse)
    report = load("messages")
    assert counts(report) == (0, report.rows_received)
    assert report.rows_received > 0
    assert state_of(warehouse) == before


@pytest.mark.usefixtures("incremental")
def test_rows_within_the_look_back_are_not_loaded_again(api: Sandbox, query: Query) -> None:
    load("messages")
    before = loads(query, "messages")
    start = start_after(api.rows("messages")[0])
    looked_back_at = [row["id"] for row in api.rows("messages") if sent_at(row) >= start]
    api.insert_head("messages", 2)
    load("messages")
    after = loads(query, "messages")
    assert len(looked_back_at) > 5
    assert [key for key in looked_back_at if after[key] != before[key]] == []


@pytest.mark.usefixtures("asks_for_windows")
def test_a_row_that_changed_within_the_look_back_is_loaded_alone(
    api: Sandbox, query: Query
) -> None:
    load("messages")
    rows = change_messages(api, 5)
    report = load("messages")
    assert report.rows_loaded == 1
    assert report.rows_unchanged == report.rows_received - 1 > 5
    assert_exact(query, rows)


@pytest.mark.usefixtures("incremental")
def test_the_cursor_moves_with_the_rows_that_are_new(api: Sandbox) -> None:
    load("messages")
    api.insert_head("messages", 2)
    load("messages")
    assert load("messages").window.start == start_after(api.rows("messages")[0])


@pytest.mark.parametrize("settings", ["stops_early", "asks_for_windows"])
def test_the_cursor_is_kept_though_every_row_was_loaded_before_there_was_one(
    settings: str, api: Sandbox, request: pytest.FixtureRequest
) -> None:
    load("messages")
    request.getfixturevalue(settings)
    assert counts(load("messages")) == (0, 250)
    assert load("messages").window.start == start_after(api.rows("messages")[0])


@pytest.mark.usefixtures("asks_for_windows")
def test_a_backfill_loads_only_what_differs(api: Sandbox, query: Query) -> None:
    load("messages")
    rows = change_messages(api, 150)
    stretch = Span(start=sent_at(rows[160]), end=sent_at(rows[140]))
    assert counts(load("messages", stretch)) == (1, 20)
    assert_exact(query, rows)


@pytest.mark.usefixtures("asks_for_windows")
def test_a_backfill_in_which_nothing_differs_does_not_touch_the_warehouse_file(
    api: Sandbox, warehouse: Path
) -> None:
    load("messages")
    before, rows = state_of(warehouse), api.rows("messages")
    stretches = {
        "both ends": Span(start=sent_at(rows[160]), end=sent_at(rows[140])),
        "no start": Span(end=sent_at(rows[140])),
        "no end": Span(start=sent_at(rows[160])),
    }
    found = {name: counts(load("messages", stretch)) for name, stretch in stretches.items()}
    assert found == {"both ends": (0, 21), "no start": (0, 110), "no end": (0, 161)}
    assert state_of(warehouse) == before


@pytest.mark.usefixtures("stops_early")
def test_rows_from_before_the_look_back_that_come_with_its_last_page_are_not_loaded_again(
    api: Sandbox, query: Query
) -> None:
    load("messages")
    before = loads(query, "messages")
    load("messages")
    assert loads(query, "messages") == before


CURSORS: dict[str, tuple[str, list[Any]]] = {
    "a column of times": (
        "sent_at",
        [{"sent_at": f"2026-01-3{day}T12:00:00.123456+05:30"} for day in (1, 0)],
    ),
    "a column of text": (
        "sent_at",
        [{"sent_at": f"{day} Jan 2026 12:00:00 +0000"} for day in ("Sat, 31", "Fri, 30")],
    ),
    "a column of numbers": ("sent_at", [{"sent_at": 1_769_862_600 - n} for n in (0, 3600)]),
    "a column of fractions": ("sent_at", [{"sent_at": 1_769_862_600.5 - n} for n in (0, 3600)]),
    "a field in an object": (
        "datesOf.sentAt",
        [{"datesOf": {"sentAt": f"2026-01-3{day}T12:00:00Z"}} for day in (1, 0)],
    ),
    "an object with a number beyond 64 bits": (
        "dates.sent",
        [{"dates": {"sent": f"2026-01-3{day}T12:00:00Z", "n": 2**64}} for day in (1, 0)],
    ),
    "a field that no row has": ("created_at", [{"n": 1}, {"n": 2}]),
    "a field that is always null": ("sent_at", [{"sent_at": None}, {"sent_at": None}]),
    "a field of another spelling": (
        "Sent-At",
        [{"Sent-At": f"2026-01-3{day}T12:00:00Z"} for day in (1, 0)],
    ),
    "a field beside one of the same column": (
        "SentAt",
        [{"SentAt": f"2026-01-3{day}T12:00:00Z", "sent_at": "x"} for day in (1, 0)],
    ),
}


@pytest.mark.parametrize(("cursor_path", "fields"), CURSORS.values(), ids=CURSORS)
def test_whatever_the_cursor_column_is_rows_are_not_loaded_again(
    cursor_path: str, fields: list[Row], api: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__DOMAINS__CURSOR_PATH", cursor_path)
    monkeypatch.setenv("SOURCES__EMAIL__DOMAINS__LAG", str(2 * 86_400))
    rows = [{"id": number, **row} for number, row in enumerate(fields)]
    load_rows(api, *rows)
    assert load_rows(api, *rows) == (0, 2)


# Tables that somebody changed


def test_a_row_that_somebody_deleted_comes_back(
    api: Sandbox, warehouse: Path, query: Query
) -> None:
    load("messages")
    a_row = f"id = '{api.rows('messages')[17]['id']}'"
    ids = f"(SELECT _dlt_id FROM email.messages WHERE {a_row})"
    change(
        warehouse,
        f"DELETE FROM email.messages__recipients WHERE _dlt_parent_id IN {ids}",
        f"DELETE FROM email.messages WHERE {a_row}",
    )
    assert counts(load("messages")) == (1, 249)
    assert_exact(query, api.rows("messages"))


@pytest.mark.parametrize(
    "edited",
    ["''", "'by hand'", "repeat('0', 40)", "repeat('x', 40)", "repeat('é', 40)", "_dlt_id || '0'"],
)
def test_a_row_whose_dlt_id_was_edited_is_loaded_once_more(
    api: Sandbox, warehouse: Path, query: Query, edited: str
) -> None:
    load("servers")
    change(warehouse, f"UPDATE email.servers SET _dlt_id = {edited} WHERE id = 3")
    assert [counts(load("servers")) for _ in range(2)] == [(1, 4), (0, 5)]
    assert table(query, "servers") == listed(api.rows("servers"))


def test_rows_of_a_release_without_digests_are_loaded_once_more(
    api: Sandbox, warehouse: Path, query: Query
) -> None:
    load("messages")
    change(
        warehouse,
        f"UPDATE email.messages SET _dlt_id = left(_dlt_id, {OLD_LENGTH})",
        f"UPDATE email.messages__recipients SET _dlt_root_id = left(_dlt_root_id, {OLD_LENGTH}), "
        f"_dlt_parent_id = left(_dlt_parent_id, {OLD_LENGTH})",
    )
    assert [counts(load("messages")) for _ in range(2)] == [(250, 0), (0, 250)]
    assert_exact(query, api.rows("messages"))


def test_rows_carry_their_digest_from_the_first_sync_on(api: Sandbox, query: Query) -> None:
    load("messages")
    assert query("SELECT DISTINCT length(_dlt_id) FROM email.messages") == [(DLT_ID_LENGTH,)]


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE email.messages",
        "ALTER TABLE email.messages RENAME TO messages_2025",
        "DELETE FROM email.messages; DELETE FROM email.messages__recipients",
        "DROP SCHEMA email CASCADE",
    ],
    ids=["dropped", "renamed", "emptied", "with its schema"],
)
def test_a_table_that_is_gone_is_loaded_anew_whole(
    api: Sandbox, warehouse: Path, query: Query, sql: str
) -> None:
    load("messages")
    change(warehouse, sql)
    assert counts(load("messages")) == (250, 0)
    assert_exact(query, api.rows("messages"))


@pytest.mark.parametrize("notes", ["_dlt_pipeline_state", "_dlt_version", "_dlt_loads"])
def test_a_table_whose_notes_by_dlt_are_gone_is_synced(
    api: Sandbox, warehouse: Path, query: Query, notes: str
) -> None:
    """As they are after a first run that was killed before its load was noted."""
    load("messages")
    change(warehouse, f"DELETE FROM email.{notes}")
    rows = change_messages(api, 0, 249)
    load("messages")
    assert_exact(query, rows)


def test_of_a_restored_backup_exactly_the_rows_that_differ_are_loaded(
    api: Sandbox, warehouse: Path, query: Query
) -> None:
    load("messages")
    backup = shutil.copy(warehouse, warehouse.with_suffix(".backup"))
    before = loads(query, "messages")
    changed = change_messages(api, 0, 120, 249)
    api.insert_head("messages", 4)
    rows = api.rows("messages")
    load("messages")
    shutil.copy(backup, warehouse)
    assert counts(load("messages")) == (3 + 4, 247)
    after = loads(query, "messages")
    assert {key for key in before if after[key] != before[key]} == {
        changed[position]["id"] for position in (0, 120, 249)
    }
    assert_exact(query, rows)


def test_of_a_restored_backup_rows_that_changed_back_meanwhile_are_unchanged(
    api: Sandbox, warehouse: Path, query: Query
) -> None:
    load("messages")
    backup = shutil.copy(warehouse, warehouse.with_suffix(".backup"))
    rows = api.rows("messages")
    change_messages(api, 0, 120)
    load("messages")
    shutil.copy(backup, warehouse)
    api.replace("messages", rows)
    assert counts(load("messages")) == (0, 250)
    assert_exact(query, rows)


# Runs that are killed

MOMENTS = {
    "once the rows are read": "extract",
    "once the rows are prepared": "normalize",
    "before the old items go": 'DELETE FROM "email"."messages__recipients"',
    "before the old rows go": 'DELETE FROM "email"."messages"',
    "before the new rows come": 'INSERT INTO "email"."messages"',
    "before the new items come": 'INSERT INTO "email"."messages__recipients"',
    "before the load is noted": 'INSERT INTO "email"."_dlt_loads"',
}


def messages_after_changes(api: Sandbox) -> list[Row]:
    """Some messages have changed, some recipients too, and some messages are new."""
    rows = change_messages(api, 0, 111, 249)
    rows[3] = {**rows[3], "recipients": rows[3]["recipients"][:1]}
    rows[7] = {**rows[7], "recipients": [*rows[7]["recipients"], *rows[8]["recipients"]]}
    rows[9] = {**rows[9], "recipients": rows[8]["recipients"]}
    api.replace("messages", rows)
    api.insert_head("messages", 5)
    return api.rows("messages")


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_the_sync_after_a_kill_loses_and_doubles_nothing(
    api: Sandbox, query: Query, moment: str
) -> None:
    load("messages")
    rows = messages_after_changes(api)
    with stopped("messages", moment) as run:
        run.kill()
    load("messages")
    assert_exact(query, rows)


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_the_sync_after_a_kill_sees_what_changed_back_meanwhile(
    api: Sandbox, query: Query, moment: str
) -> None:
    load("messages")
    rows = api.rows("messages")
    changed = messages_after_changes(api)
    with stopped("messages", moment) as run:
        run.kill()
    api.replace("messages", rows)
    load("messages")
    kept = {row["id"] for row in rows}
    came = [
        row for row in changed if row["id"] not in kept and row["id"] in loads(query, "messages")
    ]
    assert_exact(query, [*rows, *came])


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_the_second_sync_after_a_kill_loads_nothing(api: Sandbox, moment: str) -> None:
    load("messages")
    rows = messages_after_changes(api)
    with stopped("messages", moment) as run:
        run.kill()
    load("messages")
    assert counts(load("messages")) == (0, len(rows))


@pytest.mark.parametrize("moment", [MOMENTS["before the load is noted"], "normalize"])
@pytest.mark.usefixtures("asks_for_windows")
def test_the_sync_after_a_kill_moves_the_cursor(api: Sandbox, query: Query, moment: str) -> None:
    load("messages")
    api.insert_head("messages", 5)
    with stopped("messages", moment) as run:
        run.kill()
    load("messages")
    assert load("messages").window.start == start_after(api.rows("messages")[0])
    assert_exact(query, api.rows("messages"))


# What is never loaded

WITH_SECRETS = """
from copy import deepcopy

from email_assets.vendors import generic

VENDOR = deepcopy(generic.VENDOR)
for resource in VENDOR["resources"]:
    resource["never_load"] = {paths!r}
"""


def never_loading(use_vendor: UseVendor, *paths: str) -> None:
    use_vendor(WITH_SECRETS.format(paths=list(paths)))


def test_once_a_field_is_never_loaded_the_rows_that_have_it_are_loaded_without(
    api: Sandbox, query: Query, use_vendor: UseVendor
) -> None:
    rows: list[Row] = [{"id": 1, "token": "t", "n": 1}, {"id": 2, "n": 2}, {"id": 3, "token": None}]
    load_rows(api, *rows)
    never_loading(use_vendor, "token")
    assert load_rows(api, *rows) == (2, 1)
    assert table(query, "domains") == {1: {"id": 1, "n": 1}, 2: {"id": 2, "n": 2}, 3: {"id": 3}}


def test_once_a_field_is_loaded_after_all_the_rows_that_have_it_are_loaded_with_it(
    api: Sandbox, query: Query, use_vendor: UseVendor
) -> None:
    rows: list[Row] = [{"id": 1, "token": "t", "n": 1}, {"id": 2, "n": 2}]
    never_loading(use_vendor, "token")
    load_rows(api, *rows)
    never_loading(use_vendor)
    assert load_rows(api, *rows) == (1, 1)
    assert table(query, "domains") == {row["id"]: row for row in rows}


def test_a_change_of_what_is_never_loaded_is_none(
    api: Sandbox, warehouse: Path, use_vendor: UseVendor
) -> None:
    never_loading(use_vendor, "token", "hooks.password")
    load_rows(api, {"id": 1, "token": "t", "hooks": [{"url": "x", "password": "p"}]})
    before = state_of(warehouse)
    changed = {"id": 1, "token": "u", "hooks": [{"url": "x", "password": "q"}]}
    assert load_rows(api, changed) == (0, 1)
    assert state_of(warehouse) == before


# Keys


def test_rows_without_a_key_are_counted_each_time(api: Sandbox) -> None:
    api.set_faults("domains", Fault("null_id", rows=3))
    load("domains")
    report = load("domains")
    assert (report.rows_loaded, report.rows_unchanged, report.rows_without_key) == (0, 5, 3)


def test_a_row_that_gets_a_key_is_loaded(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 1}, {"id": None, "n": 2})
    put(api, {"id": 1}, {"id": 2, "n": 2})
    assert counts(load("domains")) == (1, 1)
    assert table(query, "domains") == {1: {"id": 1}, 2: {"id": 2, "n": 2}}


@pytest.mark.parametrize("key", ["2", 2.0, True, 2**63, 2**64, -(2**63) - 1])
def test_a_key_of_another_type_among_rows_that_did_not_change_is_refused(
    api: Sandbox, warehouse: Path, key: object
) -> None:
    load_rows(api, {"id": 1}, {"id": 2})
    before = state_of(warehouse)
    put(api, {"id": 1}, {"id": key})
    with pytest.raises(ApiError, match=r"^domains: id came as .*, and was a number before, in row"):
        load("domains")
    assert state_of(warehouse) == before


# Runs at the same time


def test_runs_at_the_same_time_and_one_after_them_hold_what_the_api_lists(
    api: Sandbox, query: Query
) -> None:
    load("messages")
    rows = messages_after_changes(api)
    syncing("messages", "messages")
    load("messages")
    assert_exact(query, rows)


def test_a_run_that_loads_what_it_read_long_ago_is_corrected_by_the_next(
    api: Sandbox, query: Query
) -> None:
    load("messages")
    change_messages(api, 0, 111)
    with stopped("messages", "extract") as slow:
        rows = messages_after_changes(api)
        load("messages")
        slow.let_go()
    load("messages")
    assert_exact(query, rows)


def test_a_row_that_changed_back_while_a_slow_run_read_is_corrected_by_the_next(
    api: Sandbox, query: Query
) -> None:
    """The slow run took the row for unchanged, and another one has changed it meanwhile."""
    load("messages")
    rows = api.rows("messages")
    with stopped("messages", "extract") as slow:
        change_messages(api, 0, 111)
        load("messages")
        slow.let_go()
    api.replace("messages", rows)
    load("messages")
    assert_exact(query, rows)


# Several owners


@pytest.fixture
def account(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostmarkServer]:
    """An account of three servers, each with a bounce and counts of its own."""
    with PostmarkServer(servers=3) as running:
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "postmark")
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", running.base_url)
        monkeypatch.setenv("SOURCES__EMAIL__POSTMARK__ACCOUNT_TOKEN", ACCOUNT_TOKEN)
        for server in running.servers:
            for hours in range(2):
                server.bounce(datetime(2026, 6, 15, hours, tzinfo=timezone.utc))
        yield running


@pytest.mark.parametrize(("name", "rows"), [("bounces", 6), ("deliverystats", 9), ("servers", 3)])
@pytest.mark.usefixtures("account")
def test_rows_of_several_owners_are_not_loaded_again(name: str, rows: int, warehouse: Path) -> None:
    assert counts(load(name)) == (rows, 0)
    before = state_of(warehouse)
    assert counts(load(name)) == (0, rows)
    assert state_of(warehouse) == before


def test_of_equal_rows_of_several_owners_only_the_one_that_changed_is_loaded(
    account: PostmarkServer, query: Query
) -> None:
    load("bounces")
    account.servers[1].bounces[0]["Inactive"] = False
    assert counts(load("bounces")) == (1, 5)
    assert query("SELECT server_id, id FROM email.bounces WHERE NOT inactive") == [
        (2, 3_000_000_000)
    ]


def test_the_rows_of_a_new_owner_are_loaded_alone(account: PostmarkServer, query: Query) -> None:
    third = account.servers.pop()
    load("deliverystats")
    account.servers.append(third)
    assert counts(load("deliverystats")) == (3, 6)
    assert query("SELECT count(*) FROM email.deliverystats") == [(9,)]
