"""Lists of several owners are read side by side."""

from __future__ import annotations

from collections import Counter

import pytest

from email_assets_tests.api.conftest import OpenListing, Serve, read
from email_assets_tests.api.long_list_fixtures import LONG, VENDOR
from email_assets_tests.api.pending import PendingServer, numbered, place_of, together
from email_assets_tests.vendors.serving import Asked
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

pytestmark = pytest.mark.slow

__all__ = ["use_vendor"]


OF_EACH_DOMAIN = VENDOR % (
    """"for_each": {"resource": "domains", "id": "id", "label": "domain"},
            "primary_key": ["domain", "id"],
            "endpoint": {"path": "/v1/{domain}/messages"},"""
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
