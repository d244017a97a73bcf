"""Resources of Postmark's servers besides messages and bounces."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from email_assets_tests.vendors.postmark_fixtures import Query, configure, load
from email_assets_tests.vendors.postmark_rows import suppression
from email_assets_tests.vendors.postmark_server import ACCOUNT_TOKEN, PostmarkServer

pytestmark = pytest.mark.slow

__all__ = ["configure"]


@pytest.fixture(autouse=True)
def account(configure: Callable[..., None]) -> Iterator[PostmarkServer]:
    """An account of two servers, with the account's token alone."""
    with PostmarkServer(servers=2) as running:
        configure(running, None, ACCOUNT_TOKEN)
        yield running


def test_a_stream_is_one_of_its_server(account: PostmarkServer, query: Query) -> None:
    account.servers[1].add_stream("news", "Broadcasts", archived=True)

    load("message_streams")

    assert query(
        "SELECT server_id, id, message_stream_type FROM email.message_streams ORDER BY 1, 2"
    ) == [
        (1, "inbound", "Inbound"),
        (1, "outbound", "Transactional"),
        (2, "inbound", "Inbound"),
        (2, "news", "Broadcasts"),
        (2, "outbound", "Transactional"),
    ]


def test_an_address_is_suppressed_in_a_stream_of_a_server(
    account: PostmarkServer, query: Query
) -> None:
    account.servers[1].add_stream("news", "Broadcasts")
    account.servers[1].suppressed["news"] = [suppression("ann@example.org")]

    report = load("suppressions")

    assert query(
        "SELECT server_id, message_stream, email_address FROM email.suppressions ORDER BY 1, 2"
    ) == [
        (1, "outbound", "ann@example.org"),
        (2, "news", "ann@example.org"),
        (2, "outbound", "ann@example.org"),
    ]
    assert report.owners_refused == {}


def test_messages_sent_on_a_day_are_counted_for_each_server(query: Query) -> None:
    load("outbound_sends")

    assert query("SELECT server_id, date, sent FROM email.outbound_sends ORDER BY 1") == [
        (1, "2026-06-15", 1),
        (2, "2026-06-15", 2),
    ]


def test_bounces_of_a_day_are_counted_by_type(query: Query) -> None:
    load("outbound_bounces")

    assert query("SELECT server_id, hard_bounce FROM email.outbound_bounces ORDER BY 1") == [
        (1, 1),
        (2, 2),
    ]


def test_what_opens_a_servers_inbox_is_not_loaded(query: Query) -> None:
    load("servers")

    columns = query("SELECT column_name FROM information_schema.columns")
    assert not {("inbound_hash",), ("inbound_address",)} & {*columns}
