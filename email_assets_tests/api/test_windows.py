"""A stretch of time of a list, as it is asked for."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from email_assets.api.window import Filter, Window, too_many
from email_assets_tests.api.window_fixtures import HOUR, NOON

EASTERN = ZoneInfo("America/New_York")


def write_iso(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def write_eastern(instant: datetime) -> str:
    return instant.astimezone(EASTERN).strftime("%Y-%m-%dT%H:%M:%S")


SECOND = timedelta(seconds=1)


class TestHalves:
    @pytest.mark.parametrize(
        ("after", "expected"),
        [
            (-SECOND, [True, False]),
            (0 * SECOND, [True, False]),
            (HOUR - SECOND, [True, False]),
            (HOUR, [False, True]),
            (2 * HOUR, [False, True]),
            (2 * HOUR + SECOND, [False, True]),
        ],
        ids=str,
    )
    def test_each_instant_counts_to_one_of_them(
        self, after: timedelta, expected: list[bool]
    ) -> None:
        """An API that is asked for more than a window gives rows beyond its ends as well."""
        whole = Window(NOON, NOON + 2 * HOUR)
        halves = whole.halves(NOON)
        assert [half.counts(NOON + after, whole) for half in halves] == expected


class TestTooMany:
    @pytest.mark.parametrize(
        ("part", "total", "told"),
        [
            (Window(), 250, "250 rows"),
            (Window(), None, "at least 100 rows"),
            (
                Window(NOON, NOON + SECOND),
                250,
                "250 rows for the time 2026-01-31T12:00:00+00:00 to 2026-01-31T12:00:01+00:00",
            ),
            (
                Window(end=NOON),
                99,
                "at least 100 rows for the time … to 2026-01-31T12:00:00+00:00",
            ),
        ],
    )
    def test_what_cannot_be_split_is_told_with_its_time_if_it_has_one(
        self, part: Window, total: int | None, told: str
    ) -> None:
        assert str(too_many("messages", part, total, 100, 100)) == (
            f"messages: the API has {told} and gives 100 of them at the most. Nothing of this run "
            "was loaded."
        )


class TestAsking:
    def test_an_open_window_is_not_asked_for(self) -> None:
        assert Filter("since", "until", write_iso).parameters(Window()) == {}

    def test_the_end_is_asked_for_with_the_second_that_writing_cuts_off(self) -> None:
        window = Window(NOON, NOON + timedelta(milliseconds=500))
        assert Filter("since", "until", write_iso).parameters(window) == {
            "since": "2026-01-31T12:00:00Z",
            "until": "2026-01-31T12:00:01Z",
        }

    def test_an_api_without_an_end_is_asked_for_the_start_alone(self) -> None:
        window = Window(NOON, NOON + HOUR)
        assert Filter("since", None, write_iso).parameters(window) == {
            "since": "2026-01-31T12:00:00Z"
        }

    @pytest.mark.parametrize(
        ("form", "since", "until"),
        [
            ("%Y-%m-%d", "2026-01-31", "2026-02-01"),
            ("%Y-%m-%d %H", "2026-01-31 12", "2026-01-31 13"),
            ("%Y-%m-%dT%H:%M", "2026-01-31T12:00", "2026-01-31T13:00"),
        ],
    )
    def test_a_filter_coarser_than_a_second_gets_more_and_never_less(
        self, form: str, since: str, until: str
    ) -> None:
        window = Window(NOON, NOON + timedelta(seconds=10))
        asked = Filter("since", "until", lambda at: at.strftime(form)).parameters(window)
        assert asked == {"since": since, "until": until}

    @pytest.mark.parametrize("day", [datetime(2026, 3, 8), datetime(2026, 11, 1)])
    def test_both_clock_changes_of_us_eastern_lose_no_instant(self, day: datetime) -> None:
        """An API that reads wall time may take an hour that comes twice for either of the two."""
        begin = day.replace(tzinfo=timezone.utc)
        for minutes in range(0, 24 * 60, 10):
            start = begin + timedelta(minutes=minutes)
            for width in (timedelta(0), timedelta(minutes=25), 3 * HOUR):
                window = Window(start, start + width)
                asked = Filter("from", "to", write_eastern).parameters(window)
                for fold_start in (0, 1):
                    for fold_end in (0, 1):
                        understood = [
                            datetime.fromisoformat(asked[name])
                            .replace(tzinfo=EASTERN, fold=fold)
                            .astimezone(timezone.utc)
                            for name, fold in (("from", fold_start), ("to", fold_end))
                        ]
                        assert understood[0] <= start
                        assert understood[1] >= start + width
