"""Reads a list window by window of time: what is new, what was asked for, or what fits a ceiling."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from dlt.sources.helpers.rest_client.paginators import BasePaginator
from requests import Request, Response

from email_assets.api.errors import ApiError

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
        """The later and the earlier half. The instant between them belongs to both."""
        start, end = self.start or EARLIEST, self.end or now
        middle = (start + (end - start) / 2).replace(microsecond=0)
        return Window(middle, self.end), Window(self.start, middle)

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
    """Reads each window with a paginator of its own, and splits those that hold too much.

    Args:
        resource: The resource's name, for sentences.
        pages: The paginator of one window; every window gets a copy.
        windows: What to read.
        filter: How the API is asked for a window, or None where it cannot be.
        ceiling: Rows that the API gives of one window at the most, or None.
        now: The end of a window that is open, when it is split.
        older: Whether a page holds a row from before the windows: the API lists the newest first
            and cannot be asked for less, so reading stops there.

    Attributes:
        total: Rows that the API says the windows hold, or None where it does not say.
        reached: Rows of the windows that were read.
        stopped_early: Whether reading stopped at rows from before the windows.
    """

    def __init__(
        self,
        resource: str,
        pages: BasePaginator,
        windows: Iterable[Window],
        *,
        filter: Filter | None,
        ceiling: int | None,
        now: datetime,
        older: Callable[[list[dict[str, Any]]], bool] = lambda rows: False,
    ) -> None:
        super().__init__()
        self._resource = resource
        self._template = pages
        self._waiting = list(windows)[::-1]
        self._filter = filter
        self._ceiling = ceiling
        self._now = now
        self._older = older
        self._request: dict[str, Any] = {}
        self._turn_over = False
        self.total: int | None = None
        self.reached = 0
        self.stopped_early = False
        self._open_next()

    def _open_next(self) -> None:
        self._window = self._waiting.pop()
        self._pages = deepcopy(self._template)

    def init_request(self, request: Request) -> None:
        """Ask for the first page of the first window."""
        self._request = {
            part: deepcopy(getattr(request, part)) for part in ("url", "params", "json")
        }
        self._ask_for_window(request)

    def update_request(self, request: Request) -> None:
        """Ask for the page, or for the window, that `update_state` decided on."""
        if self._turn_over:
            self._turn_over = False
            self._ask_for_window(request)
        else:
            self._pages.update_request(request)

    def _ask_for_window(self, request: Request) -> None:
        for part, value in self._request.items():
            setattr(request, part, deepcopy(value))
        wanted = self._filter.parameters(self._window) if self._filter else {}
        if request.json is not None:
            request.json.update(wanted)
        else:
            request.params = {**(request.params or {}), **wanted}
        self._pages.init_request(request)

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Learn from a page where to go on.

        Raises:
            ApiError: As the windows' paginator does, or a window holds more than the API gives and
                cannot be split.
        """
        rows = data if data is not None else []
        self._pages.update_state(response, data)
        total: int | None = getattr(self._pages, "total", None)
        if total is not None and self._ceiling is not None and total > self._ceiling:
            self._split(total)
            rows.clear()  # they come again with the windows that they are in
        elif self._older(rows):
            self.stopped_early = True
            self._close(len(rows), total)
        elif not self._pages.has_next_page:
            self._close(len(rows), total)
        else:
            return
        self._has_next_page = bool(self._waiting)
        if self._waiting:
            self._open_next()
            self._turn_over = True

    def _close(self, rows: int, total: int | None) -> None:
        self.reached += getattr(self._pages, "reached", rows)
        if total is not None:
            self.total = (self.total or 0) + total

    def _split(self, total: int) -> None:
        if self._filter is None or self._window.width(self._now) <= SECOND:
            raise ApiError(
                f"{self._resource}: the API has {total} rows for the time {self._window} and gives "
                f"{self._ceiling} of them at the most. Nothing of this run was loaded."
            )
        later, earlier = self._window.halves(self._now)
        self._waiting += [earlier, later]
