"""Pagination by offset that cannot skip, loop or lie."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from requests import Request, Response

from email_assets.api.pagination import ListPaginator, Selector, copy_of, shape_of
from email_assets.errors import ApiError

_Page = tuple[list[str], int]
"""The keys of an answer's rows, and the offset that was asked for."""

REWINDS = 100
"""Times that a list may shift without a new row before its reader gives up."""
FEW_PAGES = 5
"""Up to so many, pages in flight gain nothing to speak of."""


class ListOffsetPaginator(ListPaginator):
    """Reads a list by `offset` and `limit`, to its end, and notices when the list shifts.

    The offset moves by the rows that came, those with equal keys counted once, less one: each page
    repeats the last row of the page before. A page that does not is read again from further up,
    and where rows go on vanishing, pages overlap by so many that the reader gets ahead. By that
    pages may come in any order of time, as those do that are in flight together. The list ends
    where the API's total says so, or else at a page that brings nothing new; a last page that is
    full is followed by one more request, in case the total is too small. Rows read again are merged
    by their primary key.

    A list of a few pages with a total is read without an overlap, and one page after the other: a
    total that falls sends the reader back by as many rows as went missing before it.

    Args:
        resource: The resource's name, for sentences.
        data_selector: JSONPath of the rows in an answer.
        primary_key: Fields that identify a row.
        limit: Rows to ask for; an API may give fewer a page.
        offset_param: The query parameter of the offset.
        limit_param: The query parameter of the limit.
        total_path: JSONPath of the total in an answer, or None where the API has none.
        maximum_offset: Rows that the API gives of a list at the most, or None: it is an error to
            ask for a page that ends beyond them.
        speculate: Whether pages that may not exist can be asked for ahead, while there is no total.

    Attributes:
        total: What the API last said there are, or None.
        reached: Rows of the list that were read, not counting those read again.
        missed_rows: Whether the last page came after rows that were not read yet.
    """

    def __init__(
        self,
        resource: str,
        data_selector: str,
        primary_key: Sequence[str],
        *,
        limit: int,
        offset_param: str = "offset",
        limit_param: str = "limit",
        total_path: str | None = "total",
        maximum_offset: int | None = None,
        speculate: bool = False,
    ) -> None:
        super().__init__()
        self._resource = resource
        self._data = Selector(data_selector)
        self._primary_key = primary_key
        self._limit = limit
        self._offset_param = offset_param
        self._limit_param = limit_param
        self._total_in = Selector(total_path) if total_path else None
        self._maximum_offset = maximum_offset
        self._speculate = speculate
        self._start()

    def _start(self) -> None:
        self.total: int | None = None
        self.reached = 0
        self.missed_rows = False
        self._offset = 0
        self._read_to = 0
        self._first: _Page = ([], 0)
        self._previous: _Page = ([], 0)
        self._known: set[str] = set()
        self._tail: dict[str, dict[str, Any]] = {}
        self._widest = 0
        self._overlaps = False
        self._rewinds = 0
        self._stride = self._overlap = 1
        self._has_next_page = True

    def init_request(self, request: Request) -> None:
        """Ask for the first page."""
        self._start()
        request.params = {**(request.params or {}), self._limit_param: self._limit}
        self.update_request(request)

    def update_request(self, request: Request) -> None:
        """Ask for the page that `update_state` decided on."""
        self._at(self._offset, request)

    @property
    def is_foreseeable(self) -> bool:
        """Whether an answer has told how many rows there are, or it does not matter."""
        return self.total is not None or self._speculate

    def upcoming(self, request: Request) -> Iterator[Request]:
        """The requests that follow the next one, as far as the total reaches, if nothing shifts."""
        if not self.is_foreseeable or not self._overlaps:
            return
        total = sys.maxsize if self.total is None else self.total
        # where the list ends with a page, no other follows that repeats its last row
        end = min(total, self._maximum_offset or total) - self._overlap
        step = max(1, self._widest - self._overlap)
        for offset in range(self._offset + step, end, step):
            yield self._at(offset, copy_of(request))

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Learn from a page where to go on.

        Raises:
            ApiError: The answer holds no list of rows, its total is no number, the page came
                before, or the list shifts faster than it can be read.
        """
        payload = response.json()
        rows, total = self._rows(payload), self._total(payload)
        identities = [self._identity(row) for row in rows]
        repeated = self._came_before(identities)
        change = 0 if total is None or self.total is None else total - self.total
        keys = set(identities)
        if data:  # null stands for no rows here, and in the answer for a mistake
            self._drop_repeated(data, identities)
        end = self._offset + len(keys)
        if end > self.reached:
            self.reached, self._rewinds = end, 0
        if total is not None:
            self.total = total

        self.missed_rows = False
        self._previous = identities, self._offset
        if self._offset == 0:
            self._first = self._previous
            self._overlaps = self.total is None or self.total > FEW_PAGES * len(keys) > FEW_PAGES
        if self._overlaps or self.total is None:
            self._go_on_by_overlap(keys, end, repeated and change == 0)
        else:
            self._go_on_by_total(len(keys), end, self.total, change, repeated and change == 0)
        self._widest = max(self._widest, len(keys))
        if self._maximum_offset is not None and end >= self._maximum_offset:
            self._has_next_page = self.missed_rows

    def _go_on_by_total(self, rows: int, end: int, total: int, change: int, repeated: bool) -> None:
        vanished = max(0, -change)
        self._read_to = max(0, self._read_to - vanished)
        if self._offset > self._read_to:
            # further back by as many again, which may vanish meanwhile
            self._rewind(self._read_to - vanished)
        elif repeated and self._offset >= total:
            # beyond the end, some APIs give their last page, and those without pages all they have
            self.reached, self._has_next_page = self._offset, False
        elif repeated:
            raise self._error(f"gave the same page of {rows} rows for two offsets")
        else:
            full = rows >= self._limit or 0 < self._widest <= rows
            self._has_next_page = rows > 0 and (end != total or full)
            self._read_to, self._offset = end, max(0, end - vanished)

    def _go_on_by_overlap(self, keys: set[str], end: int, repeated: bool) -> None:
        full = len(keys) >= self._widest > 1
        if repeated and full and self.total is not None and self._read_to >= self.total:
            self.reached, self._has_next_page = self._read_to, False
            return
        if repeated and full and self.total is not None and self._offset < len(self._first[0]):
            # some APIs round the offset to whole pages, which leaves no room for an overlap
            self._overlaps, self._offset, self._has_next_page = False, self._read_to, True
            return
        if repeated and full:
            raise self._error(f"gave the same page of {len(keys)} rows for two offsets")
        if self._offset > 0 and self._widest > 1 and keys.isdisjoint(self._known):
            self._rewind(self._offset - self._limit * self._stride)
            self._stride *= 2
            self._overlap = min(self._overlap * 2, self._widest // 2)
            return
        self._stride = 1
        ended = self.total is not None and end >= self.total and not full
        self._has_next_page = (full or not keys <= self._known) and not ended
        self._known = keys
        # a page of one row leaves no room for an overlap
        self._read_to, self._offset = end, max(self._offset + 1, end - self._overlap)

    def _drop_repeated(self, rows: list[dict[str, Any]], identities: list[str]) -> None:
        """Leave out what the page before ended with, unless it has changed since."""
        named = list(zip(identities, rows, strict=True))
        rows[:] = [row for identity, row in named if self._tail.get(identity) != row]
        # copies: a row may get more fields on its way
        self._tail = {identity: dict(row) for identity, row in named[-self._overlap :]}

    def _rewind(self, offset: int) -> None:
        self._rewinds += 1
        if self._rewinds > REWINDS:
            raise self._error(f"shifted its list {REWINDS} times while it was read")
        self._offset = max(0, offset)
        self.missed_rows = self._has_next_page = True

    def _came_before(self, identities: list[str]) -> bool:
        """Whether these rows came just before, or as the first ones, for a smaller offset."""
        pages = (self._first, self._previous)
        return bool(identities) and any(
            identities == page and self._offset > at for page, at in pages
        )

    def _identity(self, row: dict[str, Any]) -> str:
        key = tuple(row.get(field) for field in self._primary_key)
        return repr(row) if None in key else repr(key)

    def _rows(self, payload: Any) -> list[dict[str, Any]]:
        found = self._data.find(payload)
        if not found:
            raise self._error(f"gave an answer without {self._data}: {shape_of(payload)}")
        rows = found[0]
        if not isinstance(rows, list):
            raise self._error(f"gave {shape_of(rows)} under {self._data}, not a list")
        for row in rows:
            if not isinstance(row, dict):
                raise self._error(f"gave {shape_of(row)} as a row, not an object")
        return rows

    def _total(self, payload: Any) -> int | None:
        found = self._total_in.find(payload) if self._total_in else []
        total = found[0] if found else None
        if total is None:
            return None
        if (isinstance(total, str) and total.isdecimal()) or (
            isinstance(total, float) and total.is_integer()
        ):
            total = int(total)
        if not isinstance(total, int) or isinstance(total, bool) or total < 0:
            raise self._error(f"gave {shape_of(total)} as the total, not a whole number from 0")
        return total

    def _at(self, offset: int, request: Request) -> Request:
        request.params[self._offset_param] = offset
        if self._maximum_offset is not None:
            request.params[self._limit_param] = min(self._limit, self._maximum_offset - offset)
        return request

    def _error(self, problem: str) -> ApiError:
        return ApiError(
            f"{self._resource}: at offset {self._offset} the API {problem}. Nothing of this run "
            "was loaded; what was loaded before is untouched."
        )
