"""Several servers of one Postmark account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from email_assets_tests.vendors.postmark_fixtures import (
    HOUR,
    NOON,
    Query,
    account,
    configure,
    load,
    message_ids,
    read,
)
from email_assets_tests.vendors.postmark_server import PostmarkServer

pytestmark = pytest.mark.slow

__all__ = ["account", "configure"]


class TestSeveralServers:
    def test_the_bounces_of_each_carry_its_id(self, account: PostmarkServer, query: Query) -> None:
        for each in account.servers:
            for hours in range(each.id):
                each.bounce(NOON - hours * HOUR)

        report = load("bounces")

        found = query("SELECT server_id, count(*) FROM email.bounces GROUP BY 1 ORDER BY 1")
        assert found == [(1, 1), (2, 2), (3, 3)]
        assert (report.api_total, report.rows_listed, report.usage.requests) == (6, 6, 7)
        assert account.count("/servers") == 1
        assert account.count("/bounces") == 3

    def test_the_messages_of_each_carry_its_id(self, account: PostmarkServer, query: Query) -> None:
        for each in account.servers:
            each.send(NOON)

        load("messages")

        assert query("SELECT server_id, message_id FROM email.messages ORDER BY 1") == [
            (each.id, each.messages[0]["MessageID"]) for each in account.servers
        ]

    @pytest.mark.usefixtures("account")
    def test_statistics_of_the_same_name_are_one_row_for_each(self, query: Query) -> None:
        load("deliverystats")
        load("deliverystats")

        assert query(
            "SELECT server_id, count FROM email.deliverystats WHERE name = 'All' ORDER BY 1"
        ) == [(1, 3), (2, 6), (3, 9)]

    def test_the_second_sync_asks_each_for_what_is_new(self, account: PostmarkServer) -> None:
        for each in account.servers:
            each.send(NOON - each.id * HOUR)
        load("messages")
        account.requests.clear()

        load("messages")

        lists = [asked.query for asked in account.requests if asked.path == "/messages/outbound"]
        assert [query["fromdate"] for query in lists] == ["2026-06-14T07:00:00"] * 3

    def test_a_server_that_holds_too_much_is_split_by_itself(self, account: PostmarkServer) -> None:
        for each in account.servers:
            each.send(NOON)
        busy = account.servers[1]
        busy.send_many(NOON - timedelta(seconds=number) for number in range(10_000))

        rows, _ = read("messages", NOON - timedelta(seconds=10_000), NOON)

        for each in account.servers:
            found = {row["MessageID"] for row in rows if row["ServerID"] == each.id}
            assert sorted(found) == message_ids(each)

    def test_with_a_server_token_that_server_alone_is_read(
        self, account: PostmarkServer, configure: Callable[..., None], query: Query
    ) -> None:
        configure(account, account.servers[1].token, None)

        load("deliverystats")

        assert query("SELECT DISTINCT server_id FROM email.deliverystats") == [(2,)]
        assert [asked.path for asked in account.requests] == ["/server", "/deliverystats"]
