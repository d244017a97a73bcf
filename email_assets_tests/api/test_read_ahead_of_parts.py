"""Lists below a ceiling, windows and their halves, and lists that may stop early."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from email_assets.api.window import Window
from email_assets_tests.api.conftest import OpenListing, Serve, ids, read
from email_assets_tests.api.long_list_fixtures import VENDOR
from email_assets_tests.api.pending import Rows, numbered, offset_of, together
from email_assets_tests.api.read_ahead_fixtures import SETTING
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

pytestmark = pytest.mark.slow

__all__ = ["use_vendor"]


WITH_A_CEILING = VENDOR % (
    """"endpoint": {
                "path": "/v1/messages",
                "paginator": {"type": "offset", "limit": 10, "maximum_offset": 100},
                "incremental": {
                    "cursor_path": "sent_at", "start_param": "since", "end_param": "until"
                },
            },"""
)


@pytest.fixture
def in_time() -> Rows:
    """Seven hundred messages of as many hours, the newest first."""
    noon = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
    times = [(noon - timedelta(hours=hours)).isoformat() for hours in range(700)]
    return [{"id": number, "sent_at": at} for number, at in enumerate(times)]


def window_of(rows: Rows) -> Window:
    return Window(*(datetime.fromisoformat(rows[end]["sent_at"]) for end in (-1, 0)))


def test_a_list_below_a_ceiling_is_read_ahead_and_never_beyond_the_ceiling(
    serve: Serve, listing_of: OpenListing, use_vendor: UseVendor
) -> None:
    use_vendor(WITH_A_CEILING)
    server = serve(numbered(99))
    pages = list(range(0, 98, 9))
    server.may_go = together(server, 8, pages)
    assert ids(read(listing_of("messages"))) == list(range(99))
    assert sorted(server.offsets) == pages
    assert all(offset_of(asked) + int(asked.query["limit"]) <= 100 for asked in server.requests)


def test_a_window_that_is_split_takes_the_same_requests_and_gives_the_same_rows(
    serve: Serve,
    listing_of: OpenListing,
    use_vendor: UseVendor,
    monkeypatch: pytest.MonkeyPatch,
    in_time: Rows,
) -> None:
    use_vendor(WITH_A_CEILING)
    found = []
    for setting in ("1", "8"):
        monkeypatch.setenv(SETTING, setting)
        server = serve(in_time)
        listing = listing_of("messages")
        listing.paginator.window = window_of(in_time)
        rows = ids(read(listing))
        asked = Counter(repr(sorted(asked.query.items())) for asked in server.requests)
        assert {*rows} == set(range(700))
        found.append((rows, asked))
    assert found[0][0] == found[1][0]
    assert found[0][1] == found[1][1]


def test_both_halves_of_a_window_are_asked_for_at_once(
    serve: Serve, listing_of: OpenListing, use_vendor: UseVendor, in_time: Rows
) -> None:
    use_vendor(WITH_A_CEILING)
    server = serve(in_time)
    server.may_go = lambda _: len(server.answered) != 1 or len(server.pending) == 2
    listing = listing_of("messages")
    listing.paginator.window = window_of(in_time)
    assert {*ids(read(listing))} == set(range(700))
    assert server.at_once[:2] == [1, 2]


def test_a_list_that_may_stop_early_is_read_one_by_one(
    serve: Serve,
    listing_of: OpenListing,
    monkeypatch: pytest.MonkeyPatch,
    in_time: Rows,
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "sent_at")
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__ROW_ORDER", "desc")
    server = serve(in_time)
    server.lingers = True
    listing = listing_of("messages")
    listing.paginator.window = Window(datetime.fromisoformat(in_time[250]["sent_at"]))
    assert {*ids(read(listing))} >= set(range(250))
    assert (server.offsets, server.most_at_once) == ([0, 99, 198, 297], 1)
