"""Pages in flight that are refused are held back together and tried again alone."""

from __future__ import annotations

import pytest

from email_assets.account import configured_account
from email_assets.errors import ApiError, ApiUnavailableError
from email_assets.sync.listing import open_listing
from email_assets_tests.api.conftest import OpenListing, Serve, ids, pages, read
from email_assets_tests.api.pending import all_at_once, numbered, offset_of
from email_assets_tests.api.read_ahead_fixtures import IN_FLIGHT, LONG, PAGES, SETTING, busy, fails
from email_assets_tests.vendors.serving import Answer, Asked


def test_pages_that_are_refused_together_wait_once_and_are_tried_again_one_by_one(
    serve: Serve, listing_of: OpenListing, waits: list[float]
) -> None:
    server = serve(numbered(LONG))
    server.may_go, server.lingers = all_at_once(server, 8), True
    server.reply = fails(server, IN_FLIGHT, busy())
    listing = listing_of("messages")
    assert ids(read(listing)) == list(range(LONG))
    assert [wait for wait in waits if wait] == [17.0]
    assert (listing.usage.retries, listing.usage.seconds_throttled) == (8, 17.0)
    assert server.at_once[:17] == [1, 8, 7, 6, 5, 4, 3, 2, 1, *[1] * 8]
    assert server.offsets[9:17] == IN_FLIGHT, "nothing new is asked for before"
    assert sorted(server.offsets) == sorted(PAGES + IN_FLIGHT)


def test_pages_whose_refusal_comes_a_little_later_wait_no_second_time(
    serve: Serve, waits: list[float]
) -> None:
    """The others are refused once the reader knows that the first of them is."""
    server = serve(numbered(LONG))
    server.reply = fails(server, IN_FLIGHT, busy())

    def may_go(asked: Asked) -> bool:
        offset = offset_of(asked)
        return offset == 0 or (offset == IN_FLIGHT[0] and len(server.pending) == 8)

    server.may_go = may_go
    listing = open_listing(
        configured_account(), "messages", say=lambda _: server.let_go(), sleep=waits.append
    )
    with listing.session:
        assert ids(read(listing)) == list(range(LONG))
    assert [wait for wait in waits if wait] == [17.0]
    assert listing.usage.seconds_throttled == 17.0
    assert server.offsets[9:17] == IN_FLIGHT


@pytest.mark.slow
def test_after_a_refusal_half_as_many_pages_are_in_flight_and_then_slowly_more(
    serve: Serve, listing_of: OpenListing
) -> None:
    server = serve(numbered(LONG))
    server.reply = fails(server, IN_FLIGHT, busy())
    at_once = [*[4] * 8, *[5] * 8, *[6] * 8, 7, 7, 6, 5, 4, 3, 2, 1]
    refused, rest = all_at_once(server, 8), PAGES[9:]
    retried = 1 + 2 * len(IN_FLIGHT)

    def may_go(asked: Asked) -> bool:
        number = len(server.answered) - retried
        if number < 0:
            return refused(asked)
        return offset_of(asked) == rest[number] and len(server.pending) >= at_once[number]

    server.may_go, server.lingers = may_go, True
    assert ids(read(listing_of("messages"))) == list(range(LONG))
    assert server.at_once[retried:] == at_once


@pytest.mark.parametrize("offset", [PAGES[1], PAGES[4], PAGES[8], PAGES[-1]])
def test_one_page_that_is_refused_is_tried_again_when_no_other_is_in_flight(
    serve: Serve, listing_of: OpenListing, waits: list[float], offset: int
) -> None:
    server = serve(numbered(LONG))
    server.reply = fails(server, [offset], busy())
    server.lingers = True
    assert ids(read(listing_of("messages"))) == list(range(LONG))
    assert waits == [17.0]
    attempts = [n for n, asked in enumerate(server.answered) if offset_of(asked) == offset]
    assert [server.at_once[number] for number in attempts[1:]] == [1]


