"""Resend's messages and bounces, by time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from email_assets.account import configured_account
from email_assets.sync.glimpse import glimpse
from email_assets_tests.vendors.resend_fixtures import HOUR, Query, api, ids, loaded
from email_assets_tests.vendors.resend_server import MINUTE, NOON, ResendServer
from email_assets_tests.vendors.syncing import EVERYTHING, backfill, load

pytestmark = pytest.mark.slow

__all__ = ["api"]


class TestSecondSync:
    def test_it_reads_back_to_where_the_first_left_off_less_three_days(
        self, api: ResendServer, query: Query
    ) -> None:
        load("messages")
        api.requests.clear()
        new = [api.send(NOON + n * MINUTE) for n in range(20)]

        report = load("messages")

        # 20 new ones and 72 hours are in the first page, and the second one is older as a whole
        assert (report.rows_listed, report.stopped_early, len(api.requests)) == (200, True, 2)
        assert report.row_count == 1020
        assert set(ids(new)) <= set(loaded(query, "messages"))

    def test_what_happened_to_a_message_meanwhile_is_found(
        self, api: ResendServer, query: Query
    ) -> None:
        load("messages")
        within, before = api.emails[70], api.emails[300]
        within["last_event"] = before["last_event"] = "opened"

        load("messages")
        opened = query("SELECT id FROM email.messages WHERE last_event = 'opened'")
        load("messages", EVERYTHING)

        assert opened == [(within["id"],)]
        assert query("SELECT count(*) FROM email.messages WHERE last_event = 'opened'") == [(2,)]

    def test_new_bounces_are_found_with_two_requests(self, api: ResendServer, query: Query) -> None:
        for hours in range(1, 500):
            api.suppressions.append(
                {**api.suppress(NOON - (200 + hours) * HOUR), "id": f"old{hours:03}"}
            )
            api.suppressions.pop(0)
        load("bounces")
        new = api.suppress(NOON)
        api.requests.clear()

        report = load("bounces")

        assert (report.stopped_early, len(api.requests)) == (True, 2)
        assert query(f"SELECT email FROM email.bounces WHERE id = '{new['id']}'") == [
            (new["email"],)
        ]

    def test_a_list_that_is_not_newest_first_is_read_whole(
        self, api: ResendServer, query: Query
    ) -> None:
        load("messages")
        api.send(NOON)
        api.emails.reverse()
        api.requests.clear()

        report = load("messages")

        assert (report.stopped_early, len(api.requests)) == (False, 11)
        assert loaded(query, "messages") == ids(api.emails)

    def test_a_full_refresh_reads_everything_and_keeps_what_is_gone(
        self, api: ResendServer
    ) -> None:
        load("messages")
        del api.emails[500:]
        api.requests.clear()

        report = load("messages", EVERYTHING)

        assert (report.rows_listed, report.row_count, len(api.requests)) == (500, 1000, 5)

    def test_a_backfill_reads_back_to_its_start_and_leaves_the_cursor(
        self, api: ResendServer
    ) -> None:
        load("messages")
        late = {**api.emails[240], "id": "late", "last_event": "sent"}
        api.emails.insert(240, late)
        api.requests.clear()

        # 14 days of 24 hours, 336 rows, are in four pages, and the fifth is older as a whole
        filled = load("messages", backfill("2026-03-20T12:00:00Z", "2026-03-25"))
        asked = len(api.requests)
        after = load("messages")

        assert (filled.row_count, filled.stopped_early, asked) == (1001, True, 5)
        assert after.window.start == NOON - HOUR - timedelta(days=3)


def test_a_glimpse_sees_the_newest_and_does_not_turn_the_page_for_the_next(
    api: ResendServer,
) -> None:
    heads = [glimpse(configured_account(), "messages", say=lambda _: None).newest for _ in range(2)]

    assert heads == [api.emails[0]["id"]] * 2
    assert [asked.query for asked in api.requests] == [{"limit": "1"}] * 2
    assert load("messages").row_count == 1000
