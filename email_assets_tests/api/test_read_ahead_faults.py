"""What becomes of pages in flight when the API fails or hangs, and when nobody reads on."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import requests

from email_assets.api.errors import ApiError, ApiUnavailableError
from email_assets.api.session import Usage
from email_assets.source import open_listing
from email_assets_tests.api.conftest import OpenListing, Serve, ids, pages, read
from email_assets_tests.api.pending import (
    PATIENCE,
    PendingServer,
    all_at_once,
    numbered,
    offset_of,
)
from email_assets_tests.conftest import KEY
from email_assets_tests.test_key_stays_secret import holds_the_key, leaks_of
from email_assets_tests.vendors.serving import Answer, Asked

SETTING = "SOURCES__EMAIL__READ_AHEAD"
LONG = 4000
PAGES = [0, *range(99, LONG - 1, 99)]
IN_FLIGHT = PAGES[1:9]
"""The pages that are asked for together once the first one has told the total."""

Reply = Callable[[Asked], Answer]


def fails(server: PendingServer, offsets: list[int], answer: Answer, times: int = 1) -> Reply:
    """A `reply` that gives these pages so many times another answer than their rows."""
    given = Counter[int]()

    def reply(asked: Asked) -> Answer:
        given[offset_of(asked)] += 1
        failed = offset_of(asked) in offsets and given[offset_of(asked)] <= times
        return answer if failed else server.page(asked)

    return reply


def busy(status: int = 429, retry_after: str | None = "17") -> Answer:
    return Answer(status, {}, {"Retry-After": retry_after} if retry_after else {})


def threads_of_asking() -> list[str]:
    """The threads that ask for pages."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("read-ahead")]


def threads_of_read_ahead() -> list[str]:
    """The threads that ask for pages, and the one that watches their time limits."""
    names = [thread.name for thread in threading.enumerate()]
    return threads_of_asking() + [name for name in names if "_watch" in name]


# Refused pages


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
        first = offset_of(asked) in (0, 99)
        return first and len(server.pending) in (1, 8)

    server.may_go = may_go
    listing = open_listing("messages", say=lambda _: server.let_go(), sleep=waits.append)
    with listing.session:
        assert ids(read(listing)) == list(range(LONG))
    assert [wait for wait in waits if wait] == [17.0]
    assert listing.usage.seconds_throttled == 17.0
    assert server.offsets[9:17] == IN_FLIGHT


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


# When nobody reads on


def test_after_the_last_page_nothing_is_left_behind(serve: Serve, listing_of: OpenListing) -> None:
    server = serve(numbered(LONG))
    listing = listing_of("messages")
    read(listing)
    assert threads_of_read_ahead() != []
    listing.session.close()
    assert threads_of_read_ahead() == []
    assert server.pending == []
    assert sorted(server.offsets) == PAGES


def asked_after(server: PendingServer) -> list[int]:
    """What is asked for after the requests that came already, when everything is answered."""
    before = len(server.requests)
    server.let_go()
    requests.get(f"{server.base_url}/v1/messages?offset=-1&limit=1", timeout=20)
    server.wait_until(lambda: server.pending == [])
    return server.offsets[before:]


@pytest.mark.parametrize("status", [400, 503])
def test_after_an_error_what_is_still_in_flight_is_cut_off_and_nothing_is_asked_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setenv("RUNTIME__REQUEST_MAX_ATTEMPTS", "1")
    server = serve(numbered(LONG))
    server.may_go = lambda asked: (
        offset_of(asked) == 0 or (offset_of(asked) == 99 and len(server.pending) == 8)
    )
    server.reply = fails(server, [99], Answer(status, {}))
    listing = open_listing("messages", say=print)
    with listing.session, pytest.raises(ApiError, match=rf"\b{status}\b"):
        read(listing)
    assert threads_of_read_ahead() == []
    assert len(server.pending) == 7, "the server has not answered them, and nobody waits for it"
    assert asked_after(server) == [-1]


def test_closing_cuts_off_what_an_abandoned_reader_left_in_flight(serve: Serve) -> None:
    server = serve(numbered(LONG))
    server.may_go = lambda asked: offset_of(asked) == 0
    listing = open_listing("messages", say=print)
    with listing.session:
        reading = pages(listing)
        assert ids(next(reading)) == list(range(100))
        server.wait_until(lambda: len(server.pending) == 8)
    assert threads_of_read_ahead() == []
    assert len(server.pending) == 8, "the server has not answered them, and nobody waits for it"
    assert asked_after(server) == [-1]


