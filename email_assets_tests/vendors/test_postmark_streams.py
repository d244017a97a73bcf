"""Every stream of every server of Postmark's is read, each from its own place."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from email_assets.account import configured_account
from email_assets.errors import ApiError
from email_assets.sync.glimpse import MOST_ABOVE, glimpse
from email_assets.sync.span import Span
from email_assets_tests.vendors.postmark_fixtures import (
    DAY,
    HOUR,
    NOON,
    Query,
    configure,
    load,
    loaded_ids,
    message_ids,
)
from email_assets_tests.vendors.postmark_rows import Server
from email_assets_tests.vendors.postmark_server import ACCOUNT_TOKEN, PostmarkServer

pytestmark = pytest.mark.slow

__all__ = ["configure"]

FIRST_SYNC, LATER = "2026-06-14T07:00:00", "2026-06-18T08:00:00"


@pytest.fixture
def account(configure: Callable[..., None]) -> Iterator[PostmarkServer]:
    """Two servers with streams of the same names, a message and a bounce in each."""
    with PostmarkServer(servers=2) as running:
        configure(running, None, ACCOUNT_TOKEN)
        for each in running.servers:
            each.add_stream("news", "Broadcasts")
            for stream in ("outbound", "news"):
                each.send(NOON - HOUR, stream)
                each.bounce(NOON - HOUR, stream)
        yield running


def all_ids(account: PostmarkServer) -> list[str]:
    return sorted(key for each in account.servers for key in message_ids(each))


def asked_from(account: PostmarkServer) -> dict[tuple[int, str], str | None]:
    """The start that each stream was asked for messages from, by its server and name."""
    ids = {server.token: server.id for server in account.servers}
    found = {
        (
            ids[str(asked.headers["X-Postmark-Server-Token"])],
            asked.query["messagestream"],
        ): asked.query.get("fromdate")
        for asked in account.requests
        if asked.path == "/messages/outbound"
    }
    account.requests.clear()
    return found


def go_on(account: PostmarkServer) -> None:
    """Two days and two more pass, after which every stream gets a message and is synced."""
    for days in (2, 4):
        for each in account.servers:
            for stream in ("outbound", "news"):
                each.send(NOON + days * DAY, stream)
        load("messages")


@pytest.mark.parametrize("name", ["messages", "bounces"])
def test_rows_tell_their_server_and_stream(
    name: str, account: PostmarkServer, query: Query
) -> None:
    report = load(name)

    assert query(f"SELECT server_id, message_stream FROM email.{name} ORDER BY 1, 2") == [
        (1, "news"),
        (1, "outbound"),
        (2, "news"),
        (2, "outbound"),
    ]
    assert (report.rows_listed, report.api_total) == (4, 4)
    assert report.usage.requests == 1 + 2 + 4
    assert account.count("/message-streams") == 2


def test_with_a_server_token_the_streams_of_that_server_are_read(
    account: PostmarkServer, configure: Callable[..., None], query: Query
) -> None:
    server = account.servers[1]
    configure(account, server.token, None)

    load("messages")

    assert loaded_ids(query) == message_ids(server)
    assert [asked.path for asked in account.requests][:2] == ["/server", "/message-streams"]
    assert asked_from(account) == {(2, "outbound"): None, (2, "news"): None}


def test_archived_streams_are_read_and_inbound_ones_are_not(
    account: PostmarkServer, query: Query
) -> None:
    account.servers[0].add_stream("last year/sale", "Broadcasts", archived=True)
    account.servers[0].send(NOON, "last year/sale")

    load("messages")

    assert loaded_ids(query) == all_ids(account)
    assert "inbound" not in {stream for _, stream in asked_from(account)}


def test_a_refused_stream_is_read_from_its_old_place_and_its_namesake_goes_on(
    account: PostmarkServer, query: Query
) -> None:
    load("messages")
    account.servers[1].streams_refused = {"outbound": 403}
    go_on(account)
    report = load("messages")
    assert report.owners_refused == {"message_streams 2/outbound": "403 Forbidden"}

    account.servers[1].streams_refused = {}
    account.requests.clear()
    report = load("messages")

    assert report.owners_refused == {}
    assert loaded_ids(query) == all_ids(account)
    assert asked_from(account) == {
        (1, "outbound"): LATER,
        (1, "news"): LATER,
        (2, "outbound"): FIRST_SYNC,
        (2, "news"): LATER,
    }
    load("messages")
    assert set(asked_from(account).values()) == {LATER}


def refuse(server: Server) -> None:
    server.refuses_with = 403


def take_token(server: Server) -> None:
    server.has_token = False


@pytest.mark.parametrize("close", [refuse, take_token])
def test_streams_of_a_server_that_cannot_be_asked_for_them_keep_their_places(
    account: PostmarkServer, query: Query, close: Callable[[Server], None]
) -> None:
    load("messages")
    account.servers[1].streams_refused = {"news": 403}
    account.servers[0].send(NOON + DAY)
    account.servers[1].send(NOON + DAY)
    load("messages")
    close(account.servers[1])
    account.requests.clear()
    go_on(account)
    report = load("messages")
    assert list(report.owners_refused) == ["servers 2"]
    assert {server for server, _ in asked_from(account)} == {1}

    account.servers[1].refuses_with, account.servers[1].has_token = None, True
    account.servers[1].streams_refused = {}
    load("messages")

    assert loaded_ids(query) == all_ids(account)
    assert asked_from(account) == {
        (1, "outbound"): LATER,
        (1, "news"): LATER,
        (2, "outbound"): "2026-06-15T08:00:00",
        (2, "news"): FIRST_SYNC,
    }


def test_a_server_that_was_never_read_is_read_whole(account: PostmarkServer, query: Query) -> None:
    account.servers[0].refuses_with = 401
    load("messages")
    account.servers[0].refuses_with = None
    account.requests.clear()

    load("messages")

    assert loaded_ids(query) == all_ids(account)
    starts = asked_from(account)
    assert (starts[1, "outbound"], starts[1, "news"]) == (None, None)


@pytest.mark.parametrize("is_refused_first", [False, True])
def test_a_stream_that_is_new_is_read_whole_and_the_others_go_on(
    account: PostmarkServer, query: Query, is_refused_first: bool
) -> None:
    load("messages")
    account.servers[0].add_stream("sale", "Broadcasts")
    account.servers[0].send(NOON - 90 * DAY, "sale")
    if is_refused_first:
        account.servers[0].streams_refused = {"sale": 403}
        load("messages")
        account.servers[0].streams_refused = {}
    account.requests.clear()

    load("messages")

    assert loaded_ids(query) == all_ids(account)
    starts = asked_from(account)
    assert starts.pop((1, "sale")) is None
    assert [*starts.values()] == [FIRST_SYNC] * 4


def test_a_backfill_that_is_refused_a_stream_is_made_good_for_it_alone(
    account: PostmarkServer,
) -> None:
    load("messages")
    account.servers[0].streams_refused = {"news": 404}
    load("messages", Span.parse(False, "2026-05-01", "2026-05-31"))
    account.servers[0].streams_refused = {}
    account.requests.clear()

    load("messages")

    assert asked_from(account) == {
        (1, "outbound"): FIRST_SYNC,
        (1, "news"): "2026-04-30T20:00:00",
        (2, "outbound"): FIRST_SYNC,
        (2, "news"): FIRST_SYNC,
    }


@pytest.mark.parametrize(
    ("servers", "tells", "requests"),
    [(MOST_ABOVE, True, 1 + 2 * MOST_ABOVE), (MOST_ABOVE + 1, False, 1)],
)
def test_a_glimpse_lists_no_streams_of_many_servers(
    servers: int, tells: bool, requests: int, configure: Callable[..., None]
) -> None:
    with PostmarkServer(servers=servers) as api:
        configure(api, None, ACCOUNT_TOKEN)
        seen = glimpse(configured_account(), "messages", say=lambda _: None)

        assert (seen.tells, len(api.requests)) == (tells, requests)


def test_a_stream_that_does_not_say_of_which_kind_it_is_is_an_error(
    account: PostmarkServer,
) -> None:
    for stream in account.servers[0].streams:
        stream["MessageStreamType"] = None

    with pytest.raises(ApiError, match="message_streams comes without MessageStreamType"):
        load("messages")
