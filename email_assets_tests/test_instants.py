"""Instants are read exactly, in each form in which APIs write them."""

from __future__ import annotations

import pytest

from email_assets.instants import as_utc, latest_of


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-03-01T12:00:00Z", "2026-03-01T12:00:00+00:00"),
        ("2026-03-01T12:00:00.123Z", "2026-03-01T12:00:00.123000+00:00"),
        ("9999-12-10T01:30:01.123456Z", "9999-12-10T01:30:01.123456+00:00"),
        ("2026-03-01 23:30:00+02:00", "2026-03-01T21:30:00+00:00"),
        ("2026-03-01T12:00:00.999999-11:30", "2026-03-01T23:30:00.999999+00:00"),
        ("2026-03-01T12:00:00.1Z", "2026-03-01T12:00:00.100000+00:00"),
        ("2026-03-01T12:00:00", "2026-03-01T12:00:00+00:00"),
        ("2026-03-01", "2026-03-01T00:00:00+00:00"),
        ("Sun, 01 Mar 2026 14:00:00 +0200", "2026-03-01T12:00:00+00:00"),
        (1_772_366_400, "2026-03-01T12:00:00+00:00"),
        (1_772_366_400_000, "2026-03-01T12:00:00+00:00"),
    ],
)
def test_an_instant_is_read_exactly(written: str | float, instant: str) -> None:
    assert as_utc(written).isoformat() == instant


@pytest.mark.parametrize(
    "written",
    [
        "2026-02-30T12:00:00Z",
        "2026-03-01T24:00:00Z",
        "2026-03-01T12:60:00Z",
        "0000-01-01T00:00:00Z",
    ],
)
def test_what_is_no_instant_is_an_error(written: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        as_utc(written)


@pytest.mark.parametrize(
    ("values", "latest"),
    [
        (["2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z"], "2026-03-01T12:00:01Z"),
        (["2026-03-01T12:00:00.250Z", "2026-03-01T12:00:00.249Z"], "2026-03-01T12:00:00.250Z"),
        (["2026-02-30T12:00:00Z", "2026-02-28T12:00:00Z"], "2026-02-30T12:00:00Z"),
        ([], None),
        ([None, "2026-03-01T12:00:00Z"], None),
        ([1772366400], None),
        (["2026-03-01T12:00:00Z", "2026-03-01T12:00:00.250Z"], None),
        (["2026-03-01T12:00:00Z", "2026-03-01 12:00:00Z"], None),
        (["2026-03-01T12:00:00+02:00", "2026-03-01T12:00:00+01:00"], None),
        (["2026-03-01T12:00:00Z", "soon, or a bit later"], None),
    ],
)
def test_the_latest_time_is_known_by_its_text_where_all_are_written_alike(
    values: list[object], latest: str | None
) -> None:
    assert latest_of(values) == latest
