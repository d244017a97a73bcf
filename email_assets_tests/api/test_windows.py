"""A stretch of time of a list, as it is asked for."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from email_assets.api.window import Filter, Window
from email_assets_tests.api.window_fixtures import HOUR, NOON

EASTERN = ZoneInfo("America/New_York")


def write_iso(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def write_eastern(instant: datetime) -> str:
    return instant.astimezone(EASTERN).strftime("%Y-%m-%dT%H:%M:%S")


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
