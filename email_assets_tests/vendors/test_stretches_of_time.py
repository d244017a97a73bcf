"""Words of a vendor's file for an API that wants to be asked for stretches of time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from email_assets.account import configured_account
from email_assets.clock import now
from email_assets.sync.one_page import inquire
from email_assets.sync.span import SpanError
from email_assets_tests.defs.sensor_fixtures import put_clock_ahead
from email_assets_tests.vendors.events_fixtures import BOTH_ENDS, Describe, api, days_ago, describe
from email_assets_tests.vendors.events_server import DAY, EventsServer
from email_assets_tests.vendors.syncing import backfill, load
from email_assets_tests.vendors.vendor_fixtures import use_vendor

__all__ = ["api", "describe", "use_vendor"]


class TestAnEndWithEveryStart:
    @pytest.fixture(autouse=True)
    def wants_both_ends(self, api: EventsServer, describe: Describe) -> None:
        api.wants_both_ends = True
        describe(f'{BOTH_ENDS}, "end_value": NOW')
        api.add(days_ago(0.5))

    @pytest.mark.slow
    def test_a_second_sync_names_both(self, api: EventsServer) -> None:
        load("events")
        api.add(days_ago(0.1))

        assert load("events").row_count == 2

    def test_an_end_that_is_to_come_is_not_named(self, api: EventsServer) -> None:
        today = now().date().isoformat()

        load("events", backfill(days_ago(3).isoformat(), today))

        assert [end <= now() for _, end in api.stretches] == [True]


class TestWhereAFirstSyncBegins:
    def test_it_is_the_time_that_the_file_names(
        self, api: EventsServer, describe: Describe
    ) -> None:
        describe(f'{BOTH_ENDS}, "initial_value": "2026-01-31"')
        for days in (1, 20, 40):
            api.add(days_ago(days))

        report = load("events")

        assert report.row_count == 3
        assert str(report.window) == "2026-01-31T00:00:00+00:00 to …"

    def test_it_is_so_long_ago_as_the_api_keeps_rows(
        self, api: EventsServer, describe: Describe
    ) -> None:
        api.kept = 10 * DAY
        describe(f'{BOTH_ENDS}, "initial_value": timedelta(days=10)')
        for days in (1, 9):
            api.add(days_ago(days))

        assert load("events").row_count == 2

    @pytest.mark.slow
    def test_a_sync_after_a_long_pause_begins_no_earlier_and_says_so(
        self, api: EventsServer, describe: Describe
    ) -> None:
        said: list[str] = []
        api.by_default = 60 * DAY
        describe(BOTH_ENDS)
        api.add(days_ago(40))
        load("events")
        api.kept = 10 * DAY
        describe(f'{BOTH_ENDS}, "initial_value": timedelta(days=10)')
        api.add(days_ago(2))

        assert load("events", say=said.append).row_count == 2
        assert "events: the last sync was longer ago than the API looks back" in "\n".join(said)

    @pytest.mark.slow
    def test_syncs_of_a_list_that_stays_quiet_for_longer_say_nothing_of_it(
        self, api: EventsServer, describe: Describe, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        said: list[str] = []
        describe(f'{BOTH_ENDS}, "initial_value": timedelta(days=10)')
        api.add(days_ago(1))
        for _ in range(14):
            load("events", say=said.append)
            put_clock_ahead(monkeypatch, DAY)

        assert "longer ago" not in "\n".join(said)
        put_clock_ahead(monkeypatch, 12 * DAY)
        load("events", say=said.append)
        assert "events: the last sync was longer ago than the API looks back" in "\n".join(said)

    def test_a_backfill_of_what_is_older_is_refused(self, describe: Describe) -> None:
        describe(f'{BOTH_ENDS}, "initial_value": timedelta(days=10)')

        with pytest.raises(SpanError, match=r"^events: the API gives nothing from before \d{4}-"):
            load("events", backfill("2026-01-01", "2026-01-31"))

    def test_the_question_for_one_page_names_it_too(
        self, api: EventsServer, describe: Describe
    ) -> None:
        describe(f'{BOTH_ENDS}, "initial_value": timedelta(days=10), "end_value": NOW')
        api.wants_both_ends = True
        api.add(days_ago(9))

        found = inquire(configured_account(), configured_account().resources["events"])

        assert found.page
        assert len(found.page.rows) == 1


class TestOneParameterOfBothEnds:
    QUERY = (
        '"start_param": "where.query", "end_param": "where.query", '
        '"initial_value": timedelta(days=30), "end_value": NOW, '
        '"convert": lambda start, end: f"at >= {start.isoformat()} and at < {end.isoformat()}"'
    )

    def test_it_stands_at_its_place_in_the_body(
        self, api: EventsServer, describe: Describe
    ) -> None:
        api.most = 50
        describe(
            self.QUERY,
            words='"maximum_rows": 50,',
            endpoint='"method": "POST", "json": {"where": {"kind": "all"}},',
        )
        for minutes in range(120):
            api.add(days_ago(3) - minutes * timedelta(minutes=1))

        assert load("events").row_count == 120
        assert all(asked.body["where"]["kind"] == "all" for asked in api.requests)
