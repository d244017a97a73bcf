"""Stretches of time, and how an API is asked for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
EARLIEST = datetime(2000, 1, 1, tzinfo=timezone.utc)
"""Where the splitting of an open window begins; no email API is older."""


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
        """Whether an instant counts to this part of a window, and so to no other part of it."""
        inner_start = self.start if self.start != whole.start else None
        inner_end = self.end if self.end != whole.end else None
        return not (inner_start and at < inner_start) and not (inner_end and at >= inner_end)

    def width(self, now: datetime) -> timedelta:
        """How long it lasts, seen from now."""
        return (self.end or now) - (self.start or EARLIEST)

    def __str__(self) -> str:
        if self.start is None and self.end is None:
            return "everything"
        ends = (end.isoformat() if end else "…" for end in (self.start, self.end))
        return " to ".join(ends)


@dataclass(frozen=True)
class Filter:
    """How an API is asked for a window.

    `write` says an instant as the API wants to read it. Where it says two instants an hour apart
    alike, as a wall clock does when it is put back, the window is widened around them, and where it
    says no more than the minute or the day, up to the next one.
    """

    start_param: str | None
    end_param: str | None
    write: Callable[[datetime], Any]

    def parameters(self, window: Window) -> dict[str, Any]:
        """The parameters that ask for a window, or for more than it, but never for less."""
        found: dict[str, Any] = {}
        if window.start and self.start_param:
            found[self.start_param] = self._write_unmistakably(window.start, -HOUR)
        if window.end and self.end_param:
            # what `write` cuts off must not be cut off the window
            beyond = window.end + SECOND
            while self.write(beyond) == self.write(window.end):
                beyond += HOUR
            found[self.end_param] = self._write_unmistakably(beyond, HOUR)
        return found

    def _write_unmistakably(self, instant: datetime, step: timedelta) -> Any:
        while self._is_said_twice(instant, HOUR) or self._is_said_twice(instant, -HOUR):
            instant += step
        return self.write(instant)

    def _is_said_twice(self, instant: datetime, apart: timedelta) -> bool:
        """Whether a wall clock was put back in between; a mere date stays the same all the way."""
        said = self.write(instant)
        return bool(self.write(instant + apart) == said != self.write(instant + apart / 2))
