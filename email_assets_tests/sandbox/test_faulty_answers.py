"""Faults of the page and of the document."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.sandbox.conftest import get, ids, page

# Faults of the page


def test_page_cap_gives_no_more_rows_than_it_says(sandbox: Sandbox) -> None:
    sandbox.set_faults("messages", Fault("page_cap", rows=50))
    rows = sandbox.rows("messages")
    assert page(sandbox, "messages", limit=500) == {"data": rows[:50], "total": 250}
    assert page(sandbox, "messages", offset=50, limit=20)["data"] == rows[50:70]


def test_same_page_ignores_the_offset(sandbox: Sandbox) -> None:
    sandbox.set_faults("messages", Fault("same_page"))
    first = sandbox.rows("messages")[:10]
    assert page(sandbox, "messages", offset=100, limit=10) == {"data": first, "total": 250}
    assert sandbox.requests[-1].offset == 100


def test_empty_has_no_rows(sandbox: Sandbox) -> None:
    sandbox.set_faults("messages", Fault("empty"))
    assert page(sandbox, "messages") == {"data": [], "total": 0}


def test_null_id_strikes_the_first_rows_of_each_page(sandbox: Sandbox) -> None:
    sandbox.set_faults("messages", Fault("null_id", rows=2))
    for offset in (0, 10):
        rows = sandbox.rows("messages")[offset : offset + 10]
        expected = [row | {"id": None} for row in rows[:2]] + rows[2:]
        assert page(sandbox, "messages", offset=offset, limit=10)["data"] == expected


def test_null_id_can_leave_the_id_out(sandbox: Sandbox) -> None:
    sandbox.set_faults("messages", Fault("null_id", missing=True))
    first, second = page(sandbox, "messages", limit=2)["data"]
    assert "id" not in first
    assert "id" in second


@pytest.mark.parametrize(
    ("resource", "to", "expected"),
    [
        ("servers", "text", ["5", "4", "3", "2", "1"]),
        ("servers", "float", [5.0, 4.0, 3.0, 2.0, 1.0]),
        ("servers", "big", [2**64 + n for n in (5, 4, 3, 2, 1)]),
    ],
)
def test_id_type_changes_the_ids_type(
    sandbox: Sandbox, resource: str, to: str, expected: list[Any]
) -> None:
    sandbox.set_faults(resource, Fault("id_type", to=to))
    found = ids(page(sandbox, resource)["data"])
    assert found == expected
    assert {type(value) for value in found} == {type(expected[0])}


@pytest.mark.parametrize(("to", "type_"), [("text", str), ("float", float), ("big", int)])
def test_id_type_keeps_the_ids_of_messages_apart(
    sandbox: Sandbox, to: str, type_: type[Any]
) -> None:
    sandbox.set_faults("messages", Fault("id_type", to=to))
    found = ids(page(sandbox, "messages", limit=500)["data"])
    assert len(set(found)) == 250
    assert {type(value) for value in found} == {type_}
    assert to != "big" or min(found) >= 2**64


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        ("messages", "subject"),
        ("bounces", "description"),
        ("servers", "name"),
        ("domains", "name"),
        ("deliverystats", "name"),
    ],
)
def test_duplicate_repeats_the_first_row_changed(
    sandbox: Sandbox, resource: str, name: str
) -> None:
    sandbox.set_faults(resource, Fault("duplicate"))
    rows = sandbox.rows(resource)[:3]
    document = page(sandbox, resource, limit=3)
    assert document["data"] == [*rows, rows[0] | {name: "duplicate"}]
    assert document["total"] == len(sandbox.rows(resource))


@pytest.mark.parametrize(("kind", "moved"), [("insert_head", 3), ("delete_head", -3)])
def test_insert_head_and_delete_head_move_the_rows_between_pages(
    sandbox: Sandbox, kind: str, moved: int
) -> None:
    before = sandbox.rows("messages")
    sandbox.set_faults("messages", Fault(kind, rows=3, times=1))
    assert page(sandbox, "messages", limit=10) == {"data": before[:10], "total": 250}
    second = page(sandbox, "messages", offset=10, limit=10)
    assert second == {"data": before[10 - moved : 20 - moved], "total": 250 + moved}


# Faults of the document


def test_no_total_leaves_the_total_out(sandbox: Sandbox) -> None:
    sandbox.set_faults("servers", Fault("no_total"))
    assert page(sandbox, "servers") == {"data": sandbox.rows("servers")}


@pytest.mark.parametrize("value", [0, 9, -1, 2.5, "5", None, True, [], {"n": 5}])
def test_total_can_be_anything(sandbox: Sandbox, value: Any) -> None:
    sandbox.set_faults("servers", Fault("total", value=value))
    assert page(sandbox, "servers") == {"data": sandbox.rows("servers"), "total": value}


def test_not_json_nan_is_in_the_first_row(sandbox: Sandbox) -> None:
    sandbox.set_faults("servers", Fault("not_json_nan"))
    response = get(sandbox, "servers")
    assert b'"score":NaN}' in response.content
    assert math.isnan(json.loads(response.content)["data"][0]["score"])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("data_null", {"data": None, "total": 5}),
        ("data_missing", {"total": 5}),
        ("data_not_list", {"data": {"rows": 5}, "total": 5}),
        ("error_200", {"error": "Something went wrong, please try again later."}),
    ],
)
def test_the_document_has_no_rows(sandbox: Sandbox, kind: str, expected: Any) -> None:
    sandbox.set_faults("servers", Fault(kind))
    assert page(sandbox, "servers") == expected