@pytest.fixture
def no_second_connection() -> Iterator[str]:
    """The address of a server that gives the first page, and lets nobody connect after that."""
    body = json.dumps({"data": numbered(100), "total": LONG}).encode()
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, ExitStack() as after:

        def give_one_page() -> None:
            client = after.enter_context(listener.accept()[0])
            client.recv(65536)
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

        thread = threading.Thread(target=give_one_page)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def test_closing_does_not_wait_for_connections_that_do_not_come_about(
    no_second_connection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", no_second_connection)
    monkeypatch.setenv("API_KEY", KEY)
    monkeypatch.setenv("RUNTIME__REQUEST_TIMEOUT", str(2 * PATIENCE))
    listing = open_listing("messages", say=print)
    assert len(next(pages(listing))) == 100
    closing = threading.Thread(target=listing.session.close)
    closing.start()
    closing.join(PATIENCE)
    was_closed = not closing.is_alive()
    closing.join()
    assert was_closed
    assert threads_of_read_ahead() == []


def test_with_a_setting_of_one_nothing_is_asked_for_before_it_is_wanted(
    serve: Serve, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING, "1")
    server = serve(numbered(LONG))
    reading = pages(listing_of("messages"))
    for wanted in (1, 2, 3):
        next(reading)
        assert (server.offsets, threads_of_asking()) == (PAGES[:wanted], [])


def test_a_session_that_was_never_used_can_be_closed_and_any_other_twice(
    serve: Serve, listing_of: OpenListing
) -> None:
    serve(numbered(LONG))
    for asked in (False, True):
        listing = listing_of("messages")
        if asked:
            read(listing)
        listing.session.close()
        listing.session.close()
        assert threads_of_read_ahead() == []


# The key and the counters


@pytest.mark.parametrize(
    "answer",
    [
        Answer(400, {"error": f"offset is wrong in ?api_key={KEY}"}),
        Answer(401, {"error": KEY}),
        Answer(503, {"error": KEY}, {"Retry-After": KEY}),
        Answer(200, KEY.encode()),
    ],
    ids=["refused", "key refused", "unavailable", "no JSON"],
)
def test_the_key_is_in_nothing_that_is_said_of_a_page_in_flight(
    serve: Serve,
    listing_of: OpenListing,
    said: list[str],
    caplog: pytest.LogCaptureFixture,
    answer: Answer,
) -> None:
    server = serve(numbered(LONG))
    server.may_go = all_at_once(server, 8)
    server.reply = fails(server, PAGES[4:6], answer, times=9)
    listing = listing_of("messages")
    with caplog.at_level(logging.DEBUG), pytest.raises(ApiError) as caught:
        read(listing)
    assert leaks_of(caught.value) == []
    assert not holds_the_key(" ".join(said))
    assert any("read-ahead" in (record.threadName or "") for record in caplog.records)
    assert not holds_the_key(caplog.text)


def test_a_renewed_key_is_used_by_pages_that_are_asked_for_afterwards(
    serve: Serve, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(numbered(LONG))
    hold = all_at_once(server, 8)

    def renewed(asked: Asked) -> bool:
        if len(server.pending) == 8 and len(server.answered) == 1:
            monkeypatch.setenv("API_KEY", "renewed")
        return hold(asked)

    server.may_go = renewed
    read(listing_of("messages"))
    keys = [asked.query["api_key"] for asked in server.requests]
    assert keys == [KEY] * 9 + ["renewed"] * (len(PAGES) - 9)


def test_a_retry_of_a_page_in_flight_uses_the_key_of_its_time(
    serve: Serve, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(numbered(LONG))
    server.may_go = all_at_once(server, 8)
    server.reply = fails(server, IN_FLIGHT, busy())
    read(listing_of("messages", sleep=lambda _: monkeypatch.setenv("API_KEY", "renewed")))
    keys = [asked.query["api_key"] for asked in server.requests]
    assert keys[:9] == [KEY] * 9
    assert set(keys[9:]) == {"renewed"}


def test_each_request_and_each_body_counts_once(serve: Serve, listing_of: OpenListing) -> None:
    server = serve(numbered(LONG))
    server.may_go = all_at_once(server, 8)
    server.reply = fails(server, IN_FLIGHT[:1], busy(503, None))
    listing = listing_of("messages")
    read(listing)
    assert listing.usage == Usage(len(PAGES) + 1, 1, 2.0, server.sent)
