"""Owners that let requests time out, or answer in another shape: the others load all the same."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.errors import ApiError, ApiUnavailableError
from email_assets.sync.glimpse import glimpse
from email_assets.sync.one_page import inquire
from email_assets_tests.vendors.owner_fixtures import (
    MESSAGES,
    OpenAccount,
    account,
    configure,
    ids_of,
    open_account,
    starts_of,
)
from email_assets_tests.vendors.postmark_fixtures import DAY, HOUR, NOON, Query, loaded_ids
from email_assets_tests.vendors.postmark_rows import Server
from email_assets_tests.vendors.postmark_server import PostmarkServer
from email_assets_tests.vendors.serving import Answer
from email_assets_tests.vendors.syncing import load

__all__ = ["account", "configure", "open_account"]

STREAMS = "/message-streams"
LATE = "no whole answer within 0.4 s"
TIMED_OUT = r"did not finish its answer within 0\.4 s"
SHAPES = [
    ({"ErrorCode": 0}, "an answer without 'Messages': an object with the keys 'ErrorCode'"),
    ([], "an answer without 'Messages': a list"),
    ({"Messages": "none", "TotalCount": 0}, "text under 'Messages', not a list"),
    ({"Messages": [7], "TotalCount": 1}, "a number as a row, not an object"),
    (
        {"Messages": [], "TotalCount": -1},
        "a number as the total under 'TotalCount', not a whole number from 0",
    ),
]


@pytest.fixture
def hang(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Lets a server keep whoever asks for a path waiting, for longer than a request may take."""
    monkeypatch.setenv("RUNTIME__REQUEST_TIMEOUT", "0.4")
    monkeypatch.setenv("RUNTIME__REQUEST_MAX_ATTEMPTS", "1")
    ended = threading.Event()

    def keep_waiting() -> Answer:
        ended.wait(60)
        return Answer(503, {})

    def let_hang(*servers: Server, path: str = MESSAGES) -> None:
        for server in servers:
            server.answers[path] = keep_waiting

    yield let_hang
    ended.set()


@pytest.mark.slow
def test_one_that_hangs_is_left_out_after_its_attempts_and_read_once_it_answers(
    account: PostmarkServer,
    query: Query,
    hang: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load("messages")
    failing, waits = account.servers[1], list[float]()
    hang(failing)
    monkeypatch.setenv("RUNTIME__REQUEST_MAX_ATTEMPTS", "3")
    for each in account.servers:
        each.send(NOON + DAY)

    report = load("messages", waits=waits)

    assert report.owners_unavailable == {"message_streams 2/outbound": LATE}
    assert (waits, len(loaded_ids(query))) == ([2.0, 4.0], 5)
    failing.answers.clear()
    assert load("messages").owners_unavailable == {}
    assert loaded_ids(query) == ids_of(account)


@pytest.mark.slow
def test_two_that_hang_with_another_between_them_are_left_out(
    open_account: OpenAccount, query: Query, hang: Callable[..., None]
) -> None:
    account = open_account(4)
    failing = account.servers[::2]
    hang(*failing)

    report = load("messages")

    assert loaded_ids(query) == ids_of(account, *failing)
    assert [*report.owners_unavailable.values()] == [LATE, LATE]


@pytest.mark.slow
def test_two_that_hang_in_a_row_are_taken_for_an_api_that_is_down(
    open_account: OpenAccount, hang: Callable[..., None]
) -> None:
    account = open_account(4)
    hang(*account.servers[1:3])
    with pytest.raises(ApiUnavailableError, match=TIMED_OUT):
        load("messages")


@pytest.mark.slow
def test_of_one_server_no_more_than_two_streams_that_hang_are_waited_for(
    account: PostmarkServer,
    query: Query,
    hang: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__READ_AHEAD", "1")
    failing = account.servers[1]
    for name in ("news", "sale", "bills"):
        failing.add_stream(name, "Broadcasts")
        failing.send(NOON - HOUR, name)
    hang(failing)

    report = load("messages")

    assert loaded_ids(query) == ids_of(account, failing)
    assert report.owners_unavailable == {
        f"message_streams 2/{name}": LATE for name in ("outbound", "news", "sale", "bills")
    }
    assert len(starts_of(account, failing)) == 2


@pytest.mark.slow
def test_a_server_whose_list_of_streams_hangs_leaves_the_others(
    account: PostmarkServer, query: Query, hang: Callable[..., None]
) -> None:
    hang(account.servers[0], path=STREAMS)
    assert load("messages").owners_unavailable == {"servers 1": LATE}
    assert loaded_ids(query) == ids_of(account, account.servers[0])


@pytest.mark.slow
def test_a_glimpse_and_a_check_pass_over_one_that_hangs_and_end_after_two(
    open_account: OpenAccount, hang: Callable[..., None]
) -> None:
    account = open_account(4)
    hang(account.servers[0])
    messages = configured_account().resources["messages"]

    assert glimpse(configured_account(), "messages", say=lambda _: None).total == 3
    assert inquire(configured_account(), messages).failure == ""

    hang(account.servers[1])
    with pytest.raises(ApiUnavailableError, match=TIMED_OUT):
        glimpse(configured_account(), "messages", say=lambda _: None)
    assert "did not finish its answer" in inquire(configured_account(), messages).failure


@pytest.mark.parametrize(("body", "reason"), SHAPES)
def test_one_that_answers_in_another_shape_is_left_out_and_named_with_it(
    account: PostmarkServer, query: Query, body: Any, reason: str
) -> None:
    failing, waits = account.servers[0], list[float]()
    failing.answers[MESSAGES] = lambda: Answer(200, body)

    report = load("messages", waits=waits)

    assert loaded_ids(query) == ids_of(account, failing)
    assert report.owners_unavailable == {"message_streams 1/outbound": reason}
    assert (report.rows_listed, report.api_total) == (2, 2)
    assert (len(starts_of(account, failing)), waits) == (1, [])


def test_a_server_whose_list_of_streams_has_another_shape_leaves_the_others(
    account: PostmarkServer, query: Query
) -> None:
    account.servers[2].answers[STREAMS] = lambda: Answer(200, {"Streams": []})
    assert [*load("messages").owners_unavailable] == ["servers 3"]
    assert loaded_ids(query) == ids_of(account, account.servers[2])


@pytest.mark.slow
def test_once_it_has_its_shape_again_it_is_read_from_where_it_was(
    account: PostmarkServer, query: Query
) -> None:
    load("messages")
    failing = account.servers[0]
    failing.answers[MESSAGES] = lambda: Answer(200, {})
    for days in (2, 4):
        for each in account.servers:
            each.send(NOON + days * DAY)
        load("messages")

    failing.answers.clear()
    load("messages")

    assert loaded_ids(query) == ids_of(account)


def test_if_all_answer_in_another_shape_the_sync_fails_with_it(account: PostmarkServer) -> None:
    for each in account.servers:
        each.answers[MESSAGES] = lambda: Answer(200, {})
    with pytest.raises(ApiError, match=r"^messages: at offset 0 the API gave an answer without "):
        load("messages")


def test_a_glimpse_and_a_check_pass_over_one_of_another_shape(account: PostmarkServer) -> None:
    account.servers[0].answers[MESSAGES] = lambda: Answer(200, {})
    messages = configured_account().resources["messages"]

    assert glimpse(configured_account(), "messages", say=lambda _: None).total == 2
    assert inquire(configured_account(), messages).failure == ""
