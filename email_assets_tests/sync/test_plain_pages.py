"""Pages that are taken at a glance come out as their rows do one by one."""

from __future__ import annotations

from typing import Any

import dlt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from email_assets.normalizer import FIRST_MARK, open_schema
from email_assets.sync.fields import Fields
from email_assets.sync.plain_pages import are_plain
from email_assets_tests.sync.odd_rows import odd_rows
from email_assets_tests.warehouses import Row

PAGE = 6
BEGIN: Row = {
    "id": 1,
    "tag": "t",
    "opens": 2,
    "metadata": {"campaign": "a", "deep": {"er": 1}},
    "recipients": [{"email": "a@x.example", "cc": [{"n": 1}]}],
    "labels": ["x"],
}


def fields_in(schema: dlt.Schema) -> Fields:
    fields = Fields("messages", [["id"]])
    fields.keep_in(schema, lambda _: None)
    return fields


def known() -> Fields:
    """Fields of which one row came."""
    fields = fields_in(open_schema("messages"))
    fields.suit(BEGIN)
    return fields


@pytest.mark.slow
@settings(max_examples=max(100, settings().max_examples))
@given(seed=st.integers(0, 2**32))
def test_model_of_pages_is_row_by_row(seed: int) -> None:
    by_page, by_row = open_schema("messages"), open_schema("messages")
    for phase in (0, 1):
        one, other = fields_in(by_page), fields_in(by_row)
        rows = odd_rows(seed, phase)
        for at in range(0, len(rows), PAGE):
            page = rows[at : at + PAGE]
            assert repr(list(one.suit_all(page))) == repr([other.suit(row) for row in page])
        assert by_page.to_dict() == by_row.to_dict()


@pytest.mark.parametrize(
    "page",
    [
        [],
        [BEGIN],
        [BEGIN, {**BEGIN, "tag": None, "opens": -(2**63), "labels": []}],
        [{**BEGIN, "opens": 2**63 - 1, "labels": ["y", 1, None]}],
        [{**BEGIN, "metadata": {"campaign": "b", "deep": "text"}}, BEGIN],
        [{**BEGIN, "recipients": [{"email": True, "cc": []}], "labels": [1.5]}],
    ],
)
def test_ordinary_rows_of_which_all_is_known_are_plain(page: list[Row]) -> None:
    fields = known()
    assert are_plain(fields.layout.root.item, page)
    assert fields.suit_all(page) is page


@pytest.mark.parametrize(
    "odd",
    [
        {"new": 1},
        {"opens": 2**63},
        {"opens": -(2**63) - 1},
        {"tag": f"{FIRST_MARK}1"},
        {"tag": {"a": 1}},
        {"tag": [1]},
        {"metadata": {"campaign": 10**30, "deep": {"er": 1}}},
        {"metadata": {"campaign": "a", "deep": {"er": 1, "more": 1}}},
        {"recipients": ["text"]},
        {"recipients": [{"email": f"{FIRST_MARK}1", "cc": []}]},
        {"recipients": [{"email": "a@x.example", "cc": [{"n": 2**64}]}]},
        {"labels": [["x"]]},
        {"labels": [2**63]},
        {"labels": [f"{FIRST_MARK}1"]},
    ],
)
def test_a_page_with_one_row_that_is_odd_or_new_is_not_plain(odd: dict[str, Any]) -> None:
    fields, page = known(), [BEGIN, {**BEGIN, **odd}, BEGIN]
    assert not are_plain(fields.layout.root.item, page)
    assert fields.suit_all(page) == list(map(known().suit, page))


def test_a_page_is_plain_once_what_was_new_in_it_is_known() -> None:
    fields = known()
    page: list[Row] = [{"id": 2, "late": {"r": [1]}}, {"id": 3}]
    assert not are_plain(fields.layout.root.item, page)
    fields.suit_all(page)
    assert are_plain(fields.layout.root.item, page)
