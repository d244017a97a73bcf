"""A stretch of time that holds more rows than the API gives is read in parts."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from email_assets.api.window import Window
from email_assets.errors import ApiError
from email_assets.sandbox import Fault, Sandbox
from email_assets.sync.listing import Listing
from email_assets_tests.api.conftest import OpenListing, ids, offsets, read
from email_assets_tests.api.window_fixtures import HOUR, NOON
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

__all__ = ["use_vendor"]


SECOND = timedelta(seconds=1)

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


def message(number: int, at: datetime) -> dict[str, Any]:
    return {"id": f"m{number}", "sent_at": at.isoformat()}


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

    @pytest.mark.slow
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
