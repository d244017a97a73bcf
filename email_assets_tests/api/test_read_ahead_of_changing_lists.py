"""Lists that change while pages are in flight, or go on otherwise, are read whole."""

from __future__ import annotations

import random

import pytest

from email_assets.api.read_ahead import FIRST_IN_VAIN, SHARE_IN_VAIN
from email_assets_tests.api.conftest import OpenListing, Serve, ids, read
from email_assets_tests.api.long_list_fixtures import LONG
from email_assets_tests.api.pending import PendingServer, all_at_once, numbered, offset_of
from email_assets_tests.api.read_ahead_fixtures import SETTING
from email_assets_tests.vendors.serving import Answer, Asked

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("order", ["last to first", "first to last"])
def test_pages_answered_in_any_order_while_the_list_shifts_lose_no_row(
    serve: Serve, listing_of: OpenListing, order: str
) -> None:
    """With every answer, a row arrives at the head and another one goes: the total stays."""
    server = serve(numbered(LONG))
    end = -1 if order == "last to first" else 0
    server.may_go = all_at_once(server, 8, lambda pending: sorted(pending, key=offset_of)[end])
    stayed, new = set(range(LONG)), iter(range(LONG, 2 * LONG))

    def shift(asked: Asked) -> Answer:
        found = server.page(asked)
        if server.answered:
            gone = server.rows.pop(len(server.rows) // 2)
            server.rows.insert(0, {"id": next(new)})
            stayed.discard(gone["id"])
        return found

    server.reply = shift
    assert {*ids(read(listing_of("messages")))} >= stayed
    assert len(stayed) > LONG / 2
    assert max(server.at_once) >= 8


@pytest.mark.parametrize("seed", range(8))
def test_every_row_that_stays_is_read_whatever_comes_and_goes_between_pages_in_flight(
    serve: Serve, listing_of: OpenListing, seed: int
) -> None:
    chance = random.Random(seed)
    count = chance.choice([60, 150, 400, 800])
    server, unused = serve(numbered(count)), count
    server.cap = chance.choice([10, 20, 50])
    stayed = set(range(count))
    often, much = chance.choice([0.1, 0.3, 0.6]), chance.choice([1, 3, 10])
    server.may_go = all_at_once(
        server,
        8 if count > 400 else 1,
        lambda pending: min(pending, key=lambda one: random.Random(offset_of(one) + seed).random()),
    )

    def change(asked: Asked) -> Answer:
        nonlocal unused
        found = server.page(asked)
        for _ in range(chance.randint(1, much) if chance.random() < often else 0):
            if server.rows and chance.random() < 0.5:
                at = chance.choice([0, chance.randrange(len(server.rows))])
                stayed.discard(server.rows.pop(at)["id"])
            else:
                server.rows.insert(0, {"id": unused})
                unused += 1
        return found

    server.reply = change
    assert {*ids(read(listing_of("messages")))} >= stayed


@pytest.mark.parametrize("arrived", [98, 99, 100])
def test_as_many_new_rows_as_a_page_goes_on_by_are_no_repetition(
    serve: Serve, listing_of: OpenListing, arrived: int
) -> None:
    """The page after them has just the rows of the page before."""
    server = serve(numbered(LONG))

    def arrive(asked: Asked) -> Answer:
        if offset_of(asked) == 891 and server.rows[0]["id"] == 0:
            server.rows[:0] = [{"id": LONG + number} for number in range(arrived)]
        return server.page(asked)

    server.reply = arrive
    # the two pages with equal rows are answered one after the other
    server.may_go = lambda asked: offset_of(asked) != 891 or 792 in map(offset_of, server.answered)
    assert {*ids(read(listing_of("messages")))} >= set(range(LONG))


@pytest.mark.parametrize("seed", range(2))
def test_a_list_that_goes_on_otherwise_is_read_whole_with_few_requests_in_vain(
    serve: Serve, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Its pages have any length, so that none but the next is where it is expected."""
    made = []
    for setting in ("1", "8"):
        monkeypatch.setenv(SETTING, setting)
        server = serve(numbered(LONG))

        def uneven(asked: Asked, server: PendingServer = server) -> Answer:
            server.cap = random.Random(seed * LONG + offset_of(asked)).randint(20, 100)
            return server.page(asked)

        server.reply = uneven
        assert {*ids(read(listing_of("messages")))} == set(range(LONG))
        made.append(len(server.requests))
    without, ahead = made
    assert without < ahead <= without + 8 * FIRST_IN_VAIN + without // SHARE_IN_VAIN


def test_an_api_that_knows_only_whole_pages_is_read_page_by_page(
    serve: Serve, listing_of: OpenListing
) -> None:
    server = serve(numbered(1234))

    def rounded(asked: Asked) -> Answer:
        first = offset_of(asked) // 100 * 100
        return Answer(200, {"data": server.rows[first : first + 100], "total": 1234})

    server.reply = rounded
    assert set(ids(read(listing_of("messages")))) == set(range(1234))
    whole = [offset for offset in server.offsets if offset % 100 == 0]
    assert set(whole) == set(range(0, 1234, 100))
    # the second page came for 198, before it was known that there is no page for that
    assert len(whole) == 2 * 13 - 2, "after each page, the one before is looked at again"
