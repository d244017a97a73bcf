"""Lists by page number lose no row in silence, though their pages cannot overlap."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from email_assets.api.page_number import PageNumberListPaginator
from email_assets.api.windows import WindowPaginator
from email_assets_tests.api.simulated import SimulatedApi
from email_assets_tests.api.simulated_answers import LIMIT
from email_assets_tests.api.simulated_lists import (
    ANSWERS,
    APPEND,
    EITHER,
    IN_FLIGHT,
    NOTHING,
    REPLICAS,
    STILL,
    apis,
    changes,
    in_turn,
)
from email_assets_tests.api.simulated_reading import read

pytestmark = pytest.mark.slow

TOTALS = st.sampled_from(["honest", "none", "lags", "text"])
TELLING = st.sampled_from(["honest", "text", "large"])
SIZES = st.integers(2, 12).map(lambda size: [size])
"""Pages are of one size, or their numbers would mean nothing."""
ODD: dict[str, Any] = {
    "kind": "page_number",
    "total": TOTALS,
    "caps": SIZES,
    "hidden": NOTHING,
    "behind": NOTHING,
    "empty": NOTHING,
}


def by_number(api: SimulatedApi, **options: Any) -> WindowPaginator:
    total_path = None if api.total == "none" else "total"
    pages = PageNumberListPaginator("messages", "data", ["id"], total_path=total_path, **options)
    return WindowPaginator("messages", pages)


@given(
    apis(**ODD | {"total": TOTALS | st.just("large")}, changes=changes("delete", "update", most=12))
)
@example(
    SimulatedApi(
        12,
        "page_number",
        changes=[[], [], [], [("delete", "head")], [("delete", "head")] * 4],
        total="none",
        caps=[4],
    )
)
@example(SimulatedApi(5, "page_number", changes=[[], [], [("delete", "head")] * 3], caps=[2]))
@example(SimulatedApi(10, "page_number", changes=[[], [], [], [("delete", "head")] * 8], caps=[2]))
def test_no_row_is_lost_where_rows_vanish(api: SimulatedApi) -> None:
    found = read(by_number(api), api)
    assert found.is_told or api.stayed <= found.ids


@given(apis(**ODD | {"empty": ANSWERS, "total": TELLING}, changes=in_turn()))
def test_no_row_is_lost_where_rows_come_and_go_and_some_answers_are_empty(
    api: SimulatedApi,
) -> None:
    found = read(by_number(api), api)
    assert found.is_told or api.stayed <= found.ids


# a replica that has not heard of rows that moved gives the page from before they did
@given(apis(**ODD | {"behind": REPLICAS}, changes=APPEND))
def test_replicas_that_lag_hide_no_row_that_keeps_its_place(api: SimulatedApi) -> None:
    found = read(by_number(api), api)
    assert found.is_told or api.stayed <= found.ids


# a page that is said to be the only one is believed unless it holds a round number of rows
@given(apis(**ODD | {"total": "small", "caps": [5]}, changes=EITHER))
@example(
    SimulatedApi(
        7,
        "page_number",
        changes=[[("insert", "head")] * 4, [("insert", "head")], [("insert", "head")] * 4],
        total="small",
        caps=[5],
    )
)
def test_a_total_of_one_page_ends_no_list(api: SimulatedApi) -> None:
    found = read(by_number(api), api)
    assert found.is_told or api.stayed <= found.ids


@given(apis(**ODD, changes=changes("insert", "update")))
@example(SimulatedApi(3, "page_number", changes=[[("insert", "head")] * 2], caps=[2]))
def test_no_row_is_lost_where_rows_arrive(api: SimulatedApi) -> None:
    found = read(by_number(api), api)
    assert (found.error, found.warns) == (None, False)
    assert api.stayed <= found.ids


@given(apis(**ODD, changes=changes("update")), IN_FLIGHT)
def test_pages_that_are_each_asked_for_once_hold_all_rows_of_a_list_that_holds_still(
    api: SimulatedApi, in_flight: int
) -> None:
    found = read(by_number(api, speculate=True), api, in_flight)
    assert (found.error, found.warns, found.ids) == (None, False, api.stayed)


@given(apis(**ODD, changes=STILL))
def test_a_list_that_holds_still_takes_two_requests_a_page(api: SimulatedApi) -> None:
    found = read(by_number(api), api)
    assert (found.error, found.warns, found.ids) == (None, False, api.stayed)
    assert api.requests <= 3 + 2 * len(api.rows) / min(LIMIT, *api.caps)
