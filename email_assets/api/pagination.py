"""Pagination by offset that cannot skip, loop or lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlt.common import jsonpath
from dlt.sources.helpers.rest_client.paginators import BasePaginator
from requests import Request, Response

from email_assets.api.errors import ApiError

REWINDS = 100
"""Times that a list may shift under its reader before the reader gives up."""


class ListOffsetPaginator(BasePaginator):
    """Reads a list by `offset` and `limit`, to its end, and notices when the list shifts.

    The offset moves by the rows that came. Where the API gives a total, the list ends there, and
    a total that falls sends the reader back by as many rows as went missing before it; a last page
    that is full is followed by one more request, in case the total is too small. Where the API
    gives no total, each page repeats the last row of the page before, a page that does not
    continue the one before is read again from further up, and the list ends at a page that brings
    nothing new. Rows read again are merged by their primary key.

    Rows that vanish at the head while as many are added at the end are noticed only without a
    total; email APIs list the newest first.

    Args:
        resource: The resource's name, for sentences.
        data_selector: JSONPath of the rows in an answer.
        primary_key: Fields that identify a row.
        limit: Rows to ask for; an API may give fewer a page.
        offset_param: The query parameter of the offset.
        limit_param: The query parameter of the limit.
        total_path: JSONPath of the total in an answer, or None where the API has none.

    Attributes:
        total: What the API last said there are, or None.
        reached: Rows of the list that were read, not counting those read again.
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
    ) -> None:
        super().__init__()
        self._resource = resource
        self._data_path = jsonpath.compile_path(data_selector)
        self._data_selector = data_selector
        self._primary_key = primary_key
        self._limit = limit
        self._offset_param = offset_param
        self._limit_param = limit_param
        self._total_path = jsonpath.compile_path(total_path) if total_path else None
        self._start()

    def _start(self) -> None:
        self.total: int | None = None
        self.reached = 0
        self._offset = 0
        self._page: list[dict[str, Any]] = []
        self._page_offset = 0
        self._widest = 0
        self._rewinds = 0
        self._stride = 1
        self._has_next_page = True

    def init_request(self, request: Request) -> None:
        """Ask for the first page."""
        self._start()
        request.params = {**(request.params or {}), self._limit_param: self._limit}
        self.update_request(request)

    def update_request(self, request: Request) -> None:
        """Ask for the page that `update_state` decided on."""
        request.params[self._offset_param] = self._offset

    def update_state(self, response: Response, data: list[Any] | None = None) -> None:
        """Learn from a page where to go on.

        Raises:
            ApiError: The answer holds no list of rows, its total is no number, the page came
                before, or the list shifts faster than it can be read.
        """
        del data  # dlt takes null for no rows; the answer itself tells them apart
        payload = response.json()
        rows, total = self._rows(payload), self._total(payload)
        repeated = bool(rows) and rows == self._page and self._offset != self._page_offset
        previous_total, end = self.total, self._offset + len(rows)
        if total is not None:
            self.total = total
        self.reached = max(self.reached, end)

        if self.total is None:
            self._go_on_by_overlap(rows, end, repeated)
        else:
            fell = previous_total - self.total if previous_total is not None else 0
            self._go_on_by_total(rows, end, fell, repeated and fell == 0)
        self._widest = max(self._widest, len(rows))

    def _go_on_by_total(
        self, rows: list[dict[str, Any]], end: int, fell: int, repeated: bool
    ) -> None:
        assert self.total is not None  # noqa: S101 (the caller's condition)
        self._page, self._page_offset = rows, self._offset
        if fell > 0:
            self._rewind(self._offset - fell)
        elif repeated and self._offset >= self.total:
            # an API without pages: its first answer held all that it says there is
            self.reached, self._has_next_page = self._offset, False
        elif repeated:
            raise self._error(f"gave the same page of {len(rows)} rows for two offsets")
        else:
            full = len(rows) >= self._limit or 0 < self._widest <= len(rows)
            self._has_next_page = bool(rows) and (end != self.total or full)
            self._offset = end

    def _go_on_by_overlap(self, rows: list[dict[str, Any]], end: int, repeated: bool) -> None:
        if repeated and len(rows) > 1:
            raise self._error(f"gave the same page of {len(rows)} rows for two offsets")
        known = {self._identity(row) for row in self._page}
        continues = not known or any(self._identity(row) in known for row in rows)
        if self._offset > 0 and self._widest > 1 and not continues:
            self._rewind(self._offset - self._limit * self._stride)
            self._stride *= 2
            return
        self._stride = 1
        last_is_known = not rows or self._identity(rows[-1]) in known
        self._has_next_page = bool(rows) and not (last_is_known and len(rows) < self._widest)
        self._page, self._page_offset = rows, self._offset
        # a page of one row leaves no room for an overlap
        self._offset = end - 1 if len(rows) > 1 else end

    def _rewind(self, offset: int) -> None:
        self._rewinds += 1
        if self._rewinds > REWINDS:
            raise self._error(f"shifted its list {REWINDS} times while it was read")
        self._offset = max(0, offset)
        self._has_next_page = True

    def _identity(self, row: dict[str, Any]) -> object:
        key = tuple(row.get(field) for field in self._primary_key)
        return repr(row) if None in key else repr(key)

    def _rows(self, payload: Any) -> list[dict[str, Any]]:
        found = jsonpath.find_values(self._data_path, payload)
        if not found:
            raise self._error(f"gave an answer without {self._data_selector!r}: {_shape(payload)}")
        rows = found[0]
        if not isinstance(rows, list):
            raise self._error(f"gave {_shape(rows)} under {self._data_selector!r}, not a list")
        for row in rows:
            if not isinstance(row, dict):
                raise self._error(f"gave {_shape(row)} as a row, not an object")
        return rows

    def _total(self, payload: Any) -> int | None:
        found = jsonpath.find_values(self._total_path, payload) if self._total_path else []
        total = found[0] if found else None
        if total is None:
            return None
        if isinstance(total, str) and total.isdecimal():
            total = int(total)
        if not isinstance(total, int) or isinstance(total, bool) or total < 0:
            raise self._error(f"gave {_shape(total)} as the total, not a number of rows")
        return total

    def _error(self, problem: str) -> ApiError:
        return ApiError(
            f"{self._resource}: at offset {self._offset} the API {problem}. Nothing of this run "
            "was loaded; what was loaded before is untouched."
        )


def _shape(value: Any) -> str:
    """What a value is, without what it says: values may be customers' data."""
    if isinstance(value, dict):
        return f"an object with the keys {', '.join(map(repr, list(value)[:10])) or '(none)'}"
    names = {list: "a list", str: "text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number that is negative or not whole")
