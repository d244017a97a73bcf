"""How a list is read to its end, whatever the API says of its length and whatever happens to it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from email_assets.api.errors import ApiError
from email_assets.api.offset import REWINDS
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.api.conftest import OpenListing, ids, offsets, pages, read
from email_assets_tests.api.pending import Rows, numbered

NO_TOTAL = Fault("no_total")
UNTOUCHED = "Nothing of this run was loaded; what was loaded before is untouched."

with_and_without_total = pytest.mark.parametrize(
    "total", [[], [NO_TOTAL]], ids=["with a total", "without a total"]
)


def answer(rows: Rows, total: int | None = None, **when: int) -> Fault:
    """Lets the API give exactly these rows, whatever was asked for."""
    document = {"data": rows, **({} if total is None else {"total": total})}
    return Fault("status", status=200, body=document, **when)


# Lists that hold still


def test_250_rows_are_three_requests(api: Sandbox, listing_of: OpenListing) -> None:
    rows = read(listing_of("messages"))
    assert ids(rows) == ids(api.rows("messages"))
    assert [(r.offset, r.limit) for r in api.requests] == [(0, 100), (100, 100), (200, 100)]


def test_a_last_page_that_is_full_is_followed_by_one_more_request(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.replace("messages", numbered(200))
    assert ids(read(listing_of("messages"))) == list(range(200))
    assert offsets(api) == [0, 100, 200]


@pytest.mark.parametrize("cap", [1, 2, 49, 50, 99])
@with_and_without_total
def test_an_api_that_gives_smaller_pages_than_asked_for_loses_no_row(
    api: Sandbox, listing_of: OpenListing, total: list[Fault], cap: int
) -> None:
    api.replace("messages", numbered(103))
    api.set_faults("messages", Fault("page_cap", rows=cap), *total)
    assert set(ids(read(listing_of("messages")))) == set(range(103))


def test_pages_of_50_are_read_one_after_the_other(api: Sandbox, listing_of: OpenListing) -> None:
    api.set_faults("messages", Fault("page_cap", rows=50))
    assert ids(read(listing_of("messages"))) == ids(api.rows("messages"))
    assert offsets(api) == [0, 50, 100, 150, 200, 250]


def test_without_a_total_each_page_repeats_the_last_row_of_the_one_before(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.replace("messages", numbered(250))
    api.set_faults("messages", NO_TOTAL)
    listing = listing_of("messages")
    assert ids(read(listing)) == list(range(250)), "what came twice is handed on once"
    assert offsets(api) == [0, 99, 198, 249]
    assert (listing.paginator.total, listing.paginator.reached) == (None, 250)


@pytest.mark.parametrize("count", [2, 99, 100, 101, 199, 200])
@with_and_without_total
def test_a_list_of_any_length_is_read_whole(
    api: Sandbox, listing_of: OpenListing, total: list[Fault], count: int
) -> None:
    api.replace("messages", numbered(count))
    api.set_faults("messages", *total)
    listing = listing_of("messages")
    assert set(ids(read(listing))) == set(range(count))
    assert listing.paginator.reached == count


@pytest.mark.parametrize(
    ("count", "faults", "asked"),
    [
        (0, [], [0]),
        (0, [NO_TOTAL], [0]),
        (1, [], [0]),
        (1, [NO_TOTAL], [0, 1]),
        (99, [], [0]),
        (99, [NO_TOTAL], [0, 98]),
    ],
)
def test_a_short_list_takes_no_more_requests_than_it_needs(
    api: Sandbox,
    listing_of: OpenListing,
    count: int,
    faults: list[Fault],
    asked: list[int],
) -> None:
    api.replace("messages", numbered(count))
    api.set_faults("messages", *faults)
    read(listing_of("messages"))
    assert offsets(api) == asked


# Totals that are wrong


@pytest.mark.parametrize("total", [0, 1, 99, 100, 200, 249, 251, 1000, 10**30, "250", "7", 250.0])
def test_a_total_that_is_wrong_or_written_otherwise_loses_no_row(
    api: Sandbox, listing_of: OpenListing, total: object
) -> None:
    api.replace("messages", numbered(250))
    api.set_faults("messages", Fault("total", value=total))
    listing = listing_of("messages")
    assert ids(read(listing)) == list(range(250))
    assert listing.paginator.reached == 250


def test_a_total_that_is_too_small_costs_one_request_more(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("messages", Fault("total", value=10))
    read(listing_of("messages"))
    assert offsets(api) == [0, 100, 200, 250]


def test_a_total_that_is_too_large_is_kept_beside_what_was_read(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("messages", Fault("total", value=1000))
    listing = listing_of("messages")
    read(listing)
    assert (listing.paginator.total, listing.paginator.reached) == (1000, 250)


def test_a_total_of_null_is_none(api: Sandbox, listing_of: OpenListing) -> None:
    api.set_faults("messages", Fault("total", value=None))
    listing = listing_of("messages")
    assert set(ids(read(listing))) == set(ids(api.rows("messages")))
    assert listing.paginator.total is None


@pytest.mark.parametrize(
    ("total", "shape"),
    [
        ("many", "text"),
        ("", "text"),
        ("-1", "text"),
        ("2.5", "text"),
        (-1, "a number"),
        (2.5, "a number"),
        (True, "a boolean"),
        ([250], "a list"),
        ({"rows": 250}, "an object with the keys 'rows'"),
    ],
)
def test_a_total_that_is_no_number_of_rows_is_an_error(
    api: Sandbox, listing_of: OpenListing, total: object, shape: str
) -> None:
    api.set_faults("messages", Fault("total", value=total, after=1))
    with pytest.raises(ApiError) as caught:
        read(listing_of("messages"))
    assert str(caught.value) == (
        f"messages: at offset 100 the API gave {shape} as the total, not a whole number from 0. "
        + UNTOUCHED
    )


def test_a_total_that_falls_and_rises_again_loses_no_row(
    api: Sandbox, listing_of: OpenListing
) -> None:
    wrong = [Fault("total", value=value, after=n, times=1) for n, value in enumerate([250, 10] * 3)]
    api.set_faults("messages", *wrong)
    rows = read(listing_of("messages"))
    assert set(ids(rows)) == set(ids(api.rows("messages")))


def test_a_total_that_comes_late_is_used(api: Sandbox, listing_of: OpenListing) -> None:
    api.set_faults("messages", Fault("no_total", times=1))
    listing = listing_of("messages")
    assert set(ids(read(listing))) == set(ids(api.rows("messages")))
    assert (offsets(api), listing.paginator.total) == ([0, 99, 198], 250)


def test_a_total_that_goes_missing_is_remembered(api: Sandbox, listing_of: OpenListing) -> None:
    api.set_faults("messages", Fault("no_total", after=1))
    listing = listing_of("messages")
    assert ids(read(listing)) == ids(api.rows("messages"))
    assert (offsets(api), listing.paginator.total) == ([0, 100, 200], 250)


def test_an_api_that_shifts_for_ever_is_given_up(api: Sandbox, listing_of: OpenListing) -> None:
    api.replace("servers", numbered(250))
    wild = [Fault("total", value=v, after=n, times=1) for n, v in enumerate([250, 10] * 150)]
    api.set_faults("servers", *wild)
    with pytest.raises(
        ApiError, match=f"^servers: at offset 100 the API shifted its list {REWINDS} times"
    ):
        read(listing_of("servers"))
    assert api.request_count("servers") == 2 * REWINDS + 2


# APIs that repeat themselves


@pytest.mark.parametrize(("total", "offset"), [([], 100), ([NO_TOTAL], 99)], ids=["total", "none"])
def test_the_same_page_for_ever_is_an_error_at_its_second_coming(
    api: Sandbox, listing_of: OpenListing, total: list[Fault], offset: int
) -> None:
    api.set_faults("messages", Fault("same_page"), *total)
    with pytest.raises(ApiError) as caught:
        read(listing_of("messages"))
    assert str(caught.value) == (
        f"messages: at offset {offset} the API gave the same page of 100 rows for two offsets. "
        + UNTOUCHED
    )
    assert offsets(api) == [0, offset]


def test_two_pages_in_turn_for_ever_are_an_error(api: Sandbox, listing_of: OpenListing) -> None:
    even, odd = numbered(200)[:100], numbered(200)[100:]
    turns = [answer((even, odd)[n % 2], 500, after=n, times=1) for n in range(4)]
    api.set_faults("messages", *turns)
    with pytest.raises(ApiError, match="at offset 200 the API gave the same page of 100 rows"):
        read(listing_of("messages"))


def test_the_same_page_later_in_the_list_is_an_error(api: Sandbox, listing_of: OpenListing) -> None:
    api.replace("messages", numbered(500))
    api.set_faults("messages", answer(numbered(500)[100:200], 500, after=2))
    with pytest.raises(ApiError, match="at offset 200 the API gave the same page"):
        read(listing_of("messages"))


@pytest.mark.parametrize(("count", "asked"), [(30, [0]), (100, [0, 100]), (250, [0, 250])])
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
    with pytest.raises(ApiError, match="at offset 29 the API gave the same page of 30 rows"):
        read(listing_of("messages"))


def test_one_row_that_is_all_there_is_ends_the_list_even_without_pages_and_a_total(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("messages", answer(numbered(1)))
    assert set(ids(read(listing_of("messages")))) == {0}
    assert offsets(api) == [0, 1]


@pytest.mark.parametrize("beyond", [slice(100), slice(100, 200)], ids=["first", "last"])
def test_an_api_that_gives_a_page_again_beyond_its_end_is_at_its_end(
    api: Sandbox, listing_of: OpenListing, beyond: slice
) -> None:
    api.replace("messages", numbered(200))
    api.set_faults("messages", answer(numbered(200)[beyond], 200, after=2))
    listing = listing_of("messages")
    assert set(ids(read(listing))) == set(range(200))
    assert (offsets(api), listing.paginator.reached) == ([0, 100, 200], 200)


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
    assert str(caught.value) == f"messages: at offset 100 the API {problem}. {UNTOUCHED}"
    assert offsets(api) == [0, 100]


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


# Lists that change while they are read


@pytest.mark.parametrize("count", [1, 2, 7, 99, 100, 101, 150])
@with_and_without_total
def test_rows_that_vanish_at_the_head_once_hide_no_other(
    api: Sandbox, listing_of: OpenListing, total: list[Fault], count: int
) -> None:
    api.replace("messages", numbered(600))
    api.set_faults("messages", Fault("delete_head", rows=count, after=1, times=1), *total)
    rows = read(listing_of("messages"))
    assert set(ids(rows)) >= set(range(count, 600))


@pytest.mark.parametrize("count", [1, 7, 20])
@with_and_without_total
def test_rows_that_go_on_vanishing_at_the_head_hide_no_other(
    api: Sandbox, listing_of: OpenListing, total: list[Fault], count: int
) -> None:
    api.replace("messages", numbered(600))
    api.set_faults("messages", Fault("delete_head", rows=count), *total)
    rows = read(listing_of("messages"))
    assert set(ids(rows)) >= set(ids(api.rows("messages")))
    assert api.rows("messages") != []  # the reader got ahead of what vanished


def test_a_total_that_fell_sends_the_reader_back_by_as_much_and_as_much_again(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("messages", Fault("delete_head", rows=7, times=1))
    read(listing_of("messages"))
    assert offsets(api) == [0, 100, 86, 186]


def test_a_page_that_does_not_continue_the_one_before_is_read_again_from_further_up(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("messages", NO_TOTAL, Fault("delete_head", rows=7, times=1))
    read(listing_of("messages"))
    assert offsets(api) == [0, 99, 0, 98, 196, 241]


def test_where_rows_go_on_vanishing_pages_overlap_by_as_many(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("messages", Fault("delete_head", rows=3))
    read(listing_of("messages"))
    assert offsets(api) == [0, 100, 94, 191]


def test_the_reader_goes_back_further_each_time_until_a_page_continues(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.replace("messages", numbered(1000))
    api.set_faults(
        "messages",
        NO_TOTAL,
        Fault("delete_head", rows=350, after=4, times=1),
        Fault("delete_head", rows=20, after=11, times=1),
    )
    rows = read(listing_of("messages"))
    assert set(ids(rows)) >= set(range(370, 1000))
    assert offsets(api)[:12] == [0, 99, 198, 297, 396, 495, 395, 195, 0, 92, 184, 276]
    assert offsets(api)[12:15] == [368, 268, 352]


def test_rows_that_moved_up_to_where_the_reader_went_back_are_no_repetition(
    api: Sandbox, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    # no page is asked for before the test has changed the list
    monkeypatch.setenv("SOURCES__EMAIL__READ_AHEAD", "1")
    api.replace("messages", numbered(600))
    api.set_faults("messages", NO_TOTAL)
    reading = pages(listing_of("messages"))
    next(reading)
    api.delete_head("messages", 200)
    page = next(reading)
    api.delete_head("messages", 99)
    assert next(reading) == page[:-1], "all but what the page before ended with"
    assert {row["id"] for rest in reading for row in rest} >= set(range(399, 600))


def test_a_row_that_arrives_before_the_last_page_is_read_again_is_no_repetition(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.replace("messages", numbered(101))
    api.set_faults("messages", NO_TOTAL, Fault("insert_head", rows=1, after=1, times=1))
    assert set(ids(read(listing_of("messages")))) == set(range(101))
    assert offsets(api) == [0, 99, 100]


@with_and_without_total
def test_a_list_that_vanishes_ends(
    api: Sandbox, listing_of: OpenListing, total: list[Fault]
) -> None:
    api.set_faults("messages", Fault("delete_head", rows=250, times=1), *total)
    assert len(read(listing_of("messages"))) == 100


@pytest.mark.parametrize("count", [1, 3, 100, 250])
@with_and_without_total
def test_rows_that_arrive_while_the_list_is_read_hide_no_other(
    api: Sandbox, listing_of: OpenListing, total: list[Fault], count: int
) -> None:
    before = ids(api.rows("messages"))
    api.set_faults("messages", Fault("insert_head", rows=count, times=3), *total)
    assert set(ids(read(listing_of("messages")))) >= set(before)


def test_a_long_list_may_shift_more_often_than_the_reader_would_bear_on_one_spot(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.replace("messages", numbered(2 * REWINDS * 4))
    api.set_faults("messages", Fault("page_cap", rows=4))
    read_ids = set()
    for number, page in enumerate(pages(listing_of("messages"))):
        read_ids.update(ids(page))
        if number % 3 == 2:
            api.delete_head("messages", 1)
    assert read_ids >= set(ids(api.rows("messages")))
    assert api.rows("messages")[0]["id"] > REWINDS


@pytest.mark.parametrize("seed", range(12))
@with_and_without_total
def test_every_row_that_stays_is_read_whatever_comes_and_goes(
    api: Sandbox, listing_of: OpenListing, total: list[Fault], seed: int
) -> None:
    chance = random.Random(seed)
    rows = numbered(chance.choice([60, 150, 400]))
    stayed, unused, received = set(ids(rows)), len(rows), set[Any]()
    cap = chance.choice([20, 50, 100])
    often, much = chance.choice([0.2, 0.6, 1.0]), chance.choice([1, 5, 60])
    api.replace("messages", rows)
    api.set_faults("messages", Fault("page_cap", rows=cap), *total)
    for page in pages(listing_of("messages")):
        received.update(ids(page))
        for _ in range(chance.randint(1, much) if chance.random() < often else 0):
            if rows and chance.random() < 0.55:
                stayed.discard(rows.pop(chance.choice([0, 0, chance.randrange(len(rows))]))["id"])
            else:
                rows.insert(0, {"id": unused})
                unused += 1
        api.replace("messages", rows)
    assert received >= stayed
