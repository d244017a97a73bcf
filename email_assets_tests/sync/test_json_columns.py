"""Fields that a vendor's file wants as JSON: all of them stays there, however odd its keys are."""

from __future__ import annotations

import json
from typing import Any

import pytest

from email_assets.sandbox import Sandbox
from email_assets.sync.column_layout import COLUMNS
from email_assets_tests.queries import on_both
from email_assets_tests.sync.unchanged.loading import load_rows
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor
from email_assets_tests.warehouses import Query, columns_of

__all__ = ["use_vendor"]

VENDOR = """
from copy import deepcopy

from email_assets.vendors import generic

VENDOR = deepcopy(generic.VENDOR)
for resource in VENDOR["resources"]:
    resource["columns"] = {name: {"data_type": "json"} for name in ("free-form", "labels")}
"""
ODD = {
    "keys that are spelled alike": {"Order Id": 1, "order_id": 2, "orderId": 3},
    "a number beyond 64 bits": {"n": 2**64},
    "text that dlt would decode": {"text": "\uf02699"},
    "a key of dlt's": {"_dlt_id": "x", "": 1, "deep": {"_dlt_id": [1, {"": 2}]}},
    "a list in lists": [[1], [[2]], {"a": [3]}],
}


@pytest.fixture(autouse=True)
def as_json(api: Sandbox, use_vendor: UseVendor) -> None:
    use_vendor(VENDOR)


def stored(query: Query, column: str) -> dict[int, Any]:
    found = query(f"SELECT id, {column} FROM email.domains")
    return {key: json.loads(of) if isinstance(of, str) else of for key, of in found}


@pytest.mark.slow
@on_both
@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
@pytest.mark.parametrize("beside", [{}, {"Name": "a", "name": "b"}], ids=["plain", "odd"])
def test_a_field_stays_whole_in_its_column(
    api: Sandbox, query: Query, value: Any, beside: dict[str, str]
) -> None:
    expected = {"n": str(2**64)} if value == {"n": 2**64} else value
    for key in (1, 2):  # of a first sync, and of one into a table that is there
        load_rows(api, {"id": key, "free-form": value, "labels": [value], **beside})
        assert stored(query, "free_form")[key] == expected
        assert stored(query, "labels")[key] == [expected]
    assert not [name for name in columns_of(query, "domains") if name.startswith("free_form_")]


@pytest.mark.slow
def test_its_keys_take_no_room_from_other_fields(api: Sandbox, query: Query) -> None:
    many = {f"key {number}": number for number in range(2 * COLUMNS)}
    load_rows(api, {"id": 1, "free-form": many})
    load_rows(api, {"id": 1, "free-form": many}, {"id": 2, "new": "a column of its own"})
    assert query("SELECT new FROM email.domains WHERE id = 2") == [("a column of its own",)]
    assert stored(query, "free_form")[1] == many


def test_a_row_with_a_list_in_it_is_not_loaded_again(api: Sandbox, query: Query) -> None:
    rows = [{"id": 1, "labels": ["a", "b"], "to": [{"n": 1}]}, {"id": 2, "free-form": {"a": [1]}}]
    load_rows(api, *rows)
    assert load_rows(api, *rows) == (0, 2)
