"""Rows without an id, with the same, and with ids of another type."""

from __future__ import annotations

import pytest

from email_assets.errors import ApiError
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.sync.odd_data_fixtures import load_rows, put
from email_assets_tests.warehouses import Query, items, load, table

# Rows without an id


@pytest.mark.parametrize("missing", [False, True], ids=["null", "missing"])
def test_a_row_without_an_id_is_left_out_and_counted(
    api: Sandbox, query: Query, missing: bool
) -> None:
    api.set_faults("domains", Fault("null_id", rows=3, missing=missing))
    report = load("domains")
    assert (report.rows_received, report.rows_loaded, report.rows_without_key) == (8, 5, 3)
    assert set(table(query, "domains")) == {row["id"] for row in api.rows("domains")[3:]}


def test_rows_without_an_id_count_as_listed(api: Sandbox) -> None:
    api.set_faults("domains", Fault("null_id", rows=3))
    report = load("domains")
    assert (report.rows_listed, report.api_total) == (8, 8)


def test_rows_that_all_lack_an_id_are_counted(api: Sandbox) -> None:
    api.set_faults("domains", Fault("null_id", rows=8))
    report = load("domains")
    assert (report.rows_loaded, report.rows_without_key, report.row_count) == (0, 8, 0)


@pytest.mark.slow
def test_an_empty_text_and_0_are_ids(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 0}, {"id": -1})
    api.replace("servers", [{"id": ""}, {"id": " "}])
    load("servers")
    assert [*table(query, "domains"), *table(query, "servers")] == [0, -1, "", " "]


# Ids that come more than once


def test_of_equal_ids_in_a_page_the_last_stays(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 1, "n": 1}, {"id": 2, "n": 2}, {"id": 1, "n": 3})
    assert table(query, "domains") == {1: {"id": 1, "n": 3}, 2: {"id": 2, "n": 2}}


def test_of_equal_ids_in_different_pages_the_last_stays(api: Sandbox, query: Query) -> None:
    rows = [{"id": number % 120, "n": number} for number in range(250)]
    load_rows(api, *rows)
    assert table(query, "domains") == {row["id"]: row for row in rows}


def test_of_equal_ids_the_nested_items_of_the_last_stay(api: Sandbox, query: Query) -> None:
    first, last = {"id": 1, "to": [{"n": 1}, {"n": 2}]}, {"id": 1, "to": [{"n": 3}]}
    load_rows(api, first, {"id": 2, "to": [{"n": 4}]}, last)
    assert items(query, "domains", "to") == {1: [{"n": 3}], 2: [{"n": 4}]}


@pytest.mark.slow
def test_of_equal_ids_the_last_replaces_what_was_loaded_before(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 1, "n": 1})
    load_rows(api, {"id": 1, "n": 2}, {"id": 1, "n": 3})
    assert table(query, "domains") == {1: {"id": 1, "n": 3}}


def test_rows_with_equal_ids_are_counted_apart(api: Sandbox) -> None:
    put(api, *({"id": number % 120} for number in range(250)))
    report = load("domains")
    assert (report.rows_received, report.rows_loaded, report.row_count) == (250, 250, 120)


REMEDY = (
    " of this run, of which nothing was loaded. If the API changed for good, rename or drop the "
    "table domains and its domains__… tables, and run again, which loads everything anew."
)


ODD_IDS = {
    "text": ("a-7", "text"),
    "a fraction": (7.5, "a fraction"),
    "a fraction of 1": (7.0, "a fraction"),
    "too long": (2**63, "a number beyond 64 bits"),
    "too long and negative": (-(2**63) - 1, "a number beyond 64 bits"),
    "a boolean": (True, "a boolean"),
    "a list": ([7], "a list or an object"),
    "an object": ({"n": 7}, "a list or an object"),
}


# Ids of another type


@pytest.mark.parametrize(("odd", "called"), ODD_IDS.values(), ids=ODD_IDS)
def test_an_id_of_another_type_is_an_error(api: Sandbox, odd: object, called: str) -> None:
    put(api, {"id": 7}, {"id": odd})
    with pytest.raises(ApiError) as failure:
        load("domains")
    assert str(failure.value) == (
        f"domains: id came as {called}, and was a number before, in row 2{REMEDY}"
    )


@pytest.mark.slow
def test_an_id_of_another_type_than_the_tables_is_an_error(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 7, "n": 1})
    for odd, called in (ODD_IDS["text"], ODD_IDS["a fraction"], ODD_IDS["too long"]):
        put(api, {"id": odd, "n": 2})
        with pytest.raises(ApiError) as failure:
            load("domains")
        assert str(failure.value) == (
            f"domains: id came as {called}, and was a number before, in row 1{REMEDY}"
        )
    assert table(query, "domains") == {7: {"id": 7, "n": 1}}


def test_a_number_among_texts_is_an_error(api: Sandbox) -> None:
    put(api, {"id": "a"}, {"id": 7})
    with pytest.raises(ApiError, match=r"id came as a number, and was text before, in row 2 "):
        load("domains")


def test_a_number_for_a_text_of_the_table_is_an_error(api: Sandbox) -> None:
    load_rows(api, {"id": "a"})
    put(api, {"id": 7})
    with pytest.raises(ApiError, match=r"id came as a number, and was text before, in row 1 "):
        load("domains")


def test_an_id_that_no_key_can_be_is_an_error_from_the_start(api: Sandbox) -> None:
    put(api, {"id": 7.5})
    with pytest.raises(ApiError, match=r"^domains: id came as a fraction, in row 1 of this run, "):
        load("domains")


def test_an_id_that_changes_on_a_later_page_leaves_the_pages_before_unloaded(
    api: Sandbox, query: Query
) -> None:
    load_rows(api, {"id": 1, "n": "before"})
    put(api, *({"id": number, "n": "after"} for number in range(200)), {"id": "a"})
    with pytest.raises(ApiError, match="in row 201 "):
        load("domains")
    assert table(query, "domains") == {1: {"id": 1, "n": "before"}}
