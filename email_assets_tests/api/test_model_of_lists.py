"""Every row that is there from beginning to end is read, or somebody is told; and it ends."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given

from email_assets.api.offset import ListOffsetPaginator
from email_assets.api.windows import WindowPaginator
from email_assets_tests.api.simulated import ENOUGH, Change, SimulatedApi
from email_assets_tests.api.simulated_answers import LIMIT, Total
from email_assets_tests.api.simulated_lists import (
    ARRIVE,
    EITHER,
    IN_FLIGHT,
    NOTHING,
    STILL,
    apis,
    in_turn,
    stretch,
)
from email_assets_tests.api.simulated_reading import read

HEAD_COMES: list[Change] = [("insert", "head")]
HEAD_GOES: list[Change] = [("delete", "head")]


def by_offset(api: SimulatedApi, **options: Any) -> WindowPaginator:
    total_path = None if api.total == "none" else "total"
    pages = ListOffsetPaginator(
        "messages", "data", ["id"], limit=LIMIT, total_path=total_path, **options
    )
    return WindowPaginator("messages", pages)


@given(apis(), IN_FLIGHT)
@example(SimulatedApi(3, changes=[[], [], [], HEAD_COMES], caps=[2], empty=frozenset([1, 3])), 1)
@example(SimulatedApi(3, changes=[HEAD_COMES * 2], total="small", caps=[2]), 1)
@example(
    SimulatedApi(
        37,
        changes=[[], [], [("insert", "head"), ("insert", "middle")]],
        caps=[8, 6],
        hidden=stretch(20),
    ),
    1,
)
@example(
    SimulatedApi(
        34,
        changes=[
            [("insert", "head"), ("delete", "head"), ("delete", "head")],
            [("insert", "head"), ("insert", "head"), ("insert", "head"), ("insert", "middle")],
        ],
        caps=[5],
        hidden=stretch(37),
        empty=frozenset([10]),
        behind=frozenset([3]),
        lag=2,
    ),
    1,
)
@example(SimulatedApi(3, changes=[HEAD_GOES * 2], caps=[2], hidden=stretch(0)), 1)
def test_no_row_is_lost_in_silence(api: SimulatedApi, in_flight: int) -> None:
    found = read(by_offset(api), api, in_flight)
    assert found.is_told or api.stayed <= found.ids


@pytest.mark.slow
@given(apis(rounds=True, behind=NOTHING, caps=[1000], changes=EITHER | in_turn()))
@example(SimulatedApi(10, changes=[[], HEAD_GOES], rounds=True, empty=frozenset([2])))
@example(SimulatedApi(23, changes=[HEAD_COMES, HEAD_COMES], rounds=True, total="page"))
@example(SimulatedApi(17, rounds=True, total="page"))
@example(
    SimulatedApi(23, changes=[[], HEAD_GOES * 4, HEAD_GOES * 4], rounds=True, empty=frozenset([0]))
)
def test_no_row_is_lost_in_silence_where_offsets_are_rounded_to_pages(api: SimulatedApi) -> None:
    found = read(by_offset(api), api)
    assert found.is_told or api.stayed <= found.ids


@pytest.mark.slow
@given(apis(total="none"), IN_FLIGHT)
@example(SimulatedApi(5, changes=[[], HEAD_COMES], total="none", caps=[2, 3]), 1)
@example(
    SimulatedApi(
        4,
        changes=[HEAD_COMES * 2],
        total="none",
        caps=[2, 4],
        behind=frozenset([2]),
        lag=2,
    ),
    1,
)
def test_pages_asked_for_before_the_length_is_known_lose_no_row(
    api: SimulatedApi, in_flight: int
) -> None:
    found = read(by_offset(api, speculate=True), api, in_flight)
    assert found.is_told or api.stayed <= found.ids


@given(
    apis(behind=NOTHING, hidden=NOTHING, empty=NOTHING, changes=ARRIVE).filter(
        lambda api: api.total != "large"
    ),
    IN_FLIGHT,
)
def test_what_arrives_meanwhile_is_no_cause_for_a_warning(
    api: SimulatedApi, in_flight: int
) -> None:
    found = read(by_offset(api), api, in_flight)
    assert (found.error, found.warns) == (None, False)
    assert api.stayed <= found.ids


@pytest.mark.parametrize("total", ["honest", "none"])
@pytest.mark.parametrize("arrivals", [1, 2, LIMIT])
def test_a_list_that_goes_on_as_fast_as_it_is_read_ends(arrivals: int, total: Total) -> None:
    changes: list[list[Change]] = [[("insert", "end")] * arrivals] * ENOUGH
    api = SimulatedApi(3 * LIMIT, changes=changes, total=total)
    found = read(by_offset(api), api)
    assert (found.error, found.warns) == (None, False)
    assert api.stayed <= found.ids
    assert api.requests < 30


@given(apis(behind=NOTHING, hidden=NOTHING, empty=NOTHING, changes=STILL, total="honest"))
def test_a_list_that_holds_still_takes_hardly_more_requests_than_it_has_pages(
    api: SimulatedApi,
) -> None:
    found = read(by_offset(api), api)
    assert (found.error, found.warns, found.ids) == (None, False, api.stayed)
    smallest = min(LIMIT, *api.caps)
    assert api.requests <= 2 + len(api.rows) / (smallest - 1) * (2 if len(set(api.caps)) > 1 else 1)
