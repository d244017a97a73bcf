"""Reads a stretch of time of a list: what is new, what was asked for, what fits a ceiling."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import Any

from dlt.sources.helpers.rest_client.paginators import BasePaginator
from requests import Request, Response

from email_assets.api.answer import Answer
from email_assets.api.owner import Owner, leave_out
from email_assets.api.pagination import ListPaginator, copy_of, trouble_with
from email_assets.api.window import SECOND, Filter, Window, asking_for, lies_before, too_many
from email_assets.clock import now
from email_assets.errors import ApiError

_PARTS_OF_REQUEST = ("url", "params", "json", "headers")


class WindowPaginator(BasePaginator):
    """Reads a window of a list, in parts where it holds more than the API gives at once.

    An owner whose list the API refuses, or fails to give, is left out, and the others are read.

    Args:
        resource: The resource's name, for sentences.
        pages: The paginator of one part; every part gets a copy.
        time_filter: How the API is asked for a window, or None where it cannot be.
        ceiling: Rows that the API gives of one window at the most, or None.
        time_of: When a row came about, or None where nothing is known of that.
        newest_first: True to stop at the first page that reaches back before the window, where the
            API cannot be asked for less.

    Attributes:
        expect: Told which requests come next, and which come for other parts, where that is sure.
        forget: Told of owners, by name, whose pages are not wanted any more.
        asks_for_windows: True if the API is asked for no more than the window.
        window: What to read; everything, unless it is set before reading starts.
        asked: What the API was asked for of that: some want both ends, or give only what is recent.
        asked_of: The same of each owner, by name.
        owners: Whose lists to read, one after the other.
        behind: Instants to read owners from, by name, if not the window's start; None is the first.
        refused: Owners whose lists cannot be read, by name, and why.
        at_end: Called when there is nothing more to read.
        total: Rows that the API says the window holds, or None where it does not say.
        reached: Different rows of the window that were read.
        missing: Rows that were there all the time, by the API's totals, and were not read.
        stopped_early: True if reading stopped at rows from before the window, of any owner.
        after_page: Called after each page.
    """

    def __init__(
        self,
        resource: str,
        pages: ListPaginator,
        *,
        time_filter: Filter | None = None,
        ceiling: int | None = None,
        time_of: Callable[[dict[str, Any]], datetime | None] | None = None,
        newest_first: bool = False,
    ) -> None:
        super().__init__()
        self._resource = resource
        self._template = pages
        self.asks_for_windows = time_filter is not None
        self._filter = time_filter
        self._ceiling = ceiling
        self._time_of = time_of
        self._stops_early = newest_first and time_filter is None
        self.expect: Callable[[Iterable[Request], Iterable[Request]], None] = lambda *_: None
        self.forget: Callable[[Collection[str]], None] = lambda _: None
        self.window = self.asked = Window()
        self.asked_of: dict[str, Window] = {}
        self.owners = [Owner()]
        self.behind: Mapping[str, datetime | None] = {}
        self.refused: dict[str, ApiError] = {}
        self.at_end: Callable[[], None] = lambda: None
        self.total: int | None = None
        self.reached = self.missing = 0
        self.stopped_early = False
        self.after_page: Callable[[], None] = lambda: None

    @property
    def list_total(self) -> int | None:
        """Rows that the API said there are in the list that was read last, or None."""
        return self._pages.total

    @property
    def since(self) -> datetime | None:
        """The instant from which on rows are read, of any owner, or None for all of them."""
        starts = [self.window_of(owner).start for owner in self.owners]
        return None if None in starts else min(filter(None, starts), default=self.window.start)

    def window_of(self, owner: Owner) -> Window:
        """The window to read of an owner."""
        return replace(self.window, start=self.behind.get(owner.name, self.window.start))

    def init_request(self, request: Request) -> None:
        """Ask for the first page."""
        self._now, self._is_foreseeable = now(), False
        self.asked = self._stretches(self.window)[1]
        self._waiting: list[tuple[Owner, Window]] = []
        for owner in reversed(self.owners):
            stretches, self.asked_of[owner.name] = self._stretches(self.window_of(owner))
            self._waiting += [(owner, stretch) for stretch in stretches]
        # a part starts from the request as it was, whatever the pages of another made of it
        self._request = {part: deepcopy(getattr(request, part)) for part in _PARTS_OF_REQUEST}
        self._open_next(request)

    def _stretches(self, window: Window) -> tuple[list[Window], Window]:
        """The stretches of a window that the API can be asked for, and what they are together."""
        found = self._filter.stretches(window, self._now) if self._filter else [window]
        return found, Window(found[0].start, found[-1].end)

    def update_request(self, request: Request) -> None:
        """Ask for the page that `update_state` decided on."""
        if not self._part_is_read:
            self._pages.update_request(request)
        elif self._waiting:
            self._open_next(request)
        may_stop_early = self._stops_early and self._part.start is not None
        if not self._has_next_page:
            self.expect((), ())
        elif self._is_foreseeable and not may_stop_early:
            coming = chain([request], self._pages.upcoming(request))
            self.expect(coming, self._first_requests(request))

    def _first_requests(self, request: Request) -> Iterator[Request]:
        """The requests for the first pages of the parts that wait."""
        if not self._waiting:
            return  # before anything is copied, which takes its time
        pages = deepcopy(self._template)
        for owner, part in reversed(self._waiting):
            first = copy_of(request)
            self._open(pages, owner, part, first)
            yield first

    def _open_next(self, request: Request) -> None:
        self._owner, self._part = self._waiting.pop()
        self._part_is_read = self._is_past = False
        self._elsewhere = 0
        self._pages = deepcopy(self._template)
        self._open(self._pages, self._owner, self._part, request)

    def _open(self, pages: ListPaginator, owner: Owner, part: Window, request: Request) -> None:
        """Let a paginator begin with one part, and make the request for its first page."""
        for name, value in self._request.items():
            setattr(request, name, deepcopy(value))
        owner.ask_for_its_list(request)
        wanted = self._filter.parameters(part, self._now) if self._filter else {}
        request.params, request.json = asking_for(wanted, request.params, request.json)
        pages.init_request(request)

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Learn from a page where to go on.

        Raises:
            ApiError: As the paginator of the parts does, or a part holds more than the API gives
                and cannot be split, or the API gives no owner's list.
        """
        rows: list[dict[str, Any]] = data if data is not None else []
        if isinstance(response, Answer) and (response.refusal or response.is_ignored):
            self._end_list(response.refusal, rows)
        else:
            self._learn(response, rows)
        self._has_next_page = not self._part_is_read or bool(self._waiting)
        self.after_page()
        if not self._has_next_page:
            self.at_end()

    @property
    def so_far(self) -> tuple[int, int | None]:
        """Rows that were read until now, and those that there are, where that is known by now."""
        if self._part_is_read:
            return self.reached, None if self._waiting else self.total
        total = None if self._waiting else self._pages.total
        return self.reached + self._pages.reached, total and (self.total or 0) + total

    def _end_list(self, refusal: ApiError | None, rows: list[dict[str, Any]]) -> None:
        """Go on with the next part, or with the next owner's if this one's cannot be read."""
        rows.clear()
        self._part_is_read = True
        if refusal is None:
            self._count()
        elif trouble := leave_out(self.owners, self.refused, self._owner, refusal):
            raise trouble
        self._waiting = [part for part in self._waiting if part[0].name not in self.refused]
        self.forget(self.refused)

    def _learn(self, response: Response, rows: list[dict[str, Any]]) -> None:
        if broken := trouble_with(self._pages, response, rows):
            self._end_list(broken, rows)
            return
        for row in rows:
            row.update(self._owner.label)
        self._elsewhere += self._rows_elsewhere(rows)
        self._is_foreseeable = self._is_foreseeable or self._pages.is_foreseeable
        if self._is_beyond_ceiling(self._pages.total):
            self._waiting += [(self._owner, half) for half in self._halves(self._pages.total)]
            self._part_is_read = True
            rows.clear()  # they come again with the parts that they are in
            return
        stops = self._reaches_back(rows)
        self.stopped_early = self.stopped_early or stops
        if stops or not self._pages.has_next_page:
            self._part_is_read = True
            self._count(stops)

    def _count(self, stops: bool = False) -> None:
        """Count a part that was read, be it that reading stopped at rows from before the window."""
        pages, total = self._pages, self._pages.total
        self.reached += pages.reached - self._elsewhere
        self.missing += 0 if stops else pages.missing
        if total is not None or pages.missing:
            # what was there all the time; rows that arrived meanwhile are left to the next sync
            held = total if total and stops else pages.reached + pages.missing
            self.total = (self.total or 0) + held - self._elsewhere

    def _is_beyond_ceiling(self, total: int | None) -> bool:
        """True if the part holds more than the API gives, or may."""
        # a total of just the ceiling may be one that the API does not count beyond
        return self._ceiling is not None and max(total or 0, self._pages.position) >= self._ceiling

    def _rows_elsewhere(self, rows: list[dict[str, Any]]) -> int:
        """The number of rows at a border that come with another part too, and are counted there."""
        whole = self.asked_of[self._owner.name]
        if self._time_of is None or self._part == whole:
            return 0
        return sum(not self._part.counts(at, whole) for at in map(self._time_of, rows) if at)

    def _reaches_back(self, rows: list[dict[str, Any]]) -> bool:
        if not self._stops_early or self._time_of is None or self._part.start is None:
            return False
        if not self._pages.looks_back:
            times = [at for at in map(self._time_of, rows) if at]
            self._is_past = lies_before(self._part.start, times)
        # rows that were missed are newer than those of this page
        return self._is_past and not self._pages.missed_rows

    def _halves(self, total: int | None) -> tuple[Window, Window]:
        """The two halves of the part that holds too much, to be read from the end."""
        halves = self._part.halves(self._now)
        if self._filter is None or self._part in halves or self._part.width(self._now) <= SECOND:
            raise too_many(self._resource, self._part, total, self._pages.position, self._ceiling)
        return halves
