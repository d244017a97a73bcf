"""Mailgun's events and bounces, by time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from email_assets.account import configured_account
from email_assets.sync.glimpse import glimpse
from email_assets.sync.span import SpanError
from email_assets_tests.vendors.mailgun_fixtures import NEWS, SHOP, Query, api
from email_assets_tests.vendors.mailgun_server import MINUTE, NOON, MailgunServer
from email_assets_tests.vendors.syncing import EVERYTHING, backfill, load

pytestmark = pytest.mark.slow

__all__ = ["api"]


class TestSecondSync:
    def test_it_asks_for_what_is_new_less_an_hour(self, api: MailgunServer, query: Query) -> None:
        load("messages")
        api.requests.clear()
        new = api.log(NOON)

        report = load("messages")

        # the new one and an hour with both its ends
        assert (report.rows_listed, report.row_count) == (62, 251)
        assert [asked.body["start"] for asked in api.requests] == [
            "Fri, 03 Apr 2026 10:59:00 +0000"
        ] * 2
        assert query(f"SELECT count(*) FROM email.messages WHERE id = '{new['id']}'") == [(1,)]

    def test_an_event_that_gets_into_the_log_half_an_hour_late_is_found(
        self, api: MailgunServer, query: Query
    ) -> None:
        load("messages")
        late = api.log(NOON - 31 * MINUTE, event="opened")

        load("messages")

        assert query("SELECT id FROM email.messages WHERE event = 'opened'") == [(late["id"],)]

    def test_an_address_that_bounces_again_is_updated(
        self, api: MailgunServer, query: Query
    ) -> None:
        load("bounces")
        api.bounce(NEWS, "both@example.com", error="Mailbox full")
        api.bounce(SHOP, "new@example.com")

        report = load("bounces")

        assert report.row_count == 1202
        assert (report.rows_loaded, report.rows_unchanged) == (2, 1200)
        assert query(
            "SELECT domain, error FROM email.bounces WHERE address = 'both@example.com' "
            "ORDER BY domain"
        ) == [(NEWS, "Mailbox full"), (SHOP, "No such mailbox")]

    def test_a_full_refresh_reads_everything_and_keeps_what_is_gone(
        self, api: MailgunServer
    ) -> None:
        load("messages")
        del api.events[:100]
        api.requests.clear()

        report = load("messages", EVERYTHING)

        assert (report.rows_listed, report.row_count, len(api.requests)) == (150, 250, 3)

    def test_a_backfill_asks_for_its_time_and_leaves_the_cursor(self, api: MailgunServer) -> None:
        load("messages")
        for days in range(10, 0, -1):
            api.log(NOON - timedelta(days=days))
        api.requests.clear()

        filled = load("messages", backfill("2026-03-26T12:00:00Z", "2026-03-29T14:00:00+02:00"))
        body = api.requests[0].body
        after = load("messages")

        # both ends are in
        assert (filled.rows_listed, filled.row_count) == (4, 254)
        assert (body["start"], body["end"]) == (
            "Thu, 26 Mar 2026 12:00:00 +0000",
            "Sun, 29 Mar 2026 12:00:01 +0000",
        )
        assert after.window.start == NOON - MINUTE - timedelta(hours=1)

    @pytest.mark.usefixtures("api")
    def test_bounces_cannot_be_filled_in_by_time(self) -> None:
        with pytest.raises(SpanError, match=r"^bounces: a start and an end need to know which"):
            load("bounces", backfill("2026-03-26", "2026-03-29"))

    def test_a_glimpse_sees_the_newest_event_and_turns_no_page(self, api: MailgunServer) -> None:
        heads = [
            glimpse(configured_account(), "messages", say=lambda _: None).newest for _ in range(2)
        ]

        assert heads == [f"event-249/{api.events[-1]['@timestamp']}"] * 2
        assert [asked.body["pagination"] for asked in api.requests] == [
            {"sort": "timestamp:desc", "limit": 1}
        ] * 2

    def test_a_glimpse_sees_every_domain(self, api: MailgunServer) -> None:
        found = glimpse(configured_account(), "bounces", say=lambda _: None)

        assert found.newest == f"{NEWS}/both@example.com {SHOP}/both@example.com"
        assert len(api.requests) == 3
