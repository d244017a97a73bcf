"""Reads a stretch of time of a list: what is new, what was asked for, what fits a ceiling."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from dlt.sources.helpers.rest_client.paginators import BasePaginator
from requests import Request, Response

from email_assets.api.errors import ApiError

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
EARLIEST = datetime(2000, 1, 1, tzinfo=timezone.utc)
"""Where the splitting of an open window begins; no email API is older."""


OWNER_HEADER = "X-Email-Assets-Owner"
"""Tells the session whose secret a request wants. It is taken off before anything is sent."""

_PARTS_OF_REQUEST = ("url", "params", "json", "headers")


@dataclass(frozen=True)
class Owner:
    """Whose list to read, where there are several lists of one kind; by default there is one."""

    name: str = ""
    label: dict[str, Any] = field(default_factory=dict)
    """What every row of the owner gets."""


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

    def width(self, now: datetime) -> timedelta:
        """How long it lasts, seen from now."""
        return (self.end or now) - (self.start or EARLIEST)

    def __str__(self) -> str:
        ends = (end.isoformat() if end else "…" for end in (self.start, self.end))
        return " to ".join(ends)


@dataclass(frozen=True)
class Filter:
    """How an API is asked for a window.

    `write` says an instant as the API wants to read it. Where it says two instants an hour apart
    alike, as a wall clock does when it is put back, the window is widened around them.
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
            # what `write` cuts off a second must not be cut off the window
            found[self.end_param] = self._write_unmistakably(window.end + SECOND, HOUR)
        return found

    def _write_unmistakably(self, instant: datetime, step: timedelta) -> Any:
        while self.write(instant) in (self.write(instant - HOUR), self.write(instant + HOUR)):
            instant += step
        return self.write(instant)


class WindowPaginator(BasePaginator):
    """Reads a window of a list, in parts where it holds more than the API gives at once.

    Args:
        resource: The resource's name, for sentences.
        pages: The paginator of one part; every part gets a copy.
        time_filter: How the API is asked for a window, or None where it cannot be.
        ceiling: Rows that the API gives of one window at the most, or None.
        time_of: When a row came about, if the API lists the newest first and cannot be asked for
            less: reading stops at the first page that reaches back before the window.

    Attributes:
        window: What to read; everything, unless it is set before reading starts.
        owners: Whose lists to read, one after the other.
        total: Rows that the API says the window holds, or None where it does not say.
        reached: Rows of the window that were read.
        stopped_early: Whether reading stopped at rows from before the window.
    """

    def __init__(
        self,
        resource: str,
        pages: BasePaginator,
        *,
        time_filter: Filter | None = None,
        ceiling: int | None = None,
        time_of: Callable[[dict[str, Any]], datetime | None] | None = None,
    ) -> None:
        super().__init__()
        self._resource = resource
        self._template = pages
        self._filter = time_filter
        self._ceiling = ceiling
        self._time_of = time_of
        self.window = Window()
        self.owners = [Owner()]
        self.total: int | None = None
        self.reached = 0
        self.stopped_early = False

    def init_request(self, request: Request) -> None:
        """Ask for the first page."""
        self._now = datetime.now(timezone.utc)
        self._waiting = [(owner, self.window) for owner in reversed(self.owners)]
        # a part starts from the request as it was, whatever the pages of another made of it
        self._request = {part: deepcopy(getattr(request, part)) for part in _PARTS_OF_REQUEST}
        self._open_next(request)

    def update_request(self, request: Request) -> None:
        """Ask for the page that `update_state` decided on."""
        if not self._part_is_read:
            self._pages.update_request(request)
        elif self._waiting:
            self._open_next(request)

    def _open_next(self, request: Request) -> None:
        self._owner, self._part = self._waiting.pop()
        self._part_is_read = False
        self._part_rows = 0
        self._pages = deepcopy(self._template)
        for name, value in self._request.items():
            setattr(request, name, deepcopy(value))
        if self._owner.name:
            request.headers = {**(request.headers or {}), OWNER_HEADER: self._owner.name}
        wanted = self._filter.parameters(self._part) if self._filter else {}
        if request.json is not None:
            request.json.update(wanted)
        else:
            request.params = {**(request.params or {}), **wanted}
        self._pages.init_request(request)

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Learn from a page where to go on.

        Raises:
            ApiError: As the paginator of the parts does, or a part holds more than the API gives
                and cannot be split.
        """
        rows: list[dict[str, Any]] = data if data is not None else []
        self._pages.update_state(response, rows)
        self._part_rows += len(rows)
        for row in rows:
            row.update(self._owner.label)
        total: int | None = getattr(self._pages, "total", None)
        if total is not None and self._ceiling is not None and total > self._ceiling:
            self._waiting += [(self._owner, half) for half in self._halves(total)]
            self._part_is_read = True
            rows.clear()  # they come again with the parts that they are in
        else:
            self.stopped_early = self._reaches_back(rows)
            if self.stopped_early or not self._pages.has_next_page:
                self._part_is_read = True
                self.reached += getattr(self._pages, "reached", self._part_rows)
                self.total = self.total if total is None else (self.total or 0) + total
        self._has_next_page = not self._part_is_read or bool(self._waiting)

    def _reaches_back(self, rows: list[dict[str, Any]]) -> bool:
        if self._time_of is None or self._part.start is None:
            return False
        times = [at for at in map(self._time_of, rows) if at]
        return bool(times) and min(times) < self._part.start

    def _halves(self, total: int) -> tuple[Window, Window]:
        """The two halves of the part that holds too much, to be read from the end."""
        if self._filter is None or self._part.width(self._now) <= SECOND:
            raise ApiError(
                f"{self._resource}: the API has {total} rows for the time {self._part} and gives "
                f"{self._ceiling} of them at the most. Nothing of this run was loaded."
            )
        return self._part.halves(self._now)
