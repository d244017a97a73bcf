"""A sync of minutes says how far it is, and one of seconds says nothing."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

import pytest

from email_assets.account import configured_account
from email_assets.sandbox import Sandbox
from email_assets.sync.pipeline import sync
from email_assets.warehouse.destination import open_pipeline

READING = (
    r"messages: ([\d,]+) of 250 rows read \((\d+) %\), (\d+) a second, (\d+) (s|min) left".replace(
        " %", "%"
    )
)


def said(ticks: Iterable[float], name: str = "messages") -> list[str]:
    """The lines of a sync by a clock that shows these seconds, one at each look."""
    told: list[str] = []
    clock = iter(ticks)
    with open_pipeline(configured_account().warehouse, name) as pipeline:
        sync(configured_account(), pipeline, name, say=told.append, ticks=lambda: next(clock))
    return told


@pytest.fixture
def one_by_one(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    monkeypatch.setenv("SOURCES__EMAIL__READ_AHEAD", "1")
    return api


@pytest.mark.usefixtures("one_by_one")
def test_a_slow_sync_says_rows_of_the_total_share_rate_and_time_left() -> None:
    lines = [re.fullmatch(READING, line) for line in said(itertools.count(0, 20))]
    first = next(found for found in lines if found)

    rows, share, rate, left, unit = first.groups()
    assert rows == "100"
    assert share == "40"
    assert int(rate) >= 1
    assert (int(left), unit) > (0, "")


@pytest.mark.usefixtures("one_by_one")
def test_a_slow_sync_says_that_it_prepares_and_loads() -> None:
    told = said(itertools.count(0, 20))

    assert "messages: preparing 250 rows to be loaded …" in told
    assert told[-1] == "messages: loading 250 rows …"


@pytest.mark.slow
@pytest.mark.usefixtures("one_by_one")
def test_a_slow_sync_in_which_nothing_changed_says_how_far_it_is() -> None:
    said(itertools.count())

    told = said(itertools.count(0, 20))

    assert any(re.fullmatch(READING, line) for line in told)


@pytest.mark.usefixtures("one_by_one")
def test_lines_are_ten_seconds_apart() -> None:
    ticks = [0.0]

    def second() -> Iterable[float]:
        while True:
            ticks[0] += 1
            yield ticks[0]

    told = said(second())

    assert len(told) <= ticks[0] / 10 + 1


@pytest.mark.usefixtures("api")
def test_a_quick_sync_says_nothing() -> None:
    assert said(itertools.repeat(0.0)) == []
