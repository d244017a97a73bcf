"""A row that differs is loaded, and no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from email_assets.sandbox import Sandbox
from email_assets.sync.report import SyncReport
from email_assets_tests.sync.unchanged.loading import (
    FULL_REFRESH,
    assert_exact,
    counts,
    load,
    load_rows,
    loads,
    put,
)
from email_assets_tests.warehouses import Query, Row, fresh_warehouse, table

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
    """The fate of rows that were all alike when they were synced the second time."""

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


@pytest.mark.slow
@pytest.mark.usefixtures("loaded")
def test_a_new_row_is_loaded_and_the_others_are_not(api: Sandbox, query: Query) -> None:
    before = loads(query, "messages")
    api.insert_head("messages", 3)
    assert counts(load("messages")) == (3, 250)
    after = loads(query, "messages")
    assert {key: after[key] for key in before} == before
    assert_exact(query, api.rows("messages"))


@pytest.mark.slow
def test_a_row_that_changes_back_is_loaded_again(api: Sandbox, query: Query) -> None:
    for n in (1, 2, 1):
        assert load_rows(api, {"id": 1, "n": n}, {"id": 2, "n": n}) == (2, 0)
    assert table(query, "domains") == {1: {"id": 1, "n": 1}, 2: {"id": 2, "n": 1}}


@pytest.mark.slow
def test_the_values_of_another_key_are_a_change(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 1, "n": 1}, {"id": 2, "n": 2})
    assert load_rows(api, {"id": 1, "n": 2}, {"id": 2, "n": 1}) == (2, 0)
    assert table(query, "domains") == {1: {"id": 1, "n": 2}, 2: {"id": 2, "n": 1}}


@pytest.mark.slow
def test_a_row_that_was_stored_by_an_earlier_of_many_syncs_is_unchanged(api: Sandbox) -> None:
    for number in range(4):
        load_rows(api, {"id": number})
    assert load_rows(api, *({"id": number} for number in range(4))) == (0, 4)
