"""Owners of which some cannot be read: what is known of them, and what people are told."""

from __future__ import annotations

import pytest

from email_assets.api.owner import Owner
from email_assets.errors import ApiUnavailableError, RefusedError
from email_assets.sync.owners import Owners

REFUSED = RefusedError("messages: the API refused.", "403 Forbidden")
AWAY = ApiUnavailableError("messages: the API did not answer.", "no answer")


def stream(name: str) -> Owner:
    server, _, own = name.partition("/")
    return Owner(name, {"server": server, "stream": own}, f"streams {name}")


@pytest.fixture
def owners() -> Owners:
    """A stream that can be read, and two servers whose streams cannot be listed."""
    servers = [Owner(name, {"server": name}, f"servers {name}") for name in ("2", "3")]
    return Owners(
        {"1/news": stream("1/news"), **{server.name: server for server in servers}},
        refused={"2": REFUSED, "3": AWAY},
        stand_ins={"2", "3"},
    )


def test_those_that_can_be_read_are_the_others(owners: Owners) -> None:
    assert [owner.name for owner in owners.readable] == ["1/news"]


def test_each_that_was_known_gets_the_place_of_what_stands_for_it(owners: Owners) -> None:
    owners.recall(name for name in ("1/news", "2/news", "2/sale", "20/news", "33/2/news"))

    assert list(owners.all) == ["1/news", "3", "2/news", "2/sale"]
    assert owners.refused == {"3": AWAY, "2/news": REFUSED, "2/sale": REFUSED}
    assert owners.stand_ins == {"3"}
    assert [owner.name for owner in owners.all.values()] == list(owners.all)
    assert owners.titles(owners.refused, by_the_api=True) == {"servers 2": "403 Forbidden"}


def test_those_of_several_are_recalled_at_once(owners: Owners) -> None:
    owners.recall(["3/news", "2/news"])

    assert owners.refused == {"2/news": REFUSED, "3/news": AWAY}
    assert owners.stand_ins == set()


def test_people_are_told_of_each_with_the_reason(owners: Owners) -> None:
    assert list(owners.sentences_on(owners.refused)) == [
        "the API refused the rows of servers 2 (403 Forbidden)",
        "the API failed to give the rows of servers 3 (no answer)",
    ]
    assert owners.titles(owners.refused, by_the_api=False) == {"servers 3": "no answer"}
