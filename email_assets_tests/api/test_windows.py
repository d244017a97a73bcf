"""A stretch of time of a list: how it is asked for, split, and read from its newest end."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from email_assets.api.window import Filter, Window
from email_assets.errors import ApiError
from email_assets.sandbox import Fault, Sandbox
from email_assets.sync.listing import Listing
from email_assets_tests.api.conftest import OpenListing, ids, listing_of, offsets, read, said
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

__all__ = ["listing_of", "said", "use_vendor"]

NOON = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
EASTERN = ZoneInfo("America/New_York")

CEILING = 100
VENDOR_WITH_A_CEILING = f"""
from email_assets.vendors import Secret
VENDOR = {{
    "client": {{
        "base_url": "http://127.0.0.1:8025",
        "auth": {{
            "type": "api_key", "name": "api_key", "api_key": Secret("api_key"), "location": "query"
        }},
    }},
    "resource_defaults": {{"primary_key": "id", "write_disposition": "merge"}},
    "resources": [
        {{
            "name": "messages",
            "kind": "event",
            "description": "A message.",
            "endpoint": {{
                "path": "/v1/messages",
                "data_selector": "data",
                "paginator": {{"type": "offset", "limit": 40, "maximum_offset": {CEILING}}},
                "incremental": {{
                    "cursor_path": "sent_at", "start_param": "since", "end_param": "until"
                }},
            }},
        }}
    ],
}}
"""


def write_iso(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def write_eastern(instant: datetime) -> str:
    return instant.astimezone(EASTERN).strftime("%Y-%m-%dT%H:%M:%S")


def message(number: int, at: datetime) -> dict[str, Any]:
    return {"id": f"m{number}", "sent_at": at.isoformat()}


class TestAsking:
    def test_an_open_window_is_not_asked_for(self) -> None:
        assert Filter("since", "until", write_iso).parameters(Window()) == {}

    def test_the_end_is_asked_for_with_the_second_that_writing_cuts_off(self) -> None:
        window = Window(NOON, NOON + timedelta(milliseconds=500))
        assert Filter("since", "until", write_iso).parameters(window) == {
            "since": "2026-01-31T12:00:00Z",
            "until": "2026-01-31T12:00:01Z",
        }

    def test_an_api_without_an_end_is_asked_for_the_start_alone(self) -> None:
        window = Window(NOON, NOON + HOUR)
        assert Filter("since", None, write_iso).parameters(window) == {
            "since": "2026-01-31T12:00:00Z"
        }

    @pytest.mark.parametrize(
        ("form", "since", "until"),
        [
            ("%Y-%m-%d", "2026-01-31", "2026-02-01"),
            ("%Y-%m-%d %H", "2026-01-31 12", "2026-01-31 13"),
            ("%Y-%m-%dT%H:%M", "2026-01-31T12:00", "2026-01-31T13:00"),
        ],
    )
    def test_a_filter_coarser_than_a_second_gets_more_and_never_less(
        self, form: str, since: str, until: str
    ) -> None:
        window = Window(NOON, NOON + timedelta(seconds=10))
        asked = Filter("since", "until", lambda at: at.strftime(form)).parameters(window)
        assert asked == {"since": since, "until": until}

    @pytest.mark.parametrize("day", [datetime(2026, 3, 8), datetime(2026, 11, 1)])
    def test_both_clock_changes_of_us_eastern_lose_no_instant(self, day: datetime) -> None:
        """An API that reads wall time may take an hour that comes twice for either of the two."""
        begin = day.replace(tzinfo=timezone.utc)
        for minutes in range(0, 24 * 60, 10):
            start = begin + timedelta(minutes=minutes)
            for width in (timedelta(0), timedelta(minutes=25), 3 * HOUR):
                window = Window(start, start + width)
                asked = Filter("from", "to", write_eastern).parameters(window)
                for fold_start in (0, 1):
                    for fold_end in (0, 1):
                        understood = [
                            datetime.fromisoformat(asked[name])
                            .replace(tzinfo=EASTERN, fold=fold)
                            .astimezone(timezone.utc)
                            for name, fold in (("from", fold_start), ("to", fold_end))
                        ]
                        assert understood[0] <= start
                        assert understood[1] >= start + width


class TestSplitting:
    @pytest.fixture
    def listing(
        self, api: Sandbox, use_vendor: UseVendor, listing_of: OpenListing
    ) -> Callable[[], Listing]:
        """Opens the messages of a vendor that gives a hundred rows of a list and no more."""
        use_vendor(VENDOR_WITH_A_CEILING)
        return lambda: listing_of("messages")

    def test_a_list_below_the_ceiling_is_read_as_it_is(
        self, api: Sandbox, listing: Callable[[], Listing]
    ) -> None:
        api.delete_head("messages", 151)
        opened = listing()
        assert ids(read(opened)) == ids(api.rows("messages"))
        assert offsets(api) == [0, 39, 78]
        assert [request.since for request in api.requests] == [None] * 3

    def test_a_list_beyond_the_ceiling_is_read_in_parts_that_fit(
        self, api: Sandbox, listing: Callable[[], Listing]
    ) -> None:
        opened = listing()
        assert {*ids(read(opened))} == {*ids(api.rows("messages"))}
        assert (opened.paginator.reached, opened.paginator.total) == (250, 250)
        assert all((r.offset or 0) + (r.limit or 0) <= CEILING for r in api.requests)

    def test_only_rows_at_a_border_come_twice(
        self, api: Sandbox, listing: Callable[[], Listing]
    ) -> None:
        times = Counter(ids(read(listing())))
        assert [key for key, count in times.items() if count > 2] == []
        # parts overlap by a second, and messages are hours apart
        assert sum(times.values()) == 250

    def test_parts_follow_each_other_without_a_gap(
        self, api: Sandbox, listing: Callable[[], Listing]
    ) -> None:
        read(listing())
        asked = sorted(
            {(r.since, r.until) for r in api.requests if r.since or r.until},
            key=lambda ends: ends[1] or datetime.max.replace(tzinfo=timezone.utc),
        )
        assert len(asked) > 1, "nothing was split"
        for end in [until for _, until in asked if until]:
            assert any(since and since <= end for since, _ in asked)

    def test_rows_with_equal_times_at_a_border_are_not_lost(
        self, api: Sandbox, listing: Callable[[], Listing]
    ) -> None:
        """The window is halved exactly where thirty rows stand."""
        opened = listing()
        window = Window(NOON, NOON + 2 * HOUR)
        middle = NOON + HOUR
        rows = [
            *[message(n, middle + timedelta(minutes=30)) for n in range(60)],
            *[message(n, middle) for n in range(60, 90)],
            *[message(n, middle - timedelta(minutes=30)) for n in range(90, 150)],
        ]
        api.replace("messages", rows)
        opened.paginator.window = window
        assert {*ids(read(opened))} == {*ids(rows)}
        assert (opened.paginator.reached, opened.paginator.total) == (150, 150)

    def test_a_second_that_holds_too_much_is_an_error_that_names_it(
        self, api: Sandbox, listing: Callable[[], Listing]
    ) -> None:
        opened = listing()
        api.replace("messages", [message(n, NOON) for n in range(CEILING + 1)])
        with pytest.raises(ApiError) as caught:
            read(opened)
        sentence = str(caught.value)
        assert sentence.startswith("messages: the API has 101 rows for the time 2026-01-31T1")
        assert sentence.endswith(
            " and gives 100 of them at the most. Nothing of this run was loaded."
        )
        assert len(api.requests) < 100

    @pytest.mark.parametrize("micro", [0, 1, 499_999, 500_000, 999_999])
    def test_splitting_ends_wherever_in_a_second_a_window_ends(
        self, micro: int, api: Sandbox, listing: Callable[[], Listing]
    ) -> None:
        for width in (0, 1, 2, 3, 60):
            opened = listing()
            api.reset_counts()
            end = NOON + timedelta(seconds=width, microseconds=micro)
            api.replace("messages", [message(n, end) for n in range(CEILING + 1)])
            opened.paginator.window = Window(NOON, end)
            with pytest.raises(ApiError, match="gives 100 of them at the most"):
                read(opened)
            assert len(api.requests) < 15

    def test_a_window_that_begins_in_the_future_is_not_split_for_ever(
        self, api: Sandbox, listing: Callable[[], Listing]
    ) -> None:
        opened = listing()
        api.replace(
            "messages", [message(n, datetime(2999, 1, 1, tzinfo=timezone.utc)) for n in range(101)]
        )
        opened.paginator.window = Window(datetime(2998, 1, 1, tzinfo=timezone.utc))
        with pytest.raises(ApiError, match="gives 100 of them at the most"):
            read(opened)

    def test_without_a_total_a_part_that_may_hold_more_is_split_too(
        self, api: Sandbox, listing: Callable[[], Listing]
    ) -> None:
        api.set_faults("messages", Fault("no_total"))
        opened = listing()
        assert {*ids(read(opened))} == {*ids(api.rows("messages"))}
        assert opened.paginator.total is None

    def test_a_backfill_is_split_within_its_ends(
        self, api: Sandbox, listing: Callable[[], Listing]
    ) -> None:
        rows = api.rows("messages")
        newest, oldest = rows[20], rows[220]
        opened = listing()
        ends = [
            datetime.fromisoformat(r["sent_at"].replace("Z", "+00:00")) for r in (oldest, newest)
        ]
        opened.paginator.window = Window(*ends)
        assert {*ids(read(opened))} == {*ids(rows[20:221])}
        assert (opened.paginator.reached, opened.paginator.total) == (201, 201)
        assert all(r.since and r.since >= ends[0].replace(microsecond=0) for r in api.requests)
        assert all(r.until and r.until <= ends[1] + SECOND for r in api.requests)


class TestStoppingEarly:
    @pytest.fixture
    def listing(
        self, api: Sandbox, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch
    ) -> Listing:
        """The messages, of which the newest 150 are to be read."""
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "sent_at")
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__ROW_ORDER", "desc")
        opened = listing_of("messages")
        start = datetime.fromisoformat(api.rows("messages")[149]["sent_at"].replace("Z", "+00:00"))
        opened.paginator.window = Window(start)
        return opened

    def test_the_first_page_that_is_older_as_a_whole_is_the_last(
        self, api: Sandbox, listing: Listing
    ) -> None:
        api.insert_head("messages", 100)
        start = datetime.fromisoformat(api.rows("messages")[150]["sent_at"].replace("Z", "+00:00"))
        listing.paginator.window = Window(start)
        assert ids(read(listing)) == ids(api.rows("messages")[:298])
        assert offsets(api) == [0, 99, 198]
        assert listing.paginator.stopped_early
        assert (listing.paginator.reached, listing.paginator.total) == (298, 350)

    def test_a_list_that_ends_before_is_read_to_its_end(
        self, api: Sandbox, listing: Listing
    ) -> None:
        listing.paginator.window = Window(datetime(2020, 1, 1, tzinfo=timezone.utc))
        assert ids(read(listing)) == ids(api.rows("messages"))
        assert not listing.paginator.stopped_early

    def test_rows_that_vanish_at_the_head_hide_none_from_a_list_that_stops_early(
        self, api: Sandbox, listing: Listing
    ) -> None:
        """The page after them reaches back, and the seven rows before it were not read yet."""
        before = api.rows("messages")
        api.set_faults("messages", Fault("delete_head", rows=7, times=1))
        assert {*ids(read(listing))} >= {*ids(before[:150])}

    def test_rows_without_a_time_stop_nothing(self, api: Sandbox, listing: Listing) -> None:
        rows = [{**row, "sent_at": None} for row in api.rows("messages")]
        api.replace("messages", rows)
        assert len(read(listing)) == 250

    def test_a_list_in_another_order_is_read_to_its_end(
        self, api: Sandbox, listing: Listing
    ) -> None:
        api.replace("messages", api.rows("messages")[::-1])
        assert len(read(listing)) == 250
