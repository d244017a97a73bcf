"""Mailgun: a real server of its shape, a real warehouse, exact rows and requests."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from email_assets.account import configured_account
from email_assets.clock import now
from email_assets.errors import ApiError, KeyRefusedError
from email_assets.sync.glimpse import glimpse
from email_assets.sync.span import SpanError
from email_assets_tests.vendors.mailgun_fixtures import NAMES, NEWS, SHOP, api
from email_assets_tests.vendors.mailgun_server import KEY, MINUTE, NOON, MailgunServer
from email_assets_tests.vendors.serving import Answer
from email_assets_tests.vendors.syncing import (
    EVERYTHING,
    backfill,
    load,
    written_and_said,
)

__all__ = ["api"]

Query = Callable[[str], list[tuple[Any, ...]]]

LOGS = "/v1/analytics/logs"


def paths(api: MailgunServer) -> list[str]:
    return [asked.path for asked in api.requests]


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


class TestRefusals:
    @pytest.mark.parametrize("name", NAMES)
    def test_a_missing_key_is_named(
        self, name: str, api: MailgunServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SOURCES__EMAIL__MAILGUN__API_KEY")

        with pytest.raises(KeyRefusedError) as raised:
            load(name)

        assert str(raised.value) == (
            f"{name}: there is no API key. Set api_key of [sources.email.mailgun] in "
            ".dlt/secrets.toml or the environment variable SOURCES__EMAIL__MAILGUN__API_KEY."
        )
        assert api.requests == []

    @pytest.mark.usefixtures("api")
    def test_a_wrong_key_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__MAILGUN__API_KEY", "wrong")

        with pytest.raises(KeyRefusedError) as raised:
            load("messages")

        assert str(raised.value) == (
            "messages: the API refused the key (401). Set api_key of [sources.email.mailgun] in "
            ".dlt/secrets.toml or the environment variable SOURCES__EMAIL__MAILGUN__API_KEY."
        )

    def test_a_link_to_another_host_is_not_followed(self, api: MailgunServer) -> None:
        with MailgunServer() as elsewhere:
            api.links_lead_to = elsewhere.base_url

            with pytest.raises(ApiError) as raised:
                load("bounces")

            assert str(raised.value) == (
                f"bounces: the API's answer leads to {elsewhere.base_url}, which is not "
                f"{api.base_url}. The key is not sent there. Correct base_url of [sources.email] "
                "if the API has moved."
            )
            assert elsewhere.requests == []

    def test_a_log_that_leads_in_a_circle_is_an_error(
        self, api: MailgunServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        page = {"items": api.events[:100], "pagination": {"next": "the same"}}
        monkeypatch.setattr(api, "answer", lambda _: Answer(200, page))

        with pytest.raises(ApiError, match=r"^messages: the API gave the same page of 100 rows"):
            load("messages")

        assert len(api.requests) == 2

    def test_an_answer_without_bounces_is_an_error(
        self, api: MailgunServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer = api.answer
        monkeypatch.setattr(
            api,
            "answer",
            lambda asked: Answer(200, {}) if "bounces" in asked.path else answer(asked),
        )

        with pytest.raises(ApiError, match=r"^bounces: the API gave an answer without 'items'"):
            load("bounces")

    def test_the_shape_refuses_other_times_than_rfc_2822(self, api: MailgunServer) -> None:

        refused = requests.post(
            f"{api.base_url}{LOGS}", json={"start": now().isoformat()}, auth=("api", KEY), timeout=5
        )

        assert refused.status_code == 400


def test_no_key_and_no_password_is_anywhere(
    api: MailgunServer, warehouse: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written, said = written_and_said(NAMES, caplog, warehouse.parent)

    basic = base64.b64encode(f"api:{KEY}".encode()).decode()
    assert f"postmaster@{SHOP}".encode() in written
    assert f"POST {LOGS}" in said
    for secret in (KEY, basic, *api.smtp_passwords):
        assert secret.encode() not in written
        assert secret not in said
