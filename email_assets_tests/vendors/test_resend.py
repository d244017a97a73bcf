"""Resend's resources: a real server of its shape, a real warehouse, exact rows and requests."""

from __future__ import annotations

import pytest

from email_assets.account import configured_account
from email_assets.clock import now
from email_assets.defs.assets import build_assets
from email_assets.defs.checks import build_checks
from email_assets.defs.schedules import build_jobs, build_schedules
from email_assets.defs.sensors import build_sensors
from email_assets.deliverability.daily import build_daily
from email_assets_tests.vendors.resend_fixtures import HOUR, NAMES, Query, api, ids, loaded
from email_assets_tests.vendors.resend_server import DAY, NOON, ResendServer
from email_assets_tests.vendors.syncing import load

pytestmark = pytest.mark.slow

__all__ = ["api"]


class TestResources:
    @pytest.mark.usefixtures("api")
    def test_there_are_five_and_no_servers(self) -> None:
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

    def test_statistics_are_a_row_a_day_and_domain_and_its_last_days_are_read_again(
        self, api: ResendServer, query: Query
    ) -> None:
        today = now()
        api.days.clear()
        for days in range(300):
            api.measure(today - days * DAY, sent=days)
        first = load("deliverystats")
        api.days[0]["sent"] = 7
        second = load("deliverystats")

        counts = query("SELECT count(*), count(DISTINCT period) FROM email.deliverystats")
        assert counts == [(600, 300)]
        assert (first.rows_received, second.rows_received) == (600, 8)
        assert query(
            f"SELECT max(sent) FROM email.deliverystats WHERE period = '{today.date().isoformat()}'"
        ) == [(7,)]

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
            "email_weekly_report",
            "email_retention",
        }
        assert len(build_schedules(configured_account())) == 4
        assert len(build_sensors(configured_account(), [])) == 3
