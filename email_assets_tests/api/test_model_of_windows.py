"""Stretches of time of a list lose no row in silence, in parts, and where reading stops early."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from email_assets.api.offset import ListOffsetPaginator
from email_assets.api.window import Filter, Window
from email_assets.api.windows import WindowPaginator
from email_assets_tests.api.simulated import BEGINNING, SimulatedApi, time_of
from email_assets_tests.api.simulated_answers import LIMIT
from email_assets_tests.api.simulated_lists import (
    ARRIVE,
    EITHER,
    IN_FLIGHT,
    NOTHING,
    STILL,
    apis,
    in_turn,
)
from email_assets_tests.api.simulated_reading import read

pytestmark = pytest.mark.slow

CEILINGS = st.integers(LIMIT, 30)
SECONDS = st.integers(-70, 70)
PARTS: dict[str, Any] = {"per_second": st.integers(1, 2), "enough": 5000, "hidden": NOTHING}
TOTALS = st.sampled_from(["honest", "none", "lags", "text", "ceiling"])


def after(seconds: int) -> datetime:
    return BEGINNING + timedelta(seconds=seconds)


def by_time(api: SimulatedApi, window: Window, step: int = 1) -> WindowPaginator:
    """Reads a window; the API is told times that are cut off to whole steps of seconds."""

    def write(instant: datetime) -> int:
        return int((instant - BEGINNING).total_seconds() // step) * step

    pages = ListOffsetPaginator(
        "messages",
        "data",
        ["id"],
        limit=LIMIT,
        total_path=None if api.total == "none" else "total",
        maximum_offset=api.ceiling,
    )
    paginator = WindowPaginator(
        "messages",
        pages,
        time_filter=Filter("since", "until", write),
        ceiling=api.ceiling,
        time_of=time_of,
    )
    paginator.window = window
    return paginator


# with more, as many requests are made ready at each page, which takes its time and tells no more
IN_FLIGHT_IN_PARTS = st.sampled_from([1, 8])


@st.composite
def windows(draw: st.DrawFn) -> Window:
    start, end = sorted([draw(SECONDS), draw(SECONDS)])
    return Window(
        draw(st.sampled_from([None, after(start)])), draw(st.sampled_from([None, after(end)]))
    )


@given(
    apis(**PARTS, ceiling=CEILINGS, total=TOTALS, behind=NOTHING, newest_first=st.booleans()),
    windows(),
    IN_FLIGHT_IN_PARTS,
)
def test_no_row_of_a_window_is_lost_in_silence(
    api: SimulatedApi, window: Window, in_flight: int
) -> None:
    found = read(by_time(api, window), api, in_flight)
    assert found.is_told or api.stayed_since(window.start, window.end) <= found.ids


@given(
    apis(**PARTS, ceiling=CEILINGS, total=TOTALS, changes=STILL, empty=NOTHING),
    windows(),
    IN_FLIGHT_IN_PARTS,
)
def test_a_window_that_holds_more_than_the_api_gives_is_read_in_parts(
    api: SimulatedApi, window: Window, in_flight: int
) -> None:
    found = read(by_time(api, window), api, in_flight)
    assert (found.error, found.warns) == (None, False)
    assert api.stayed_since(window.start, window.end) <= found.ids


def newest_first(api: SimulatedApi, start: datetime) -> WindowPaginator:
    total_path = None if api.total == "none" else "total"
    pages = ListOffsetPaginator("messages", "data", ["id"], limit=LIMIT, total_path=total_path)
    paginator = WindowPaginator("messages", pages, time_of=time_of, newest_first=True)
    paginator.window = Window(start)
    return paginator


@given(apis(newest_first=True, behind=NOTHING, hidden=NOTHING), SECONDS, IN_FLIGHT)
@example(SimulatedApi(10, empty=frozenset([0]), newest_first=True), 0, 1)
@example(
    SimulatedApi(
        10,
        changes=[[("insert", "head")], [("insert", "head")], [("insert", "head")] * 3],
        caps=[4, 3],
        newest_first=True,
    ),
    -9,
    1,
)
def test_no_row_is_lost_where_reading_stops_at_what_is_older(
    api: SimulatedApi, seconds: int, in_flight: int
) -> None:
    found = read(newest_first(api, after(seconds)), api, in_flight)
    assert found.is_told or api.stayed_since(after(seconds)) <= found.ids


ROUNDED: dict[str, Any] = {"rounds": True, "caps": [1000], "behind": NOTHING}


@given(apis(**ROUNDED, changes=EITHER | in_turn(), newest_first=True, hidden=NOTHING), SECONDS)
def test_no_row_is_lost_where_reading_stops_early_and_offsets_are_rounded_to_pages(
    api: SimulatedApi, seconds: int
) -> None:
    found = read(newest_first(api, after(seconds)), api)
    assert found.is_told or api.stayed_since(after(seconds)) <= found.ids


@given(
    apis(**ROUNDED, **PARTS, ceiling=CEILINGS, total=TOTALS, changes=EITHER | in_turn()), windows()
)
def test_no_row_of_a_window_is_lost_where_offsets_are_rounded_to_pages(
    api: SimulatedApi, window: Window
) -> None:
    found = read(by_time(api, window), api)
    assert found.is_told or api.stayed_since(window.start, window.end) <= found.ids


@given(
    apis(newest_first=True, behind=NOTHING, hidden=NOTHING, empty=NOTHING, changes=ARRIVE), SECONDS
)
@example(
    SimulatedApi(
        1,
        changes=[[("insert", "head")] * 2, [("insert", "head")]],
        total="none",
        newest_first=True,
    ),
    0,
)
def test_what_arrives_meanwhile_is_no_cause_for_a_warning_where_reading_stops_early(
    api: SimulatedApi, seconds: int
) -> None:
    found = read(newest_first(api, after(seconds)), api)
    assert found.error is None
    assert not found.warns or api.total == "large"
    assert api.stayed_since(after(seconds)) <= found.ids
