"""Postmark's resources."""

from __future__ import annotations

from datetime import timedelta

import pytest

from email_assets_tests.vendors.postmark_fixtures import (
    HOUR,
    NOON,
    Query,
    api,
    configure,
    load,
    loaded_ids,
    message_ids,
    server,
)
from email_assets_tests.vendors.postmark_rows import Server
from email_assets_tests.vendors.postmark_server import PostmarkServer

__all__ = ["api", "configure", "server"]


class TestEveryResource:
    def test_bounces(self, api: PostmarkServer, server: Server, query: Query) -> None:
        for hours in range(3):
            server.bounce(NOON - hours * HOUR)

        report = load("bounces")

        assert query("SELECT server_id, id, inactive FROM email.bounces ORDER BY id") == [
            (1, bounce["ID"], True) for bounce in server.bounces
        ]
        assert (report.rows_listed, report.api_total, report.row_count) == (3, 3, 3)
        assert [asked.path for asked in api.requests] == [
            "/server",
            "/message-streams",
            "/bounces",
        ]

    @pytest.mark.slow
    def test_messages(self, api: PostmarkServer, server: Server, query: Query) -> None:
        for minutes in range(1_201):
            server.send(NOON - timedelta(minutes=minutes))

        report = load("messages")

        assert loaded_ids(query) == message_ids(server)
        assert query("SELECT DISTINCT server_id FROM email.messages") == [(1,)]
        assert (report.rows_listed, report.api_total, report.usage.requests) == (1_201, 1_201, 5)
        assert api.count("/messages/outbound") == 3

    @pytest.mark.usefixtures("api")
    def test_a_messages_time_is_an_instant(self, server: Server, query: Query) -> None:
        server.send(NOON + timedelta(microseconds=123456))

        load("messages")

        assert query(
            "SELECT received_at = TIMESTAMPTZ '2026-06-15 12:00:00.123456+00' FROM email.messages"
        ) == [(True,)]

    @pytest.mark.usefixtures("api")
    def test_the_senders_own_metadata_is_one_column(self, server: Server, query: Query) -> None:
        for minutes in range(50):
            server.send(NOON - timedelta(minutes=minutes))

        load("messages")

        columns = query(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_schema = 'email' AND table_name = 'messages' "
            "AND column_name LIKE 'metadata%'"
        )
        assert columns == [("metadata",)]
        assert query(
            "SELECT count(*) FROM email.messages WHERE metadata->>'their-own-key-7' = 'value'"
        ) == [(1,)]

    @pytest.mark.usefixtures("api")
    def test_recipients_become_a_table_below(self, server: Server, query: Query) -> None:
        server.send(NOON)

        load("messages")

        assert query("SELECT email FROM email.messages__to") == [("ann@example.org",)]

    def test_deliverystats(self, api: PostmarkServer, query: Query) -> None:
        load("deliverystats")

        assert query("SELECT server_id, name, count FROM email.deliverystats ORDER BY name") == [
            (1, "All", 3),
            (1, "Hard bounce", 2),
            (1, "Message delayed", 1),
        ]
        assert [asked.path for asked in api.requests] == ["/server", "/deliverystats"]

    @pytest.mark.parametrize("name", ["servers", "domains"])
    def test_the_accounts(self, name: str, api: PostmarkServer, query: Query) -> None:
        expected = {"servers": [(1, "Server 1")], "domains": [(11, "11.example.com")]}

        load(name)

        assert query(f"SELECT id, name FROM email.{name} ORDER BY id LIMIT 1") == expected[name]
        assert [asked.path for asked in api.requests] == [f"/{name}"]

    def test_a_page_is_asked_for_with_the_accept_header(self, api: PostmarkServer) -> None:
        load("domains")

        assert {asked.headers["Accept"] for asked in api.requests} == {"application/json"}
