"""Resend: a real server of its shape, a real warehouse, exact rows and requests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.defs.assets import build_assets
from email_assets.defs.checks import build_checks
from email_assets.defs.schedules import build_jobs, build_schedules
from email_assets.defs.sensors import build_sensors
from email_assets.deliverability.daily import build_daily
from email_assets.errors import ApiError, KeyRefusedError
from email_assets.sync.glimpse import glimpse
from email_assets_tests.vendors.resend_fixtures import HOUR, NAMES, api
from email_assets_tests.vendors.resend_server import KEY, MINUTE, NOON, ResendServer
from email_assets_tests.vendors.serving import Answer, Asked
from email_assets_tests.vendors.syncing import (
    EVERYTHING,
    backfill,
    load,
    written_and_said,
)

__all__ = ["api"]

Query = Callable[[str], list[tuple[Any, ...]]]


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(row["id"] for row in rows)


def loaded(query: Query, name: str) -> list[str]:
    return [key for (key,) in query(f"SELECT id FROM email.{name} ORDER BY id")]


class TestResources:
    @pytest.mark.usefixtures("api")
    def test_there_are_four_and_no_servers(self) -> None:
        assert list(configured_account().resources) == NAMES

    def test_messages(self, api: ResendServer, query: Query) -> None:
        api.emails[0].update(cc=["ann@example.com", "bob@example.com"])

        report = load("messages")

        assert loaded(query, "messages") == ids(api.emails)
        assert query("SELECT cc FROM email.messages WHERE cc IS NOT NULL") == [
            ('["ann@example.com","bob@example.com"]',)
        ]
        assert (report.rows_listed, report.row_count, api.count("/emails")) == (1000, 1000, 10)
        assert query("SELECT min(created_at), max(created_at) FROM email.messages") == [
            (NOON - 1000 * HOUR, NOON - HOUR)
        ]

    def test_bounces_are_the_suppressions_that_came_of_one(
        self, api: ResendServer, query: Query
    ) -> None:
        report = load("bounces")

        bounces = [row for row in api.suppressions if row["origin"] == "bounce"]
        assert loaded(query, "bounces") == ids(bounces)
        assert (report.row_count, api.count("/suppressions")) == (50, 1)

    def test_messages_that_came_in(self, api: ResendServer, query: Query) -> None:
        load("received")

        assert query('SELECT id, "from" FROM email.received') == [("in0", "ann@example.com")]

    def test_what_became_of_messages_is_told_by_their_last_event(
        self, api: ResendServer, query: Query
    ) -> None:
        for message, last_event in zip(api.emails, ("bounced", "complained"), strict=False):
            message["last_event"] = last_event
        load("messages")

        build_daily(configured_account(), say=print)

        assert query(
            "SELECT SUM(sent), SUM(hard), SUM(complaints) FROM email.deliverability_daily"
        ) == [(1000, 1, 1)]

    def test_domains(self, api: ResendServer, query: Query) -> None:
        load("domains")

        found = query("SELECT name, capabilities__sending FROM email.domains ORDER BY name")
        assert found == [(f"mail{number}.example.com", "enabled") for number in range(3)]
        assert api.count("/domains") == 1

    def test_an_account_without_anything_is_no_error(self, api: ResendServer) -> None:
        api.emails.clear()

        assert load("messages").row_count == 0

    @pytest.mark.usefixtures("api")
    def test_assets_checks_jobs_schedules_and_sensors_follow(self) -> None:
        assert {asset.key.to_user_string() for asset in build_assets(configured_account())} == set(
            NAMES
        )
        assert sum(
            len(checks.check_keys) for checks in build_checks(configured_account())
        ) == 3 * len(NAMES)
        assert {job.name for job in build_jobs(configured_account())} == {
            "email_events",
            "email_inventory",
            "email_all",
            "email_retention",
        }
        assert len(build_schedules(configured_account())) == 3
        assert len(build_sensors(configured_account(), [])) == 3


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


class TestRefusals:
    def test_a_missing_key_is_named(
        self, api: ResendServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("SOURCES__EMAIL__RESEND__API_KEY")

        with pytest.raises(KeyRefusedError) as raised:
            load("messages")

        assert str(raised.value) == (
            "messages: there is no API key. Set api_key of [sources.email.resend] in "
            ".dlt/secrets.toml or the environment variable SOURCES__EMAIL__RESEND__API_KEY."
        )
        assert api.requests == []

    def test_a_wrong_key_is_named_and_not_repeated(
        self, api: ResendServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__RESEND__API_KEY", "re_wrong")

        with pytest.raises(KeyRefusedError) as raised:
            load("messages")

        assert str(raised.value) == (
            "messages: the API refused the key (403). Set api_key of [sources.email.resend] in "
            ".dlt/secrets.toml or the environment variable SOURCES__EMAIL__RESEND__API_KEY."
        )
        assert len(api.requests) == 1

    def test_requests_say_who_asks(self, api: ResendServer) -> None:
        nameless = HTTPConnection(api.base_url.removeprefix("http://"), timeout=5)
        nameless.request("GET", "/domains", headers={"Authorization": f"Bearer {KEY}"})
        refused = nameless.getresponse().status
        nameless.close()

        load("domains")

        assert refused == 403
        assert api.requests[-1].headers["User-Agent"] == "email_assets"

    def test_too_many_requests_are_asked_again_when_the_api_says(
        self, api: ResendServer, waits: list[float]
    ) -> None:
        api.throttled = 2

        report = load("domains", waits=waits)

        assert (report.row_count, report.usage.requests, waits) == (3, 3, [1.0, 1.0])

    def test_a_list_that_leads_in_a_circle_is_an_error(
        self, api: ResendServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def the_same(asked: Asked) -> Answer:
            return Answer(200, {"object": "list", "has_more": True, "data": api.emails[:100]})

        monkeypatch.setattr(api, "answer", the_same)

        with pytest.raises(ApiError) as raised:
            load("messages")

        assert str(raised.value) == (
            "messages: the API gave the same page of 100 rows twice, under another reference. "
            "Nothing of this run was loaded; what was loaded before is untouched."
        )
        assert len(api.requests) == 2

    def test_an_answer_without_a_list_is_an_error(
        self, api: ResendServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(api, "answer", lambda _: Answer(200, {"error": "ann@example.com"}))

        with pytest.raises(ApiError, match=r"gave an answer without 'data': an object with the"):
            load("messages")


def test_a_glimpse_sees_the_newest_and_does_not_turn_the_page_for_the_next(
    api: ResendServer,
) -> None:
    heads = [glimpse(configured_account(), "messages", say=lambda _: None).newest for _ in range(2)]

    assert heads == [api.emails[0]["id"]] * 2
    assert [asked.query for asked in api.requests] == [{"limit": "1"}] * 2
    assert load("messages").row_count == 1000


def test_the_key_is_nowhere(
    api: ResendServer, warehouse: Path, caplog: pytest.LogCaptureFixture
) -> None:
    written, said = written_and_said(NAMES, caplog, warehouse.parent)

    assert b"mail0.example.com" in written
    assert "GET /emails" in said
    assert KEY.encode() not in written
    assert KEY not in said
