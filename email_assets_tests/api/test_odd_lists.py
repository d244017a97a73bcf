"""Answers that repeat themselves or are no list."""

from __future__ import annotations

import pytest

from email_assets.errors import ApiError
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.api.conftest import OpenListing, ids, offsets, read
from email_assets_tests.api.pagination_fixtures import NO_TOTAL, UNTOUCHED, with_and_without_total
from email_assets_tests.api.pending import Rows, numbered


def answer(rows: Rows, total: int | None = None, **when: int) -> Fault:
    """Lets the API give exactly these rows, whatever was asked for."""
    document = {"data": rows, **({} if total is None else {"total": total})}
    return Fault("status", status=200, body=document, **when)


# APIs that repeat themselves


@with_and_without_total
def test_the_same_page_for_ever_is_an_error_once_no_rows_that_arrive_can_explain_it(
    api: Sandbox, listing_of: OpenListing, total: list[Fault]
) -> None:
    api.set_faults("messages", Fault("same_page"), *total)
    with pytest.raises(ApiError) as caught:
        read(listing_of("messages"))
    assert str(caught.value) == (
        f"messages: at offset {offsets(api)[-1]} the API gave the same page of 100 rows twice; if "
        f"it has no pages, the paginator to name in the vendor's file is single_page. {UNTOUCHED}"
    )
    assert offsets(api)[:3] == [0, 99, 198]
    assert len(offsets(api)) < 8


@pytest.mark.slow
def test_two_pages_in_turn_for_ever_are_an_error(api: Sandbox, listing_of: OpenListing) -> None:
    even, odd = numbered(200)[:100], numbered(200)[100:]
    turns = [answer((even, odd)[n % 2], 500, after=n, times=1) for n in range(300)]
    api.set_faults("messages", *turns)
    with pytest.raises(ApiError, match="the API shifted its list 100 times while it was read"):
        read(listing_of("messages"))


def test_the_same_page_later_in_the_list_is_an_error(api: Sandbox, listing_of: OpenListing) -> None:
    api.replace("messages", numbered(500))
    api.set_faults("messages", answer(numbered(500)[99:199], 500, after=2))
    with pytest.raises(ApiError, match="the API gave the same page"):
        read(listing_of("messages"))


@pytest.mark.parametrize(("count", "asked"), [(30, [0]), (100, [0, 99, 198]), (250, [0, 249])])
def test_an_api_without_pages_is_read_by_its_total(
    api: Sandbox, listing_of: OpenListing, count: int, asked: list[int]
) -> None:
    api.set_faults("messages", answer(numbered(count), count))
    listing = listing_of("messages")
    assert set(ids(read(listing))) == set(range(count))
    assert (offsets(api), listing.paginator.reached) == (asked, count)


def test_an_api_without_pages_and_a_total_cannot_be_told_from_one_that_is_stuck(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("messages", answer(numbered(30)))
    with pytest.raises(ApiError, match="the API gave the same page of 30 rows"):
        read(listing_of("messages"))


def test_one_row_that_is_all_there_is_ends_the_list_even_without_pages_and_a_total(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("messages", answer(numbered(1)))
    assert set(ids(read(listing_of("messages")))) == {0}
    assert offsets(api) == [0, 1]


def test_an_api_that_gives_its_last_page_again_beyond_its_end_is_at_its_end(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.replace("messages", numbered(298))
    api.set_faults("messages", answer(numbered(298)[198:], 298, after=3))
    listing = listing_of("messages")
    assert set(ids(read(listing))) == set(range(298))
    assert (offsets(api), listing.paginator.reached) == ([0, 99, 198, 297], 298)


@with_and_without_total
def test_a_page_with_a_row_twice_does_not_push_others_out(
    api: Sandbox, listing_of: OpenListing, total: list[Fault]
) -> None:
    api.replace("messages", numbered(250))
    api.set_faults("messages", Fault("duplicate"), *total)
    listing = listing_of("messages")
    assert set(ids(read(listing))) == set(range(250))
    assert listing.paginator.reached == 250


def test_rows_without_an_id_are_told_apart_by_what_they_hold(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.replace("servers", [{"id": None, "name": f"mail{number}"} for number in range(150)])
    api.set_faults("servers", NO_TOTAL)
    listing = listing_of("servers")
    assert read(listing) == []
    assert (offsets(api), listing.paginator.reached) == ([0, 99, 149], 150)


# Answers that are no list of rows


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Fault("data_null", after=1), "gave null under 'data', not a list"),
        (
            Fault("data_not_list", after=1),
            "gave an object with the keys 'rows' under 'data', not a list",
        ),
        (
            Fault("data_missing", after=1),
            "gave an answer without 'data': an object with the keys 'total'",
        ),
        (
            Fault("error_200", after=1),
            "gave an answer without 'data': an object with the keys 'error'",
        ),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_an_answer_without_a_list_of_rows_is_an_error_that_names_what_came(
    api: Sandbox, listing_of: OpenListing, fault: Fault, problem: str
) -> None:
    api.set_faults("messages", fault)
    with pytest.raises(ApiError) as caught:
        read(listing_of("messages"))
    assert str(caught.value) == f"messages: at offset 99 the API {problem}. {UNTOUCHED}"
    assert offsets(api) == [0, 99]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("[]", "gave an answer without 'data': a list"),
        ("null", "gave an answer without 'data': null"),
        ("12345", "gave an answer without 'data': a number"),
        ('"secret"', "gave an answer without 'data': text"),
        ("{}", "gave an answer without 'data': an object with the keys (none)"),
        ('{"data": "secret"}', "gave text under 'data', not a list"),
        ('{"data": 12345}', "gave a number under 'data', not a list"),
        ('{"data": false}', "gave a boolean under 'data', not a list"),
        ('{"data": [12345]}', "gave a number as a row, not an object"),
        ('{"data": [{"id": 1}, "secret"]}', "gave text as a row, not an object"),
        ('{"data": [["secret"]]}', "gave a list as a row, not an object"),
        ('{"data": [null]}', "gave null as a row, not an object"),
    ],
)
def test_an_answer_of_another_shape_is_an_error_that_names_no_value(
    api: Sandbox, listing_of: OpenListing, body: str, problem: str
) -> None:
    api.set_faults("servers", Fault("status", status=200, body=body))
    with pytest.raises(ApiError) as caught:
        read(listing_of("servers"))
    assert str(caught.value) == f"servers: at offset 0 the API {problem}. {UNTOUCHED}"


def test_keys_that_are_addresses_are_not_named(api: Sandbox, listing_of: OpenListing) -> None:
    body = {"ann@bluebird.example": 1, "error": 2}
    api.set_faults("servers", Fault("status", status=200, body=body))
    with pytest.raises(ApiError, match="an object with the keys '…', 'error'"):
        read(listing_of("servers"))


def test_no_more_than_ten_keys_are_named(api: Sandbox, listing_of: OpenListing) -> None:
    body = {f"key{number}": number for number in range(500)}
    api.set_faults("servers", Fault("status", status=200, body=body))
    with pytest.raises(ApiError, match=r"with the keys 'key0', .*'key9'\. Nothing"):
        read(listing_of("servers"))
