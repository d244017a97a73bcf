"""Times that come as numbers or in words become ISO 8601; everything else stays as it came."""

from __future__ import annotations

from typing import Any

import pytest

from email_assets.sync.times import Times

IN_WORDS, IN_ISO = "Fri, 03 Apr 2026 14:30:15 +0200", "2026-04-03T12:30:15Z"


def read(row: dict[str, Any], *columns: str) -> dict[str, Any]:
    (found,) = Times(columns or ["at"]).read([row])
    return found


@pytest.mark.parametrize(
    ("written", "time"),
    [
        (IN_WORDS, IN_ISO),
        (0, "1970-01-01T00:00:00Z"),
        (-1.5, "1969-12-31T23:59:58.500000Z"),
        (1775219415, IN_ISO),
        ("1775219415", IN_ISO),
        ("1775219415000", IN_ISO),
        ("20260403", "2026-04-03T00:00:00Z"),
    ],
)
def test_a_time_is_written_in_utc(written: Any, time: str) -> None:
    assert read({"id": 1, "at": written}) == {"id": 1, "at": time}


@pytest.mark.parametrize(
    "value",
    [
        "2026-04-03T14:30:15+02:00",
        "2026-04-03",
        "1775219415.5",
        "never",
        "Fri",
        "",
        "0",
        "20261403",
        "9" * 400,
        1e300,
        float("inf"),
        float("nan"),
        10**400,
        True,
        None,
        [1775219415],
        {"on": 1775219415},
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_time_or_one_that_dlt_reads_stays_as_it_came(value: Any) -> None:
    row = {"at": value}
    assert read(row) is row


@pytest.mark.parametrize(
    ("row", "read_as"),
    [
        ({"of": {"it": {"at": IN_WORDS}}}, {"of": {"it": {"at": IN_ISO}}}),
        ({"of__it": {"at": IN_WORDS, "n": 1}}, {"of__it": {"at": IN_ISO, "n": 1}}),
        ({"of": {"it__at": IN_WORDS}}, {"of": {"it__at": IN_ISO}}),
        ({"of__it__at": IN_WORDS}, {"of__it__at": IN_ISO}),
        ({"of": None, "of__it__at": IN_WORDS}, {"of": None, "of__it__at": IN_ISO}),
    ],
    ids=str,
)
def test_a_column_of_what_lies_in_an_object_is_found_there(
    row: dict[str, Any], read_as: dict[str, Any]
) -> None:
    assert read(row, "of__it__at") == read_as


@pytest.mark.parametrize("row", [{}, {"of": IN_WORDS}, {"of": [{"at": 1}]}, {"at": 1}], ids=str)
def test_a_row_without_the_column_stays_as_it_came(row: dict[str, Any]) -> None:
    assert read(row, "of__at") is row


def test_columns_are_read_apart_and_the_page_as_it_came_is_not_changed() -> None:
    times, page = Times(["at", "since", "until"]), [{"at": 0, "since": 0, "until": 0}, {"at": 1}]
    times.leave("since")
    times.leave("of another table")

    assert times.read(page) == [
        {"at": "1970-01-01T00:00:00Z", "since": 0, "until": "1970-01-01T00:00:00Z"},
        {"at": "1970-01-01T00:00:01Z"},
    ]
    assert page == [{"at": 0, "since": 0, "until": 0}, {"at": 1}]
