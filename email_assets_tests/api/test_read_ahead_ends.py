"""Nothing is left in flight, no key is told, and everything is counted once."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import requests

from email_assets.account import configured_account
from email_assets.api.usage import Usage
from email_assets.errors import ApiError
from email_assets.sync.listing import open_listing
from email_assets_tests.api.conftest import (
    HEAD,
    REPLY,
    OpenListing,
    Serve,
    ask,
    ids,
    pages,
    read,
)
from email_assets_tests.api.pending import PATIENCE, PendingServer, all_at_once, numbered, offset_of
from email_assets_tests.api.read_ahead_fixtures import IN_FLIGHT, LONG, PAGES, SETTING, busy, fails
from email_assets_tests.conftest import KEY
from email_assets_tests.secret_fixtures import holds_the_key, leaks_of
from email_assets_tests.vendors.serving import Answer, Asked


def threads_of_asking() -> list[str]:
    """The threads that ask for pages."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("read-ahead")]


def threads_of_read_ahead() -> list[str]:
    """The threads that ask for pages, and the one that watches their time limits."""
    names = [thread.name for thread in threading.enumerate()]
    return threads_of_asking() + [name for name in names if "_watch" in name]


# When nobody reads on


@pytest.mark.slow
def test_after_the_last_page_nothing_is_left_behind(serve: Serve, listing_of: OpenListing) -> None:
    server = serve(numbered(LONG))
    listing = listing_of("messages")
    read(listing)
    assert threads_of_read_ahead() != []
    listing.session.close()
    assert threads_of_read_ahead() == []
    assert server.pending == []
    assert sorted(server.offsets) == PAGES


def test_a_session_that_is_closed_leaves_no_connection_open(
    listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", address)
        monkeypatch.setenv("API_KEY", KEY)
        session = listing_of().session
        asking = threading.Thread(target=ask, args=(session,))
        asking.start()
        with listener.accept()[0] as connection:
            connection.recv(65536)
            connection.sendall(HEAD + b"\r\n" + REPLY)
            asking.join()
            session.close()
            connection.settimeout(PATIENCE)
            assert connection.recv(1) == b""


def asked_after(server: PendingServer) -> list[int]:
    """The requests after those that came already, when everything is answered."""
    before = len(server.requests)
    server.let_go()
    requests.get(f"{server.base_url}/v1/messages?offset=-1&limit=1", timeout=PATIENCE)
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
    listing = open_listing(configured_account(), "messages", say=print)
    with listing.session, pytest.raises(ApiError, match=rf"\b{status}\b"):
        read(listing)
    assert threads_of_read_ahead() == []
    assert len(server.pending) == 7, "the server has not answered them, and nobody waits for it"
    assert asked_after(server) == [-1]


def test_closing_cuts_off_what_an_abandoned_reader_left_in_flight(serve: Serve) -> None:
    server = serve(numbered(LONG))
    server.may_go = lambda asked: offset_of(asked) == 0
    listing = open_listing(configured_account(), "messages", say=print)
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


@pytest.mark.slow
def test_closing_does_not_wait_for_connections_that_do_not_come_about(
    no_second_connection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", no_second_connection)
    monkeypatch.setenv("API_KEY", KEY)
    monkeypatch.setenv("RUNTIME__REQUEST_TIMEOUT", str(2 * PATIENCE))
    listing = open_listing(configured_account(), "messages", say=print)
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
