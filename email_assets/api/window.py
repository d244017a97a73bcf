"""Stretches of time, and how an API is asked for one."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from math import ceil
from typing import Any

from dlt.common import jsonpath

from email_assets.errors import ApiError

SECOND = timedelta(seconds=1)
A_LONG_SYNC = timedelta(hours=1)
"""The time for which pages are asked for after the first one, whose start must be allowed still."""
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
EARLIEST = datetime(2000, 1, 1, tzinfo=timezone.utc)
"""The start from which an open window is split; no email API is older."""


@dataclass(frozen=True)
class Window:
    """A stretch of time, both ends included; an end that is None is open."""

    start: datetime | None = None
    end: datetime | None = None

    def halves(self, now: datetime) -> tuple[Window, Window]:
        """The earlier and the later half. The instant between them belongs to both."""
        start, end = self.start or EARLIEST, self.end or now
        middle = (start + (end - start) / 2).replace(microsecond=0)
        return Window(self.start, middle), Window(middle, self.end)

    def counts(self, at: datetime, whole: Window) -> bool:
        """True if an instant counts to this part of a window, and so to no other part of it."""
        inner_start = self.start if self.start != whole.start else None
        inner_end = self.end if self.end != whole.end else None
        return not (inner_start and at < inner_start) and not (inner_end and at >= inner_end)

    def width(self, now: datetime) -> timedelta:
        """Its length, seen from now."""
        return (self.end or now) - (self.start or EARLIEST)

    def before(self, asked: Window) -> Window | None:
        """The part of it that lies before what was asked for, or None if there is none."""
        if self.start and asked.start and asked.start > self.start:
            return Window(self.start, asked.start)
        return None

    def __str__(self) -> str:
        if self.start is None and self.end is None:
            return "everything"  # as metadata and the check `complete` have it
        ends = (end.isoformat() if end else "…" for end in (self.start, self.end))
        return " to ".join(ends)


@dataclass(frozen=True)
class Filter:
    """The parameters by which an API is asked for a window.

    `write` says an instant as the API wants to read it. Where it says two instants an hour apart
    alike, as a wall clock does when it is put back, the window is widened around them, and where it
    says no more than the minute or the day, up to the next one. Where both parameters are the same
    one, `write` is given both ends of a window, in UTC.
    """

    start_param: str | None
    end_param: str | None
    write: Callable[..., Any]
    begin: datetime | timedelta | None = None
    """The start of a window that has none. So long ago nothing is older, if it is a length."""
    ends_now: bool = False
    """True if the API wants an end with every start: now, where the window has none."""
    longest: timedelta | None = None
    """The longest stretch of one request."""

    def earliest(self, now: datetime) -> datetime | None:
        """The first instant that the API gives anything of, as far as is known."""
        if not isinstance(self.begin, timedelta):
            return None
        return (now - self.begin).replace(microsecond=0) + A_LONG_SYNC

    def stretches(self, window: Window, now: datetime) -> list[Window]:
        """A window in stretches that the API can be asked for, the latest last."""
        earliest = self.earliest(now)
        begin = self.begin if isinstance(self.begin, datetime) else earliest
        start = window.start or begin
        start = max(start, earliest) if start and earliest else start
        end = window.end or (now if self.ends_now and start else None)
        if not (self.longest and start and end and start < end):
            return [Window(start, end)]
        step = max(self.longest - self._widened_by(end), self.longest / 4)
        parts = ceil((end - start) / step)
        borders = [start + n * step for n in range(parts)]
        return [Window(*ends) for ends in zip(borders, [*borders[1:], end], strict=True)]

    def parameters(self, window: Window, now: datetime | None = None) -> dict[str, Any]:
        """The parameters that ask for a window, or for more than it, but never for less.

        Args:
            window: What to ask for.
            now: The time now, where an API that wants an end would refuse one that is to come.
        """
        if self.start_param and self.start_param == self.end_param:
            return {self.start_param: self._write_both(window, now)}
        found: dict[str, Any] = {}
        if window.start and self.start_param:
            found[self.start_param] = self._write_unmistakably(window.start, -HOUR)
        if window.end and self.end_param:
            # what `write` cuts off must not be cut off the window
            beyond = window.end + SECOND
            while self.write(beyond) == self.write(window.end):
                beyond += HOUR
            is_to_come = self._is_to_come(beyond, now)
            found[self.end_param] = (
                self.write(now) if is_to_come else self._write_unmistakably(beyond, HOUR)
            )
        return found

    def _is_to_come(self, end: datetime, now: datetime | None) -> bool:
        return self.ends_now and now is not None and end >= now

    def _write_both(self, window: Window, now: datetime | None) -> Any:
        # a vendor's file that leaves one of them open is refused
        assert window.start is not None  # noqa: S101
        assert window.end is not None  # noqa: S101
        is_to_come = self._is_to_come(window.end, now)
        return self.write(window.start, now if is_to_come else window.end + SECOND)

    def _widened_by(self, end: datetime) -> timedelta:
        """The time by which a stretch may get longer as it is written."""
        if self.start_param == self.end_param:
            return SECOND
        hours = [self.write(end - n * HOUR) for n in range(3)]
        return 2 * DAY if len(set(hours)) < len(hours) else 2 * HOUR

    def _write_unmistakably(self, instant: datetime, step: timedelta) -> Any:
        while self._is_said_twice(instant, HOUR) or self._is_said_twice(instant, -HOUR):
            instant += step
        return self.write(instant)

    def _is_said_twice(self, instant: datetime, apart: timedelta) -> bool:
        """True if a wall clock was put back in between; a mere date stays the same all the way."""
        said = self.write(instant)
        return bool(self.write(instant + apart) == said != self.write(instant + apart / 2))


def too_many(
    resource: str, part: Window, total: int | None, reached: int, ceiling: int | None
) -> ApiError:
    """The error of a stretch that holds more than the API gives, and cannot be split further."""
    held = total if total is not None and total >= reached else f"at least {reached}"
    when = "" if part == Window() else f" for the time {part}"
    return ApiError(
        f"{resource}: the API has {held} rows{when} and gives {ceiling} of them at the most. "
        "Nothing of this run was loaded."
    )


def lies_before(start: datetime, times: list[datetime]) -> bool:
    """True if a page whose rows have these times, the newest first, is all from before a start."""
    # the whole page, since one old row among new ones is no end; and one in the order that it
    # should have, since any other says nothing about the pages after it
    return len(times) > 1 and times[0] > times[-1] and max(times) < start


def asking_for(
    wanted: dict[str, Any], params: Any, json: Any
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """A request's query and body with some more parameters, in the body where there is one.

    The names of parameters of a body are paths in it: `filter.from` is `from` in `filter`.
    """
    if json is None:
        return {**(params or {}), **wanted}, None
    body = deepcopy(json)
    for path, value in wanted.items():
        jsonpath.set_value_at_path(body, path, value)
    return params, body
