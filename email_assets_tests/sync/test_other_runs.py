"""Runs of one resource that find new fields at the same time: no value changes, none is lost."""

from __future__ import annotations

import pytest

from email_assets.sandbox import Sandbox
from email_assets_tests.processes import stopped
from email_assets_tests.queries import on_both
from email_assets_tests.sync.odd_data_fixtures import load_rows, put
from email_assets_tests.warehouses import Query, Row, items, table

pytestmark = on_both

FIRST: Row = {"id": 1, "name": "there before"}
OF_ANOTHER_KIND: dict[str, tuple[Row, Row]] = {
    "a fraction, where the other has a whole number": ({"n": 5.5}, {"n": 5}),
    "text, where the other has a number": ({"n": "007"}, {"n": 7}),
    "a number, where the other has true": ({"n": 2}, {"n": True}),
    "another field of the same column": ({"a-b": "x"}, {"a b": "y"}),
    "a list, where the other has text": ({"to": [{"n": 5.5}]}, {"to": [{"n": 5}]}),
}


def load_while_another_run_stands(api: Sandbox, slow: Row, quick: Row) -> str:
    """Load a row while another run, which has read one, waits to load it; gives its problem."""
    put(api, {"id": 2, **slow})
    with stopped("domains", "normalize") as run:
        load_rows(api, {"id": 3, **quick})
        run.go_on()
        try:
            run.said()
        except AssertionError as problem:
            return str(problem)
    return ""


@pytest.mark.slow
@pytest.mark.parametrize("before", [[], [FIRST]], ids=["a first run", "a later run"])
@pytest.mark.parametrize(("slow", "quick"), OF_ANOTHER_KIND.values(), ids=OF_ANOTHER_KIND)
def test_a_column_that_two_of_them_need_for_values_of_two_kinds_is_had_by_one(
    api: Sandbox, query: Query, before: list[Row], slow: Row, quick: Row
) -> None:
    if before:
        load_rows(api, *before)
    problem = load_while_another_run_stands(api, slow, quick)
    assert "domains: while it was read, another run made columns in its tables" in problem
    assert [*table(query, "domains")] == [*[row["id"] for row in before], 3]

    load_rows(api, {"id": 2, **slow})

    for key, row in {2: slow, 3: quick}.items():
        if "to" in row:
            (item,) = items(query, "domains", "to")[key]
            assert [value for value in item.values() if value is not None] == [row["to"][0]["n"]]
        else:
            assert [*table(query, "domains")[key].values()] == [key, *row.values()]


@pytest.mark.slow
def test_what_only_one_of_them_found_stays_known(api: Sandbox, query: Query) -> None:
    load_rows(api, FIRST)
    assert not load_while_another_run_stands(api, {"x": 1}, {"y": 7, "a b": 1, "to": [{"n": 1}]})
    load_rows(api, {"id": 4, "y": "007", "a-b": 2, "to": [{"n": "007"}]})
    assert table(query, "domains") == {
        1: FIRST,
        2: {"id": 2, "x": 1},
        3: {"id": 3, "y": 7, "a_b": 1},
        4: {"id": 4, "y__v_text": "007", "a_b_2": 2},
    }
    assert items(query, "domains", "to") == {
        3: [{"n": 1, "n__v_text": None}],
        4: [{"n": None, "n__v_text": "007"}],
    }


@pytest.mark.slow
def test_items_that_only_the_other_found_go_with_their_row(api: Sandbox, query: Query) -> None:
    load_rows(api, FIRST)
    assert not load_while_another_run_stands(api, {"x": 1}, {"to": [{"n": 1}]})
    load_rows(api, {"id": 3, "x": 2})
    assert query("SELECT count(*) FROM email.domains__to") == [(0,)]


@pytest.mark.slow
def test_they_all_load_where_they_found_the_same(api: Sandbox, query: Query) -> None:
    assert not load_while_another_run_stands(api, {"n": 1, "to": ["a"]}, {"n": 2, "to": ["b"]})
    assert table(query, "domains") == {2: {"id": 2, "n": 1}, 3: {"id": 3, "n": 2}}
    assert items(query, "domains", "to") == {2: [{"value": "a"}], 3: [{"value": "b"}]}
