"""Items go with their row: kept when it did not change, and replaced on every floor when it did."""

from __future__ import annotations

import pytest

from email_assets.sandbox import Sandbox
from email_assets.sync.column_layout import NESTING
from email_assets_tests.sync.unchanged.loading import load_rows
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor
from email_assets_tests.warehouses import Query, Row, items

pytestmark = pytest.mark.slow

__all__ = ["use_vendor"]

NESTED = """
from copy import deepcopy

from email_assets.vendors import generic

VENDOR = deepcopy(generic.VENDOR)
for resource in VENDOR["resources"]:
    resource["max_table_nesting"] = {levels}
"""


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


def test_a_row_whose_list_is_kept_as_json_is_not_loaded_again(api: Sandbox, query: Query) -> None:
    deep: Row = {"list": [1, 2]}
    for _ in range(NESTING):
        deep = {"deep": deep}
    rows: list[Row] = [{"id": 1, "to": [{"n": 1}], **deep}, {"id": 2, "to": []}]
    load_rows(api, *rows)
    assert query("SELECT count(*) FROM email.domains__to") == [(1,)]
    assert load_rows(api, *rows) == (0, 2)


def test_a_row_whose_list_becomes_json_by_a_setting_is_loaded_again(
    api: Sandbox, query: Query, use_vendor: UseVendor
) -> None:
    rows: list[Row] = [{"id": 1, "to": [{"n": 1}, {"n": 2}]}, {"id": 2, "to": []}]
    use_vendor(NESTED.format(levels=3))
    load_rows(api, *rows)
    use_vendor(NESTED.format(levels=0))
    assert load_rows(api, *rows) == (1, 1)
    assert load_rows(api, *rows) == (0, 2)
