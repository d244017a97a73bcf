"""Lists by cursor or link lose no row in silence, wherever their references lead."""

from __future__ import annotations

from typing import Any

import pytest
from dlt.sources.helpers.rest_client import paginators as dlts
from hypothesis import example, given
from hypothesis import strategies as st
from requests import Request, Response

from email_assets.api.reference import ReferencePaginator
from email_assets.api.windows import WindowPaginator
from email_assets_tests.api.simulated import SimulatedApi
from email_assets_tests.api.simulated_answers import LIMIT, Kind
from email_assets_tests.api.simulated_lists import (
    ANSWERS,
    ENDINGS,
    IN_FLIGHT,
    NOTHING,
    STILL,
    apis,
    changes,
)
from email_assets_tests.api.simulated_reading import read

pytestmark = pytest.mark.slow

CURSORS = st.sampled_from(["cursor", "header_cursor"])
KINDS = st.sampled_from(["cursor", "header_cursor", "json_link", "header_link"])
TOTALS = st.sampled_from(["honest", "none", "lags", "text", "small"])
ANSWER = st.integers(0, 8)


def by_reference(api: SimulatedApi, has_more: bool = False) -> WindowPaginator:
    has_more_path = "has_more" if has_more else None
    pages: dlts.BasePaginator
    if api.kind == "cursor":
        pages = dlts.JSONResponseCursorPaginator("next", "after", has_more_path=has_more_path)
    elif api.kind == "header_cursor":
        pages = dlts.HeaderCursorPaginator("next_page", "after")
    elif api.kind == "json_link":
        pages = dlts.JSONLinkPaginator("next")
    else:
        pages = dlts.HeaderLinkPaginator()
    total_path = None if api.total == "none" else "total"
    paginator = ReferencePaginator("messages", "data", ["id"], pages, has_more_path, total_path)
    return WindowPaginator("messages", paginator)


ODD = {"hidden": NOTHING, "ending": ENDINGS, "total": TOTALS}


@given(
    apis(**ODD, kind=KINDS, empty=NOTHING, behind=NOTHING, always_refers=st.booleans()), IN_FLIGHT
)
def test_no_row_is_lost_in_silence(api: SimulatedApi, in_flight: int) -> None:
    found = read(by_reference(api), api, in_flight)
    assert found.is_told or api.stayed <= found.ids


@given(apis(**ODD, kind=CURSORS, empty=ANSWERS, always_refers=st.booleans()))
def test_an_empty_page_ends_no_list_whose_cursor_goes_on(api: SimulatedApi) -> None:
    found = read(by_reference(api), api)
    assert found.is_told or api.stayed <= found.ids


@given(apis(**ODD, kind="cursor", ends_at=ANSWER))
def test_no_row_is_lost_in_silence_where_the_api_says_that_there_is_more_and_not_where(
    api: SimulatedApi,
) -> None:
    found = read(by_reference(api, has_more=True), api)
    assert found.is_told or api.stayed <= found.ids


@given(apis(**ODD | {"total": "honest"}, kind=KINDS, ends_at=ANSWER, empty=ANSWERS, changes=STILL))
def test_a_total_tells_of_a_list_that_ends_too_early(api: SimulatedApi) -> None:
    found = read(by_reference(api), api)
    assert found.is_told or api.stayed <= found.ids


@given(apis(**ODD, kind=KINDS, empty=NOTHING, behind=NOTHING, leads_back=ANSWER))
def test_no_row_is_lost_in_silence_where_a_reference_leads_back(api: SimulatedApi) -> None:
    found = read(by_reference(api), api)
    assert found.is_told or api.stayed <= found.ids


@pytest.mark.parametrize("kind", ["cursor", "header_cursor", "json_link", "header_link"])
@pytest.mark.parametrize(
    ("caps", "said"),
    [
        ([3], "gave the same page of 3 rows twice"),
        ([2, 5], "leads back to a page that it gave before"),
    ],
)
def test_a_reference_that_leads_back_ends_in_an_error(
    kind: Kind, caps: list[int], said: str
) -> None:
    api = SimulatedApi(40, kind, leads_back=2, caps=caps)
    assert said in (read(by_reference(api), api).error or "")


@given(
    apis(
        **ODD,
        kind=KINDS,
        empty=NOTHING,
        behind=NOTHING,
        always_refers=st.booleans(),
        changes=changes("insert", "update", most=3),
    )
)
@example(SimulatedApi(9, "header_cursor", ending="empty"))
@example(
    SimulatedApi(
        1, "cursor", changes=[[("insert", "end")], [("insert", "end")]], always_refers=True
    )
)
def test_what_arrives_meanwhile_is_no_cause_for_a_warning(api: SimulatedApi) -> None:
    found = read(by_reference(api), api)
    assert (found.error, found.warns) == (None, False)
    assert api.stayed <= found.ids
    # a row that arrives at the end may have a page of its own
    arrived = len(api.places) - api.count
    assert api.requests <= 3 + api.count / min(LIMIT, *api.caps) + arrived


class ByNumber(dlts.BasePaginator):
    """A vendor's own, which writes an empty parameter into every request."""

    _page = 0

    def init_request(self, request: Request) -> None:
        self.update_request(request)

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        self._page += 1
        self._has_next_page = bool(data)

    def update_request(self, request: Request) -> None:
        request.params.update(page=self._page, query="")


def test_a_paginator_of_the_vendors_own_may_write_what_it_likes() -> None:
    api = SimulatedApi(7, "page_number", caps=[2])
    pages = ReferencePaginator("messages", "data", ["id"], ByNumber())
    assert read(WindowPaginator("messages", pages), api).ids == api.stayed
