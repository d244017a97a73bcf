"""Which pages are in flight while the ones before them are read, and that nothing else changes."""

from __future__ import annotations

import random

import pytest

from email_assets.api import read_ahead
from email_assets.api.offset import FEW_PAGES
from email_assets.api.page import EMPTY_PAGES
from email_assets.api.read_ahead import SHARE_IN_VAIN
from email_assets_tests.api.conftest import OpenListing, Serve, ids, read
from email_assets_tests.api.pending import (
    PendingServer,
    all_at_once,
    numbered,
    offset_of,
    together,
)
from email_assets_tests.api.read_ahead_fixtures import SETTING
from email_assets_tests.vendors.serving import Answer, Asked
from email_assets_tests.vendors.vendor_fixtures import use_vendor

__all__ = ["use_vendor"]

LONG = 2345
"""Rows of a list that is read ahead."""
PAGES = [0, *range(99, LONG - 1, 99)]
"""The offsets of its pages, each of which repeats a row."""


# How many, and which


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
    in_vain = 8 + (needed + EMPTY_PAGES) // SHARE_IN_VAIN
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


# Lists that change, or go on otherwise


@pytest.mark.parametrize("order", ["last to first", "first to last"])
def test_pages_answered_in_any_order_while_the_list_shifts_lose_no_row(
    serve: Serve, listing_of: OpenListing, order: str
) -> None:
    """With every answer, a row arrives at the head and another one goes: the total stays."""
    server = serve(numbered(LONG))
    end = -1 if order == "last to first" else 0
    server.may_go = all_at_once(server, 8, lambda pending: sorted(pending, key=offset_of)[end])
    stayed, new = set(range(LONG)), iter(range(LONG, 2 * LONG))

    def shift(asked: Asked) -> Answer:
        found = server.page(asked)
        if server.answered:
            gone = server.rows.pop(len(server.rows) // 2)
            server.rows.insert(0, {"id": next(new)})
            stayed.discard(gone["id"])
        return found

    server.reply = shift
    assert {*ids(read(listing_of("messages")))} >= stayed
    assert len(stayed) > LONG / 2
    assert max(server.at_once) >= 8


@pytest.mark.parametrize("seed", range(8))
def test_every_row_that_stays_is_read_whatever_comes_and_goes_between_pages_in_flight(
    serve: Serve, listing_of: OpenListing, seed: int
) -> None:
    chance = random.Random(seed)
    count = chance.choice([60, 150, 400, 800])
    server, unused = serve(numbered(count)), count
    server.cap = chance.choice([10, 20, 50])
    stayed = set(range(count))
    often, much = chance.choice([0.1, 0.3, 0.6]), chance.choice([1, 3, 10])
    server.may_go = all_at_once(
        server,
        8 if count > 400 else 1,
        lambda pending: min(pending, key=lambda one: random.Random(offset_of(one) + seed).random()),
    )

    def change(asked: Asked) -> Answer:
        nonlocal unused
        found = server.page(asked)
        for _ in range(chance.randint(1, much) if chance.random() < often else 0):
            if server.rows and chance.random() < 0.5:
                at = chance.choice([0, chance.randrange(len(server.rows))])
                stayed.discard(server.rows.pop(at)["id"])
            else:
                server.rows.insert(0, {"id": unused})
                unused += 1
        return found

    server.reply = change
    assert {*ids(read(listing_of("messages")))} >= stayed


@pytest.mark.parametrize("arrived", [98, 99, 100])
def test_as_many_new_rows_as_a_page_goes_on_by_are_no_repetition(
    serve: Serve, listing_of: OpenListing, arrived: int
) -> None:
    """The page after them has just the rows of the page before."""
    server = serve(numbered(LONG))

    def arrive(asked: Asked) -> Answer:
        if offset_of(asked) == 891 and server.rows[0]["id"] == 0:
            server.rows[:0] = [{"id": LONG + number} for number in range(arrived)]
        return server.page(asked)

    server.reply = arrive
    # the two pages with equal rows are answered one after the other
    server.may_go = lambda asked: offset_of(asked) != 891 or 792 in map(offset_of, server.answered)
    assert {*ids(read(listing_of("messages")))} >= set(range(LONG))


@pytest.mark.parametrize("seed", range(2))
def test_a_list_that_goes_on_otherwise_is_read_whole_with_few_requests_in_vain(
    serve: Serve, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Its pages have any length, so that none but the next is where it is expected."""
    made = []
    for setting in ("1", "8"):
        monkeypatch.setenv(SETTING, setting)
        server = serve(numbered(LONG))

        def uneven(asked: Asked, server: PendingServer = server) -> Answer:
            server.cap = random.Random(seed * LONG + offset_of(asked)).randint(20, 100)
            return server.page(asked)

        server.reply = uneven
        assert {*ids(read(listing_of("messages")))} == set(range(LONG))
        made.append(len(server.requests))
    without, ahead = made
    assert without < ahead <= without + 8 + without // SHARE_IN_VAIN


def test_an_api_that_knows_only_whole_pages_is_read_page_by_page(
    serve: Serve, listing_of: OpenListing
) -> None:
    server = serve(numbered(1234))

    def rounded(asked: Asked) -> Answer:
        first = offset_of(asked) // 100 * 100
        return Answer(200, {"data": server.rows[first : first + 100], "total": 1234})

    server.reply = rounded
    assert set(ids(read(listing_of("messages")))) == set(range(1234))
    whole = [offset for offset in server.offsets if offset % 100 == 0]
    assert set(whole) == set(range(0, 1234, 100))
    assert len(whole) == 2 * 13 - 1, "after each page, the one before is looked at again"
