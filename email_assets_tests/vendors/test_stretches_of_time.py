"""Words of a vendor's file for an API that wants to be asked for stretches of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.clock import now
from email_assets.errors import ApiError
from email_assets.sync.inquiry import inquire
from email_assets.sync.span import SpanError
from email_assets_tests.vendors.events_server import DAY, KEY, EventsServer
from email_assets_tests.vendors.syncing import backfill, load
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

__all__ = ["use_vendor"]

Query = Callable[[str], list[tuple[Any, ...]]]
Describe = Callable[..., None]

BOTH_ENDS = '"start_param": "from", "end_param": "to"'
SECOND = timedelta(seconds=1)
VENDOR = """
from datetime import timedelta
from email_assets.vendors import NOW, Secret

VENDOR = {{
    "client": {{
        "base_url": "{base_url}",
        "auth": {{"type": "bearer", "token": Secret("sources.email.events.api_key")}},
    }},
    "resource_defaults": {{"primary_key": "id", "write_disposition": "merge"}},
    "resources": [
        {{
            "name": "events",
            "kind": "event",
            "description": "Something that happened.",
            {words}
            "endpoint": {{
                "path": "/events",
                "data_selector": "events",
                "paginator": "single_page",
                {endpoint}
                "incremental": {{"cursor_path": "at", {incremental}}},
            }},
        }},
    ],
}}
"""


@pytest.fixture
def api(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EventsServer]:
    with EventsServer() as running:
        monkeypatch.setenv("SOURCES__EMAIL__EVENTS__API_KEY", KEY)
        yield running


@pytest.fixture
def describe(api: EventsServer, use_vendor: UseVendor) -> Describe:
    """Describes the API in a vendor's file."""

    def described(incremental: str, *, words: str = "", endpoint: str = "") -> None:
        use_vendor(
            VENDOR.format(
                base_url=api.base_url, incremental=incremental, words=words, endpoint=endpoint
            )
        )

    return described


def days_ago(days: float) -> datetime:
    return now() - days * DAY


class TestAnEndWithEveryStart:
    @pytest.fixture(autouse=True)
    def wants_both_ends(self, api: EventsServer, describe: Describe) -> None:
        api.wants_both_ends = True
        describe(f'{BOTH_ENDS}, "end_value": NOW')
        api.add(days_ago(0.5))

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
