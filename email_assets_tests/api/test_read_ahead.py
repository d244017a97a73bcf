"""As many pages are in flight as may be, while the ones before them are read."""

from __future__ import annotations

import pytest

from email_assets.api import read_ahead
from email_assets.api.offset import FEW_PAGES
from email_assets.api.page import EMPTY_PAGES
from email_assets.api.read_ahead import FIRST_IN_VAIN, SHARE_IN_VAIN
from email_assets_tests.api.conftest import OpenListing, Serve, ids, read
from email_assets_tests.api.long_list_fixtures import LONG, PAGES
from email_assets_tests.api.pending import numbered, together
from email_assets_tests.api.read_ahead_fixtures import SETTING


@pytest.mark.parametrize(("setting", "at_once"), [(None, 8), ("2", 2), ("16", 16)])
def test_so_many_pages_of_a_long_list_are_in_flight_eight_by_default(
    serve: Serve,
    listing_of: OpenListing,
    monkeypatch: pytest.MonkeyPatch,
    setting: str | None,
    at_once: int,
) -> None:
    if setting:
        monkeypatch.setenv(SETTING, setting)
    server = serve(numbered(LONG))
    server.may_go, server.lingers = together(server, at_once, PAGES), True
    assert ids(read(listing_of("messages"))) == list(range(LONG))
    left = range(len(PAGES) - 1, 0, -1)
    assert server.at_once == [1, *(min(at_once, pages) for pages in left)]


def test_with_a_setting_of_one_no_two_pages_are_in_flight(
    serve: Serve, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "1")
    server = serve(numbered(LONG))
    server.lingers = True
    assert ids(read(listing_of("messages"))) == list(range(LONG))
    assert (server.offsets, server.most_at_once) == (PAGES, 1)


@pytest.mark.parametrize(
    ("count", "cap"),
    [
        *((count, 100) for count in (0, 1, 100, 101, 500, 501, 595, 999, 1000, LONG)),
        *((count, 50) for count in (101, 501, 999)),
        *((count, 7) for count in (1, 36, 101, 500)),
    ],
)
def test_the_same_requests_are_made_and_the_same_rows_come_as_without(
    serve: Serve,
    listing_of: OpenListing,
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    cap: int,
) -> None:
    found = []
    for setting in ("1", "8"):
        monkeypatch.setenv(SETTING, setting)
        server = serve(numbered(count))
        server.cap = cap
        found.append((ids(read(listing_of("messages"))), sorted(server.offsets)))
    assert found[0] == found[1]
    assert found[0][0] == list(range(count))


def test_no_page_beyond_the_total_is_asked_for(serve: Serve, listing_of: OpenListing) -> None:
    server = serve(numbered(1090))
    rows = read(listing_of("messages"))
    assert ids(rows) == list(range(1090))
    assert sorted(server.offsets) == [*range(0, 991, 99), 1089], "a last page that is full"


def test_a_total_that_is_too_large_costs_as_many_requests_as_may_be_in_vain(
    serve: Serve, listing_of: OpenListing
) -> None:
    server = serve(numbered(LONG))
    server.total = lambda _: 10**12
    assert set(ids(read(listing_of("messages")))) == set(range(LONG))
    needed = len(PAGES) + 2  # one brings nothing new, and the first is looked at again
    in_vain = 8 * FIRST_IN_VAIN + (needed + EMPTY_PAGES) // SHARE_IN_VAIN
    assert needed < len(server.requests) <= needed + EMPTY_PAGES + in_vain


@pytest.mark.parametrize("count", [LONG, 101])
def test_without_a_total_pages_are_asked_for_one_by_one(
    serve: Serve, listing_of: OpenListing, count: int
) -> None:
    server = serve(numbered(count))
    server.lingers, server.total = True, lambda _: None
    assert ids(read(listing_of("messages"))) == list(range(count))
    assert server.most_at_once == 1


def test_a_list_of_five_pages_is_read_one_by_one(serve: Serve, listing_of: OpenListing) -> None:
    server = serve(numbered(FEW_PAGES * 100))
    server.lingers = True
    assert ids(read(listing_of("messages"))) == list(range(500))
    assert (server.offsets, server.most_at_once) == ([0, 99, 198, 297, 396, 495], 1)


def test_a_list_of_one_row_more_is_read_side_by_side(serve: Serve, listing_of: OpenListing) -> None:
    server = serve(numbered(FEW_PAGES * 100 + 1))
    pages = [0, 99, 198, 297, 396, 495]
    server.may_go = together(server, 8, pages)
    assert ids(read(listing_of("messages"))) == list(range(501))
    assert server.at_once == [1, 5, 4, 3, 2, 1]


def test_an_api_that_gives_smaller_pages_than_asked_for_says_by_that_where_the_next_begin(
    serve: Serve, listing_of: OpenListing
) -> None:
    server = serve(numbered(LONG))
    server.cap = 50
    pages = [0, *range(49, LONG - 1, 49)]
    server.may_go = together(server, 8, pages)
    assert ids(read(listing_of("messages"))) == list(range(LONG))
    assert sorted(server.offsets) == pages


def test_as_many_large_bodies_are_held_as_fit_into_memory(
    serve: Serve, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve([{"id": number, "text": "x" * 1000} for number in range(LONG)])
    monkeypatch.setattr(read_ahead, "MEMORY", 350_000)  # three pages
    server.may_go, server.lingers = together(server, 3, PAGES), True
    assert ids(read(listing_of("messages"))) == list(range(LONG))
    assert server.at_once == [1, *[3] * (len(PAGES) - 3), 2, 1]
