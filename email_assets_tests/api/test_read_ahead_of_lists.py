"""Lists that are read side by side, and other kinds of pages: by number, by link and by cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from email_assets.api.window import Window
from email_assets_tests.api.conftest import OpenListing, Serve, ids, read
from email_assets_tests.api.pending import (
    PendingServer,
    Rows,
    numbered,
    offset_of,
    place_of,
    together,
)
from email_assets_tests.api.read_ahead_fixtures import SETTING
from email_assets_tests.vendors.serving import Answer, Asked
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

__all__ = ["use_vendor"]

LONG = 2345
"""Rows of a list that is read ahead."""

# Several lists, and parts of one


VENDOR = """
from email_assets.vendors import Secret
VENDOR = {
    "client": {
        "base_url": "http://127.0.0.1:8025",
        "auth": {
            "type": "api_key", "name": "api_key", "api_key": Secret("api_key"), "location": "query"
        },
    },
    "resource_defaults": {
        "primary_key": "id",
        "write_disposition": "merge",
        "endpoint": {"data_selector": "data", "paginator": {"type": "offset", "limit": 100}},
    },
    "resources": [
        {
            "name": "messages",
            "kind": "event",
            "description": "A message.",
            %s
        },
        {
            "name": "domains",
            "kind": "inventory",
            "description": "A domain.",
            "endpoint": {"path": "/v1/domains"},
        },
    ],
}
"""
OF_EACH_DOMAIN = VENDOR % (
    """"for_each": {"resource": "domains", "id": "id", "label": "domain"},
            "primary_key": ["domain", "id"],
            "endpoint": {"path": "/v1/{domain}/messages"},"""
)
WITH_A_CEILING = VENDOR % (
    """"endpoint": {
                "path": "/v1/messages",
                "paginator": {"type": "offset", "limit": 10, "maximum_offset": 100},
                "incremental": {
                    "cursor_path": "sent_at", "start_param": "since", "end_param": "until"
                },
            },"""
)
BY_PAGE_NUMBER = VENDOR % (
    """"speculate": %s,
            "endpoint": {
                "path": "/v1/messages",
                "paginator": {"type": "page_number", "base_page": %d, "total_path": "pages"},
            },"""
)
BY_LINK = VENDOR % (
    """"endpoint": {
                "path": "/v1/messages",
                "paginator": {"type": "json_link", "next_url_path": "next"},
            },"""
)
BY_CURSOR = VENDOR % (
    """"endpoint": {
                "path": "/v1/messages",
                "paginator": {
                    "type": "cursor", "cursor_path": "next", "cursor_param": "cursor"
                },
            },"""
)


def domains(server: PendingServer, count: int, rows: int) -> list[tuple[str, int]]:
    """Gives a server so many domains with lists of so many rows: all places, in order."""
    server.lists = {"/v1/domains": numbered(count)}
    places = []
    for number in range(count):
        server.lists[f"/v1/{number}/messages"] = numbered(rows)
        places += [(f"/v1/{number}/messages", at) for at in range(0, max(rows - 1, 1), 99)]
    return places


def test_short_lists_of_several_owners_are_read_side_by_side(
    serve: Serve, listing_of: OpenListing, use_vendor: UseVendor
) -> None:
    use_vendor(OF_EACH_DOMAIN)
    server = serve()
    places = [("/v1/domains", 0), *domains(server, 20, 30)]
    # the first answer of a list is the first that could give a total
    server.may_go = together(server, [1, *[8] * 19], places, place_of)
    rows = read(listing_of("messages"))
    assert [(row["domain"], row["id"]) for row in rows] == [
        (domain, number) for domain in range(20) for number in range(30)
    ]
    assert server.at_once == [1, 1, *[8] * 12, 7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize("rows", [30, 150, LONG])
def test_each_page_of_several_owners_is_asked_for_once(
    serve: Serve, listing_of: OpenListing, use_vendor: UseVendor, rows: int
) -> None:
    use_vendor(OF_EACH_DOMAIN)
    server = serve()
    places = domains(server, 4, rows)
    assert len(read(listing_of("messages"))) == 4 * rows
    asked = Counter(map(place_of, server.requests)) - Counter([("/v1/domains", 0)])
    assert asked == Counter(places)


def test_long_lists_of_several_owners_are_read_ahead_up_to_the_last(
    serve: Serve, listing_of: OpenListing, use_vendor: UseVendor
) -> None:
    use_vendor(OF_EACH_DOMAIN)
    server = serve()
    last = [place for place in domains(server, 12, 1200) if place[0] == "/v1/11/messages"]

    def may_go(asked: Asked) -> bool:
        """Holds the pages of the last list, but its first, until eight or all that are left are."""
        left = [place for place in last if place not in map(place_of, server.answered)]
        if place_of(asked) not in last[1:]:
            return True
        return place_of(asked) == left[0] and len(server.pending) == min(8, len(left))

    server.may_go = may_go
    assert len(read(listing_of("messages"))) == 12 * 1200


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


# Lists by page number, by link and by cursor


def numbered_page(server: PendingServer, base: int) -> Callable[[Asked], Answer]:
    def page(asked: Asked) -> Answer:
        first = (int(asked.query["page"]) - base) * 100
        rows = server.rows[first : first + 100]
        return Answer(200, {"data": rows, "pages": -(-len(server.rows) // 100)})

    return page


def page_of(asked: Asked) -> int:
    return int(asked.query["page"])


@pytest.mark.parametrize("base", [0, 1])
@pytest.mark.parametrize("count", [1, 101, LONG])
def test_numbered_pages_with_a_total_are_read_ahead_each_of_them_once(
    serve: Serve, listing_of: OpenListing, use_vendor: UseVendor, base: int, count: int
) -> None:
    use_vendor(BY_PAGE_NUMBER % (True, base))
    server = serve(numbered(count))
    server.reply = numbered_page(server, base)
    numbers = list(range(base, base + -(-count // 100)))
    server.may_go = together(server, 8, numbers, page_of)
    assert ids(read(listing_of("messages"))) == list(range(count))
    assert sorted(map(page_of, server.requests)) == numbers


def test_after_each_numbered_page_the_one_before_is_looked_at_again(
    serve: Serve, listing_of: OpenListing, use_vendor: UseVendor
) -> None:
    use_vendor(BY_PAGE_NUMBER % (False, 1))
    server = serve(numbered(1000))
    server.lingers = True
    server.reply = numbered_page(server, 1)
    assert ids(read(listing_of("messages"))) == list(range(1000))
    assert list(map(page_of, server.requests))[:5] == [1, 2, 1, 3, 2]
    assert (len(server.requests), server.most_at_once) == (11 + 10, 1)


@pytest.mark.parametrize(("vendor", "parameter"), [(BY_LINK, "page"), (BY_CURSOR, "cursor")])
def test_pages_that_only_the_one_before_knows_are_read_one_by_one(
    serve: Serve, listing_of: OpenListing, use_vendor: UseVendor, vendor: str, parameter: str
) -> None:
    use_vendor(vendor)
    server = serve(numbered(1000))
    server.lingers = True

    def linked(asked: Asked) -> Answer:
        first = int(asked.query.get(parameter, 0))
        on = str(first + 100) if first < 900 else None
        link = f"{server.base_url}/v1/messages?page={on}" if on and parameter == "page" else on
        body: dict[str, Any] = {"data": server.rows[first : first + 100], "total": 1000}
        return Answer(200, {**body, "next": link})

    server.reply = linked
    assert ids(read(listing_of("messages"))) == list(range(1000))
    assert (len(server.requests), server.most_at_once) == (10, 1)
