"""Pages by number are read ahead, and those by link and by cursor one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from email_assets_tests.api.conftest import OpenListing, Serve, ids, read
from email_assets_tests.api.long_list_fixtures import LONG, VENDOR
from email_assets_tests.api.pending import PendingServer, numbered, together
from email_assets_tests.vendors.serving import Answer, Asked
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

__all__ = ["use_vendor"]


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
