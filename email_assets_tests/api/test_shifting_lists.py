"""Lists that change while they are read."""

from __future__ import annotations

import random
from itertools import count, islice
from typing import Any

import pytest

from email_assets.api import overlapping_pages
from email_assets.api.page import Page
from email_assets.api.whole_pages import WholePages
from email_assets.errors import ApiError
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.api.conftest import OpenListing, ids, offsets, pages, read
from email_assets_tests.api.pagination_fixtures import NO_TOTAL, with_and_without_total
from email_assets_tests.api.pending import numbered

FEWER = 25
"""Shifts on one spot that a reader bears here: a quarter, so that a list may be short."""


@pytest.mark.parametrize("count", [1, 2, 7, 99, 100, 101, 150])
@with_and_without_total
def test_rows_that_vanish_at_the_head_once_hide_no_other(
    api: Sandbox, listing_of: OpenListing, total: list[Fault], count: int
) -> None:
    api.replace("messages", numbered(600))
    api.set_faults("messages", Fault("delete_head", rows=count, after=1, times=1), *total)
    rows = read(listing_of("messages"))
    assert set(ids(rows)) >= set(range(count, 600))


@pytest.mark.parametrize("count", [1, 7, 20])
@with_and_without_total
def test_rows_that_go_on_vanishing_at_the_head_hide_no_other(
    api: Sandbox, listing_of: OpenListing, total: list[Fault], count: int
) -> None:
    api.replace("messages", numbered(600))
    api.set_faults("messages", Fault("delete_head", rows=count), *total)
    rows = read(listing_of("messages"))
    assert set(ids(rows)) >= set(ids(api.rows("messages")))
    assert api.rows("messages") != []  # the reader got ahead of what vanished


def test_a_page_that_does_not_continue_the_one_before_is_read_again_from_further_up(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("messages", NO_TOTAL, Fault("delete_head", rows=7, times=1))
    read(listing_of("messages"))
    assert offsets(api) == [0, 99, 0, 98, 196, 241, 242]


def test_where_rows_go_on_vanishing_pages_overlap_by_as_many(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("messages", Fault("delete_head", rows=3))
    read(listing_of("messages"))
    assert offsets(api) == [0, 99, 0, 98, 0, 96, 192, 228]


def test_the_reader_goes_back_further_each_time_until_a_page_continues(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.replace("messages", numbered(1000))
    api.set_faults(
        "messages",
        NO_TOTAL,
        Fault("delete_head", rows=350, after=4, times=1),
        Fault("delete_head", rows=20, after=11, times=1),
    )
    rows = read(listing_of("messages"))
    assert set(ids(rows)) >= set(range(370, 1000))
    assert offsets(api)[:12] == [0, 99, 198, 297, 396, 495, 395, 195, 0, 92, 184, 276]
    assert offsets(api)[12:15] == [368, 268, 352]


def test_rows_that_moved_up_to_where_the_reader_went_back_are_no_repetition(
    api: Sandbox, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    # no page is asked for before the test has changed the list
    monkeypatch.setenv("SOURCES__EMAIL__READ_AHEAD", "1")
    api.replace("messages", numbered(600))
    api.set_faults("messages", NO_TOTAL)
    reading = pages(listing_of("messages"))
    next(reading)
    api.delete_head("messages", 200)
    page = next(reading)
    api.delete_head("messages", 99)
    assert next(reading) == page[:-1], "all but what the page before ended with"
    assert {row["id"] for rest in reading for row in rest} >= set(range(399, 600))


def test_a_row_that_arrives_before_the_last_page_is_read_again_is_no_repetition(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.replace("messages", numbered(101))
    api.set_faults("messages", NO_TOTAL, Fault("insert_head", rows=1, after=1, times=1))
    assert set(ids(read(listing_of("messages")))) == set(range(101))
    assert offsets(api) == [0, 99, 100, 101]


@with_and_without_total
def test_a_list_that_vanishes_ends(
    api: Sandbox, listing_of: OpenListing, total: list[Fault]
) -> None:
    api.set_faults("messages", Fault("delete_head", rows=250, times=1), *total)
    assert len(read(listing_of("messages"))) == 100


@pytest.mark.parametrize("count", [1, 3, 100, 250])
@with_and_without_total
def test_rows_that_arrive_while_the_list_is_read_hide_no_other(
    api: Sandbox, listing_of: OpenListing, total: list[Fault], count: int
) -> None:
    before = ids(api.rows("messages"))
    api.set_faults("messages", Fault("insert_head", rows=count, times=3), *total)
    assert set(ids(read(listing_of("messages")))) >= set(before)


@pytest.mark.slow
def test_a_long_list_may_shift_more_often_than_the_reader_would_bear_on_one_spot(
    api: Sandbox, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlapping_pages, "REWINDS", FEWER)
    api.replace("messages", numbered(2 * FEWER * 4))
    api.set_faults("messages", Fault("page_cap", rows=4))
    read_ids = set()
    for number, page in enumerate(pages(listing_of("messages"))):
        read_ids.update(ids(page))
        if number % 4 == 3:
            api.delete_head("messages", 2)  # no two pages overlap by more
    assert read_ids >= set(ids(api.rows("messages")))
    assert api.rows("messages")[0]["id"] > 2 * FEWER


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
@with_and_without_total
def test_every_row_that_stays_is_read_whatever_comes_and_goes(
    api: Sandbox, listing_of: OpenListing, total: list[Fault], seed: int
) -> None:
    chance = random.Random(seed)
    rows = numbered(chance.choice([60, 150, 400]))
    stayed, unused, received = set(ids(rows)), len(rows), set[Any]()
    cap = chance.choice([20, 50, 100])
    often, much = chance.choice([0.2, 0.6, 1.0]), chance.choice([1, 5, 60])
    api.replace("messages", rows)
    api.set_faults("messages", Fault("page_cap", rows=cap), *total)
    for page in pages(listing_of("messages")):
        received.update(ids(page))
        for _ in range(chance.randint(1, much) if chance.random() < often else 0):
            if rows and chance.random() < 0.55:
                stayed.discard(rows.pop(chance.choice([0, 0, chance.randrange(len(rows))]))["id"])
            else:
                rows.insert(0, {"id": unused})
                unused += 1
        api.replace("messages", rows)
    assert received >= stayed


def test_numbered_pages_that_shift_as_fast_as_they_are_read_are_an_error() -> None:
    pages = WholePages(1, None, looks_back=True, error=ApiError)
    keys = map(str, count())

    def read_on() -> None:
        for _ in range(1_000):
            pages.learn(Page(pages.place, [*islice(keys, 2)], None, True))

    with pytest.raises(ApiError, match="shifted its whole list"):
        read_on()
