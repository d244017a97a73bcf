"""Digests tell a row from every other one, and know what they were given."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from email_assets.api.answer import parse
from email_assets.sync.digests import (
    BYTES,
    Digests,
    digest_in,
    digest_of,
    dlt_id_of,
    items_in,
    stamp_of,
)

LOWEST, HIGHEST = 0, 2 ** (8 * BYTES) - 1


# What they contain


def test_they_contain_what_they_were_given_and_nothing_else() -> None:
    digests = Digests((7, 3, 5))
    assert [number for number in range(10) if number in digests] == [3, 5, 7]


@pytest.mark.parametrize("digest", [LOWEST, HIGHEST], ids=["0", "2**64 - 1"])
def test_the_ends_of_64_bits_are_contained_once_they_are_given(digest: int) -> None:
    assert digest in Digests([digest, 5])


@pytest.mark.parametrize("digest", [LOWEST, HIGHEST], ids=["0", "2**64 - 1"])
def test_the_ends_of_64_bits_are_not_contained_by_themselves(digest: int) -> None:
    assert digest not in Digests([5])


def test_one_that_was_given_twice_is_not_contained_so_that_its_copies_become_one() -> None:
    digests = Digests([5, 7, 5])
    assert [number in digests for number in (5, 6, 7)] == [False, False, True]


def test_nothing_is_contained_in_none() -> None:
    assert [digest for digest in (LOWEST, 5, HIGHEST) if digest in Digests()] == []


def test_none_are_false() -> None:
    assert not Digests()


@pytest.mark.parametrize("digest", [LOWEST, 5])
def test_some_are_true(digest: int) -> None:
    assert Digests([digest])


def test_a_digest_is_found_among_many() -> None:
    digests = Digests(digest_of({"id": number}) for number in range(2_000))
    assert [digest_of({"id": number}) in digests for number in range(4_000)] == (
        [True] * 2_000 + [False] * 2_000
    )


# What a digest tells apart

ROW = {"id": 1, "name": "ann", "at": {"city": "x", "geo": [1, 2]}, "tag": None}


def test_a_digest_is_found_again_in_the_id_that_ends_with_it() -> None:
    found = [digest_in(dlt_id_of(digest, "0" * 16, 7)) for digest in (LOWEST, 5, HIGHEST)]
    assert found == [LOWEST, 5, HIGHEST]


@pytest.mark.parametrize(
    "dlt_id", [None, "", "ab" * 19, "xy" * 20, " ab" * 13 + " ", "Ab1cdEf2GhIJkL"]
)
def test_no_digest_is_in_an_id_that_has_none(dlt_id: str | None) -> None:
    assert digest_in(dlt_id) is None


@pytest.mark.parametrize("apart", [timedelta(microseconds=1), timedelta(days=36_500)])
def test_the_ids_of_a_later_sync_are_greater(apart: timedelta) -> None:
    began = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)
    assert dlt_id_of(5, stamp_of(began), 7) < dlt_id_of(5, stamp_of(began + apart), 0)


def test_the_digest_of_a_row_is_the_same_in_every_release() -> None:
    """Or else the first sync of a release would load every table anew."""
    assert digest_of(ROW) == 0x7D1A2FD3EA78AF50


@pytest.mark.parametrize(
    "other",
    [
        {"tag": None, "at": {"city": "x", "geo": [1, 2]}, "name": "ann", "id": 1},
        {"id": 1, "name": "ann", "at": {"geo": [1, 2], "city": "x"}, "tag": None},
    ],
    ids=["of the row", "of an object in it"],
)
def test_the_order_of_fields_does_not_matter(other: dict[str, Any]) -> None:
    assert digest_of(other) == digest_of(ROW)


def test_it_does_not_either_beside_a_number_beyond_64_bits() -> None:
    assert digest_of({"id": 1, "size": 2**70}) == digest_of({"size": 2**70, "id": 1})


ALL_DIFFERENT: dict[str, Any] = {
    "missing": {},
    "null": {"x": None},
    "an empty text": {"x": ""},
    "a blank": {"x": " "},
    "0": {"x": 0},
    "-0.0": {"x": -0.0},
    "0.0": {"x": 0.0},
    "1": {"x": 1},
    "1.0": {"x": 1.0},
    "text of 1": {"x": "1"},
    "text of 1.0": {"x": "1.0"},
    "true": {"x": True},
    "text of true": {"x": "true"},
    "false": {"x": False},
    "text of null": {"x": "null"},
    "2**53": {"x": 2**53},
    "2**53 + 1": {"x": 2**53 + 1},
    "2.0**53": {"x": 2.0**53},
    "2**63 - 1": {"x": 2**63 - 1},
    "-2**63": {"x": -(2**63)},
    "0.1": {"x": 0.1},
    "0.1 and a little": {"x": 0.1 + 2**-56},
    "an empty list": {"x": []},
    "a list of null": {"x": [None]},
    "a list": {"x": [1, 2]},
    "a list in another order": {"x": [2, 1]},
    "a list in a list": {"x": [[1, 2]]},
    "a list in two": {"x": [[1], [2]]},
    "an empty object": {"x": {}},
    "an object": {"x": {"y": 1}},
    "a dotted name": {"x.y": 1},
    "upper case": {"X": 1},
    "a quote": {"x": '"'},
    "a composed letter": {"x": "\u00e9"},
    "a letter and its accent": {"x": "e\u0301"},
    "a nul character": {"x": "\x00"},
    "another field": {"y": 1},
}


@pytest.mark.parametrize("name", ALL_DIFFERENT)
def test_a_row_that_differs_has_another_digest(name: str) -> None:
    digest = digest_of(ALL_DIFFERENT[name])
    assert [other for other, row in ALL_DIFFERENT.items() if digest_of(row) == digest] == [name]


@pytest.mark.parametrize("number", [b"1e400", b"-1e400"])
def test_a_number_beyond_a_double_is_not_taken_for_null(number: bytes) -> None:
    """JSON may hold such a number, and Python makes an infinite one of it."""
    assert digest_of(parse(b'{"x": %b}' % number)) != digest_of({"x": None})


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1, 10**30])
def test_a_number_beyond_64_bits_has_a_digest(value: int) -> None:
    """Such as a key that is refused by a sentence only once its row has a digest."""
    assert digest_of({"id": value}) != digest_of({"id": value + 1})


# What stands in tables of its own


@pytest.mark.parametrize(
    ("row", "items"),
    [
        ({"id": 1, "name": "ab"}, 0),
        ({"tags": []}, 0),
        ({"tags": [1, 2, 3]}, 3),
        ({"tags": [1, 2], "names": ["x"]}, 3),
        ({"lists": [[1, 2], [3]]}, 5),
        ({"tags": [1], "at": {"geo": [1, 2], "city": {"names": ["x"]}}}, 4),
        ({"opens": [{"parts": [1, 2]}, {"parts": []}], "tags": [1]}, 5),
    ],
)
def test_the_items_of_all_lists_count(row: dict[str, Any], items: int) -> None:
    assert items_in(row.values()) == items
