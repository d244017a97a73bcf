"""Stretches of time that are longer, or hold more, than an API gives."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from email_assets.clock import now
from email_assets.errors import ApiError
from email_assets_tests.vendors.events_fixtures import (
    BOTH_ENDS,
    Describe,
    Query,
    api,
    days_ago,
    describe,
)
from email_assets_tests.vendors.events_server import DAY, EventsServer
from email_assets_tests.vendors.syncing import backfill, load
from email_assets_tests.vendors.vendor_fixtures import use_vendor

__all__ = ["api", "describe", "use_vendor"]


class TestTheLongestStretch:
    @pytest.fixture(autouse=True)
    def a_week_at_a_time(self, api: EventsServer, describe: Describe) -> None:
        api.longest = 7 * DAY
        describe(
            f'{BOTH_ENDS}, "initial_value": timedelta(days=30), "end_value": NOW',
            words='"longest": timedelta(days=7),',
        )
        for hours in range(0, 30 * 24 - 1, 6):
            api.add(days_ago(hours / 24 + 0.01))

    def test_more_is_read_in_several(self, api: EventsServer) -> None:
        report = load("events")

        assert (report.row_count, report.rows_listed) == (len(api.events), len(api.events))
        assert len(api.requests) == 5

    def test_stretches_leave_no_gap(self, api: EventsServer) -> None:
        load("events")

        asked = sorted(api.stretches)
        assert all(later[0] <= earlier[1] for earlier, later in pairwise(asked))

    @pytest.mark.slow
    def test_a_second_sync_asks_for_one(self, api: EventsServer) -> None:
        load("events")
        api.requests.clear()

        load("events")

        ((start, end),) = api.stretches
        assert end - start < 2 * DAY

    def test_a_filter_that_says_days_never_says_one_that_is_to_come(
        self, api: EventsServer, describe: Describe
    ) -> None:
        describe(
            f'{BOTH_ENDS}, "initial_value": timedelta(days=30), "end_value": NOW, '
            '"convert": lambda at: at.strftime("%Y-%m-%d")'
        )
        earlier_today = now().replace(hour=0, minute=0, second=0, microsecond=0)

        load("events", backfill(days_ago(3).isoformat(), earlier_today.isoformat()))

        assert api.stretches
        assert all(end <= now() for _, end in api.stretches)

    def test_a_filter_that_says_days_stays_within_it(
        self, api: EventsServer, describe: Describe
    ) -> None:
        describe(
            f'{BOTH_ENDS}, "initial_value": timedelta(days=30), "end_value": NOW, '
            '"convert": lambda at: at.strftime("%Y-%m-%d")',
            words='"longest": timedelta(days=7),',
        )

        load("events")

        assert all(end - start <= 7 * DAY for start, end in api.stretches)


class TestACeilingWithoutPages:
    @pytest.fixture(autouse=True)
    def fifty_at_the_most(self, api: EventsServer, describe: Describe) -> None:
        api.most = 50
        describe(
            f'{BOTH_ENDS}, "initial_value": timedelta(days=30), "end_value": NOW',
            words='"maximum_rows": 50,',
        )

    @pytest.mark.slow
    def test_what_holds_more_is_read_in_shorter_stretches(self, api: EventsServer) -> None:
        for minutes in range(500):
            api.add(days_ago(1) - minutes * timedelta(minutes=1))

        assert load("events").row_count == 500

    def test_a_second_that_holds_more_is_an_error(self, api: EventsServer) -> None:
        at = days_ago(1)
        for _ in range(60):
            api.add(at)

        with pytest.raises(ApiError, match=r"^events: the API has at least 50 rows for the time "):
            load("events")

    def test_rows_of_one_key_count_as_many(self, api: EventsServer, query: Query) -> None:
        for minutes in range(70):
            api.add(days_ago(1) - minutes * timedelta(minutes=1))
        for row in api.events[:40]:
            row["id"] = "the same"

        load("events")

        assert query("SELECT count(*) FROM email.events") == [(31,)]
