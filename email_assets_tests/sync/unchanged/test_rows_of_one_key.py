"""The last of several rows with one key stays."""

from __future__ import annotations

import itertools

import pytest

from email_assets.sandbox import Sandbox
from email_assets_tests.sync.unchanged.loading import load, load_rows, put
from email_assets_tests.warehouses import Query, Row, items, table

pytestmark = pytest.mark.slow

A, B = ({"n": name, "to": [{"of": name}, {"of": name * 2}]} for name in "AB")
VERSIONS: dict[str, Row] = {"A": A, "B": B}


@pytest.mark.parametrize(
    ("answer", "loaded", "unchanged"),
    [
        ("A", 0, 1),
        ("B", 1, 0),
        ("AA", 0, 2),
        ("AB", 1, 1),
        ("BA", 2, 0),
        ("BB", 2, 0),
    ],
)
def test_of_a_key_whose_row_is_a_those_are_loaded_that_come_from_the_first_change_on(
    api: Sandbox, query: Query, answer: str, loaded: int, unchanged: int
) -> None:
    load_rows(api, {"id": 1, **A})
    assert load_rows(api, *({"id": 1, **VERSIONS[name]} for name in answer)) == (loaded, unchanged)
    assert items(query, "domains", "to") == {1: VERSIONS[answer[-1]]["to"]}


ANSWERS = ("", "A", "B", "AB", "BA", "AA", "ABA", "BAB")
"""The rows of one key that an answer may have."""


def test_the_last_row_of_a_key_stays_whatever_came_before(api: Sandbox, query: Query) -> None:
    histories = dict(enumerate(itertools.product(ANSWERS, repeat=3)))
    for number in range(3):
        # first all first rows, then all second ones, and so on
        put(
            api,
            *(
                {"id": key, **VERSIONS[history[number][turn]]}
                for turn in range(3)
                for key, history in histories.items()
                if turn < len(history[number])
            ),
        )
        load("domains")
    last = {key: VERSIONS["".join(h)[-1]] for key, h in histories.items() if any(h)}
    assert table(query, "domains") == {key: {"id": key, "n": row["n"]} for key, row in last.items()}
    assert items(query, "domains", "to") == {key: row["to"] for key, row in last.items()}