def test_without_retry_after_pages_that_failed_together_wait_the_computed_time_once(
    serve: Serve, listing_of: OpenListing, waits: list[float]
) -> None:
    server = serve(numbered(LONG))
    server.may_go = all_at_once(server, 8)
    server.reply = fails(server, IN_FLIGHT, busy(503, None))
    listing = listing_of("messages")
    assert ids(read(listing)) == list(range(LONG))
    assert [wait for wait in waits if wait] == [2.0]
    assert (listing.usage.retries, listing.usage.seconds_throttled) == (8, 2.0)


def test_a_page_that_fails_again_waits_again(
    serve: Serve, listing_of: OpenListing, waits: list[float]
) -> None:
    server = serve(numbered(LONG))
    server.may_go = all_at_once(server, 8)
    server.reply = fails(server, [99], busy(503, None), times=2)
    assert ids(read(listing_of("messages"))) == list(range(LONG))
    assert waits == [2.0, 4.0]


@pytest.mark.parametrize("offset", [PAGES[0], PAGES[1], PAGES[5], PAGES[8], PAGES[-1]])
def test_whichever_page_fails_has_three_attempts_in_all(
    serve: Serve, listing_of: OpenListing, waits: list[float], offset: int
) -> None:
    server = serve(numbered(LONG))
    server.reply = fails(server, [offset], busy(503, None), times=9)
    listing = listing_of("messages")
    with pytest.raises(ApiUnavailableError) as caught:
        read(listing)
    assert str(caught.value) == (
        f"messages: {server.base_url} answered 503 Service Unavailable. Tried 3 times; what was "
        "loaded before is untouched."
    )
    assert server.offsets.count(offset) == 3
    assert waits == [2.0, 4.0]
    assert listing.usage.retries == 2


@pytest.mark.parametrize("body", [b"{", b"", b"<html>"])
def test_a_page_in_flight_that_is_no_json_is_retried(
    serve: Serve, listing_of: OpenListing, body: bytes
) -> None:
    server = serve(numbered(LONG))
    server.reply = fails(server, [297, 495], Answer(200, body))
    listing = listing_of("messages")
    assert ids(read(listing)) == list(range(LONG))
    assert listing.usage.retries == 2


@pytest.mark.parametrize("status", [400, 401, 404])
@pytest.mark.parametrize("offset", [99, 495, 1188])
def test_a_page_that_is_refused_for_good_fails_where_and_as_it_does_without(
    serve: Serve,
    listing_of: OpenListing,
    monkeypatch: pytest.MonkeyPatch,
    waits: list[float],
    status: int,
    offset: int,
) -> None:
    found = []
    for setting in ("1", "8"):
        monkeypatch.setenv(SETTING, setting)
        server = serve(numbered(1200))
        server.reply = fails(server, [offset], Answer(status, {"error": "No."}), times=9)
        received: list[int] = []
        reading = pages(listing_of("messages"))
        with pytest.raises(ApiError) as caught:
            received.extend(number for page in reading for number in ids(page))
        sentence = str(caught.value).replace(server.base_url, "…")
        found.append((type(caught.value), sentence, received, server.offsets.count(offset)))
    assert found[0] == found[1]
    assert found[1][2:] == (list(range(offset + 1)), 1)
    assert waits == []


def test_an_api_that_allows_one_request_at_a_time_is_read_whole(
    serve: Serve, listing_of: OpenListing
) -> None:
    server = serve(numbered(1200))
    server.lingers = True

    def one_by_one(asked: Asked) -> Answer:
        return server.page(asked) if asked is server.pending[0] else busy(retry_after="1")

    server.reply = one_by_one
    server.may_go = all_at_once(server, 8, lambda left: left[-1])
    listing = listing_of("messages")
    assert ids(read(listing)) == list(range(1200))
    assert listing.usage.retries > 0
