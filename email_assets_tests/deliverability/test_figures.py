"""Rates as people read them."""

from datetime import date
from math import nextafter

import pytest

from email_assets.deliverability.daily import Outcome, SenderDay
from email_assets.deliverability.figures import (
    by_sender,
    change,
    percent,
    percents_apart,
    short_count,
)


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        (None, "-"),
        (0.0, "0.0 %"),
        (0.003, "0.30 %"),
        (0.00999, "1.00 %"),
        (0.01, "1.0 %"),
        (0.0123, "1.2 %"),
    ],
)
def test_a_share_below_one_percent_has_two_decimals(rate: float | None, told: str) -> None:
    assert percent(rate) == told


@pytest.mark.parametrize(
    ("rate", "limit", "told"),
    [
        (0.0123, 0.003, ("1.2 %", "0.30 %")),
        (0.00301, 0.003, ("0.301 %", "0.300 %")),
        (0.0500001, 0.05, ("5.00001 %", "5.00000 %")),
        (0.003, 0.003, ("0.30 %", "0.30 %")),
    ],
)
def test_a_rate_and_its_limit_are_rounded_no_further_than_they_differ(
    rate: float, limit: float, told: tuple[str, str]
) -> None:
    assert percents_apart(rate, limit) == told


@pytest.mark.parametrize("limit", [0.003, 0.009 / 3, 0.05, 1 / 3, 0.07, 1.0, 1e-9])
@pytest.mark.parametrize("towards", [0.0, 2.0])
def test_rates_that_differ_in_their_last_bit_are_told_too(limit: float, towards: float) -> None:
    rate = nextafter(limit, towards)

    told = [float(one.removesuffix(" %")) for one in percents_apart(rate, limit)]

    assert told == pytest.approx([rate * 100, limit * 100], rel=0.2)


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1k"),
        (1_240, "1.2k"),
        (9_949, "9.9k"),
        (9_951, "10k"),
        (34_400, "34k"),
        (999_499, "999k"),
        (999_500, "1M"),
        (1_000_000, "1M"),
        (5_600_000, "5.6M"),
        (12_000_000, "12M"),
    ],
)
def test_a_count_takes_the_room_of_four_signs(count: int, told: str) -> None:
    assert short_count(count) == told


@pytest.mark.parametrize(
    ("this", "last", "told"),
    [
        (996, 1_000, "+0 %"),
        (1_000, 1_000, "+0 %"),
        (994, 1_000, "-1 %"),
        (0, 7, "-100 %"),
        (2_001, 2, "+99,950 %"),
        (7, 0, "-"),
    ],
)
def test_a_change_is_told_in_whole_percents(this: int, last: int, told: str) -> None:
    assert change(this, last) == told


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ("Ann@News.example", "news.example"),
        ("Ann <ann@news.example>", "news.example"),
        ('"a@b" <ann@news.example>', "news.example"),
        ("news.example", "news.example"),
        ("newsletter", "newsletter"),
        ("ann@localhost", "…"),
    ],
)
def test_a_sender_that_is_an_address_is_named_by_its_domain(sender: str, name: str) -> None:
    def day(number: int) -> SenderDay:
        return SenderDay(
            day=date(2026, 6, number), sender=sender, sent=3, hard=1, soft=0, complaints=0, other=0
        )

    assert by_sender([day(1), day(2)]) == {
        name: Outcome(sent=6, hard=2, soft=0, complaints=0, other=0)
    }
