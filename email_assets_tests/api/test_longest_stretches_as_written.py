"""The longest stretch of one request, as the API reads what is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from email_assets.api.window import Filter, Window

DAY = timedelta(days=1)
NOW = datetime(2026, 12, 1, tzinfo=timezone.utc)
EASTERN = ZoneInfo("America/New_York")


@dataclass(frozen=True)
class Form:
    """A way in which an API wants times written."""

    pattern: str
    zone: ZoneInfo | timezone = timezone.utc

    def write(self, at: datetime) -> str:
        return at.astimezone(self.zone).strftime(self.pattern)

    def read(self, text: str) -> list[datetime]:
        """The instants that a text may mean: two, in the hour that comes twice."""
        told = datetime.strptime(text, self.pattern)
        meant = (told.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1))
        return sorted(at.astimezone(timezone.utc) for at in meant)


every_form = pytest.mark.parametrize(
    "form",
    [
        pytest.param(Form("%Y-%m-%dT%H:%M:%SZ"), id="seconds"),
        pytest.param(Form("%Y-%m-%dT%H:%M"), id="minutes"),
        pytest.param(Form("%Y-%m-%d"), id="days"),
        pytest.param(Form("%Y-%m-%dT%H:%M:%S", EASTERN), id="wall clock"),
    ],
)
windows = st.builds(
    lambda minutes, width: Window(
        datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(minutes=minutes),
        datetime(2026, 1, 1, tzinfo=timezone.utc) + timedelta(minutes=minutes + width),
    ),
    st.integers(0, 250 * 24 * 60),
    st.integers(1, 60 * 24 * 60),
)
lengths = st.sampled_from([3 * DAY, 7 * DAY, 30 * DAY])
Ends = tuple[list[datetime], list[datetime]]


def asked(form: Form, longest: timedelta, window: Window) -> list[Ends]:
    """For each request, the starts and the ends that the API may read in its texts."""
    found = Filter("since", "until", form.write, longest=longest)
    requests = [found.parameters(part, NOW) for part in found.stretches(window, NOW)]
    return [(form.read(one["since"]), form.read(one["until"])) for one in requests]


@every_form
@given(window=windows, longest=lengths)
def test_no_request_asks_for_more(form: Form, window: Window, longest: timedelta) -> None:
    assert all(max(ends) - min(starts) <= longest for starts, ends in asked(form, longest, window))


@every_form
@given(window=windows, longest=lengths)
def test_all_of_the_time_is_asked_for(form: Form, window: Window, longest: timedelta) -> None:
    parts = asked(form, longest, window)

    assert window.start
    assert window.end
    assert max(parts[0][0]) <= window.start
    assert min(parts[-1][1]) >= window.end
    assert all(max(later[0]) <= min(earlier[1]) for earlier, later in pairwise(parts))


@given(window=windows, longest=lengths)
def test_times_in_one_parameter_are_no_longer_either(window: Window, longest: timedelta) -> None:
    def write(start: datetime, end: datetime) -> tuple[datetime, datetime]:
        return start, end

    both = Filter("when", "when", write, longest=longest)
    requests = [both.parameters(part, NOW)["when"] for part in both.stretches(window, NOW)]

    assert all(end - start <= longest for start, end in requests)
    assert all(later[0] <= earlier[1] for earlier, later in pairwise(requests))
