"""Lists that hold still, and totals that are wrong."""

from __future__ import annotations

import pytest

from email_assets.api.overlapping_pages import REWINDS
from email_assets.errors import ApiError
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.api.conftest import OpenListing, ids, offsets, read
from email_assets_tests.api.pagination_fixtures import NO_TOTAL, UNTOUCHED, with_and_without_total
from email_assets_tests.api.pending import numbered

# Lists that hold still


def test_250_rows_are_three_requests(api: Sandbox, listing_of: OpenListing) -> None:
    rows = read(listing_of("messages"))
    assert ids(rows) == ids(api.rows("messages"))
    assert [(r.offset, r.limit) for r in api.requests] == [(0, 100), (99, 100), (198, 100)]


def test_a_last_page_that_is_full_is_followed_by_one_more_request(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.replace("messages", numbered(199))
    assert ids(read(listing_of("messages"))) == list(range(199))
    assert offsets(api) == [0, 99, 198]


@pytest.mark.parametrize("cap", [1, 2, 49, 50, 99])
@with_and_without_total
def test_an_api_that_gives_smaller_pages_than_asked_for_loses_no_row(
    api: Sandbox, listing_of: OpenListing, total: list[Fault], cap: int
) -> None:
    api.replace("messages", numbered(103))
    api.set_faults("messages", Fault("page_cap", rows=cap), *total)
    assert set(ids(read(listing_of("messages")))) == set(range(103))


def test_pages_of_50_are_read_one_after_the_other(api: Sandbox, listing_of: OpenListing) -> None:
    api.set_faults("messages", Fault("page_cap", rows=50))
    assert ids(read(listing_of("messages"))) == ids(api.rows("messages"))
    assert offsets(api) == [0, 49, 98, 147, 196, 245]


@pytest.mark.parametrize(
    ("faults", "asked"),
    [([], [0, 99, 198]), ([NO_TOTAL], [0, 99, 198, 249])],
    ids=["total", "none"],
)
def test_each_page_repeats_the_last_row_of_the_one_before(
    api: Sandbox, listing_of: OpenListing, faults: list[Fault], asked: list[int]
) -> None:
    api.replace("messages", numbered(250))
    api.set_faults("messages", *faults)
    listing = listing_of("messages")
    assert ids(read(listing)) == list(range(250)), "what came twice is handed on once"
    assert (offsets(api), listing.paginator.reached) == (asked, 250)


@pytest.mark.parametrize("count", [2, 99, 100, 101, 199, 200])
@with_and_without_total
def test_a_list_of_any_length_is_read_whole(
    api: Sandbox, listing_of: OpenListing, total: list[Fault], count: int
) -> None:
    api.replace("messages", numbered(count))
    api.set_faults("messages", *total)
    listing = listing_of("messages")
    assert set(ids(read(listing))) == set(range(count))
    assert listing.paginator.reached == count


@pytest.mark.parametrize(
    ("count", "faults", "asked"),
    [
        (0, [], [0]),
        (0, [NO_TOTAL], [0]),
        (1, [], [0]),
        (1, [NO_TOTAL], [0, 1]),
        (99, [], [0]),
        (99, [NO_TOTAL], [0, 98]),
    ],
)
def test_a_short_list_takes_no_more_requests_than_it_needs(
    api: Sandbox,
    listing_of: OpenListing,
    count: int,
    faults: list[Fault],
    asked: list[int],
) -> None:
    api.replace("messages", numbered(count))
    api.set_faults("messages", *faults)
    read(listing_of("messages"))
    assert offsets(api) == asked


# Totals that are wrong


@pytest.mark.parametrize("total", [0, 1, 99, 100, 200, 249, 251, 1000, 10**30, "250", "7", 250.0])
def test_a_total_that_is_wrong_or_written_otherwise_loses_no_row(
    api: Sandbox, listing_of: OpenListing, total: object
) -> None:
    api.replace("messages", numbered(250))
    api.set_faults("messages", Fault("total", value=total))
    listing = listing_of("messages")
    assert set(ids(read(listing))) == set(range(250))
    assert listing.paginator.reached == 250


def test_a_total_that_is_too_small_costs_one_request_more(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("messages", Fault("total", value=10))
    read(listing_of("messages"))
    assert offsets(api) == [0, 99, 198, 249]


def test_a_total_that_is_too_large_is_kept_beside_what_was_read(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("messages", Fault("total", value=1000))
    listing = listing_of("messages")
    read(listing)
    found = listing.paginator
    assert (found.total, found.reached, found.missing) == (1000, 250, 750)


def test_a_total_of_null_is_none(api: Sandbox, listing_of: OpenListing) -> None:
    api.set_faults("messages", Fault("total", value=None))
    listing = listing_of("messages")
    assert set(ids(read(listing))) == set(ids(api.rows("messages")))
    assert listing.paginator.total is None


@pytest.mark.parametrize(
    ("total", "shape"),
    [
        ("many", "text"),
        ("", "text"),
        ("-1", "text"),
        ("2.5", "text"),
        (-1, "a number"),
        (2.5, "a number"),
        (True, "a boolean"),
        ([250], "a list"),
        ({"rows": 250}, "an object with the keys 'rows'"),
    ],
)
def test_a_total_that_is_no_number_of_rows_is_an_error(
    api: Sandbox, listing_of: OpenListing, total: object, shape: str
) -> None:
    api.set_faults("messages", Fault("total", value=total, after=1))
    with pytest.raises(ApiError) as caught:
        read(listing_of("messages"))
    assert str(caught.value) == (
        f"messages: at offset 99 the API gave {shape} as the total under 'total', not a whole "
        "number from 0. Set total_path of its paginator to None in the vendor's file if the API "
        f"has no total of its rows. {UNTOUCHED}"
    )


def test_a_total_that_falls_and_rises_again_loses_no_row(
    api: Sandbox, listing_of: OpenListing
) -> None:
    wrong = [Fault("total", value=value, after=n, times=1) for n, value in enumerate([250, 10] * 3)]
    api.set_faults("messages", *wrong)
    rows = read(listing_of("messages"))
    assert set(ids(rows)) == set(ids(api.rows("messages")))


def test_a_total_that_comes_late_is_used(api: Sandbox, listing_of: OpenListing) -> None:
    api.set_faults("messages", Fault("no_total", times=1))
    listing = listing_of("messages")
    assert set(ids(read(listing))) == set(ids(api.rows("messages")))
    assert (offsets(api), listing.paginator.total) == ([0, 99, 198], 250)


def test_a_total_that_goes_missing_is_remembered(api: Sandbox, listing_of: OpenListing) -> None:
    api.set_faults("messages", Fault("no_total", after=1))
    listing = listing_of("messages")
    assert ids(read(listing)) == ids(api.rows("messages"))
    assert (offsets(api), listing.paginator.total) == ([0, 99, 198], 250)


@pytest.mark.slow
def test_an_api_that_shifts_for_ever_is_given_up(api: Sandbox, listing_of: OpenListing) -> None:
    pages = [
        {"data": [{"id": 100 * n + m} for m in range(100)], "total": 250}
        for n in range(2 * REWINDS + 3)
    ]
    turns = [
        Fault("status", status=200, body=page, after=n, times=1) for n, page in enumerate(pages)
    ]
    api.set_faults("servers", *turns)
    with pytest.raises(ApiError, match=f"the API shifted its list {REWINDS} times while"):
        read(listing_of("servers"))
    assert api.request_count("servers") <= 2 * REWINDS + 2
