"""Mailgun's resources: a real server of its shape, a real warehouse, exact rows and requests."""

from __future__ import annotations

import pytest

from email_assets_tests.vendors.mailgun_fixtures import LOGS, NEWS, SHOP, Query, api, paths
from email_assets_tests.vendors.mailgun_server import MailgunServer
from email_assets_tests.vendors.syncing import load

pytestmark = pytest.mark.slow

__all__ = ["api"]


class TestResources:
    def test_the_bounces_of_every_domain_carry_its_name_and_end_at_an_empty_page(
        self, api: MailgunServer, query: Query
    ) -> None:
        report = load("bounces")

        assert (report.rows_listed, report.row_count) == (1201, 1201)
        found = query("SELECT domain, count(*) FROM email.bounces GROUP BY domain ORDER BY domain")
        assert found == [(NEWS, 1200), (SHOP, 1)]
        found = query("SELECT domain FROM email.bounces WHERE address = 'both@example.com'")
        assert sorted(found) == [(NEWS,), (SHOP,)]
        news, shop = f"/v3/{NEWS}/bounces", f"/v3/{SHOP}/bounces"
        assert paths(api) == ["/v4/domains", news, news, news, shop, shop]
        assert [asked.query for asked in api.requests[1:4]] == [
            {"limit": "1000"},
            {"limit": "1000", "page": "next", "address": "gone0998@example.com"},
            {"limit": "1000", "page": "next", "address": "gone1198@example.com"},
        ]

    def test_messages_are_the_events_of_all_time(self, api: MailgunServer, query: Query) -> None:
        api.events[0]["id"] = "event-249"  # which another day's event has too

        report = load("messages")

        assert (report.rows_listed, report.row_count) == (250, 250)
        found = query("SELECT id FROM email.messages ORDER BY id")
        assert [key for (key,) in found] == sorted(row["id"] for row in api.events)
        assert query("SELECT user_variables FROM email.messages WHERE id = 'event-7'") == [
            ('{"order-7":"42"}',)  # the sender's own keys make no columns
        ]
        # a part of the key stays the text that it came as
        assert query("SELECT min(atimestamp), max(atimestamp) FROM email.messages") == [
            ("2026-04-03T07:50:00.000Z", "2026-04-03T11:59:00.000Z")
        ]
        # three pages and an empty one
        assert paths(api) == [LOGS] * 4
        assert {asked.body["start"] for asked in api.requests} == {
            "Sat, 01 Jan 2000 00:00:00 +0000"
        }

    def test_the_log_is_read_to_the_total_that_it_tells(self, api: MailgunServer) -> None:
        assert load("messages").api_total == 250
        assert all(asked.body["include_subaccounts"] for asked in api.requests)

    def test_domains_come_without_their_passwords(self, api: MailgunServer, query: Query) -> None:
        load("domains")

        assert query("SELECT name, smtp_login FROM email.domains ORDER BY name") == [
            (NEWS, f"postmaster@{NEWS}"),
            (SHOP, f"postmaster@{SHOP}"),
        ]
        columns = query("SELECT column_name FROM information_schema.columns")
        assert ("smtp_password",) not in columns
        assert len(api.requests) == 1

    def test_servers_are_the_sub_accounts(self, api: MailgunServer, query: Query) -> None:
        load("servers")

        found = query("SELECT id, name FROM email.servers ORDER BY id")
        assert found == [("0" * 24, "north"), ("0" * 23 + "1", "south")]
        assert len(api.requests) == 1

    def test_an_account_without_domains_has_no_bounces(self, api: MailgunServer) -> None:
        api.domains.clear()

        report = load("bounces")

        assert (report.rows_received, report.row_count, paths(api)) == (0, 0, ["/v4/domains"])

    def test_an_account_without_events_is_no_error(self, api: MailgunServer) -> None:
        api.events.clear()

        assert load("messages").row_count == 0
