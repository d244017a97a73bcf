"""Rates as people read them."""

from math import nextafter

import pytest

from email_assets.deliverability.figures import percent, percents_apart


@pytest.mark.parametrize(
    ("rate", "told"),
    [(None, "-"), (0.0, "0.0 %"), (0.003, "0.30 %"), (0.00999, "1.00 %"), (0.0123, "1.2 %")],
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
