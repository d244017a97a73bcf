"""A simulated API whose list changes while it is read, and a reader of it; both without HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

from requests import PreparedRequest, Request

from email_assets.api.answer import Answer
from email_assets.api.windows import WindowPaginator
from email_assets.errors import ApiError

Row = dict[str, Any]
Change = tuple[Literal["insert", "delete", "update"], Literal["head", "middle", "end"]]
Total = Literal["honest", "none", "lags", "page", "text", "small", "large", "pages"]

ENOUGH = 600
"""More requests than any list here is worth."""


@dataclass
class SimulatedApi:
    """A list, what happens to it after each answer, and how the API speaks of it.

    Attributes:
        rows: The list, in the order in which the API gives it.
        changes: What happens after each answer, in order; nothing afterwards.
        total: What the API says of the list's length.
        caps: Rows of a page at the most, answer by answer, over and over.
        hidden: Rows that are taken out of a page after the list was cut into pages.
        rounds: Whether offsets are rounded down to whole pages.
        twice: Answers that hold their first row twice.
        empty: Answers that hold no row, though the list does.
        behind: Answers that a replica gives which lags by one change.
        ceiling: Rows that are given of a list at the most.
    """

    rows: list[Row]
    changes: list[list[Change]] = field(default_factory=list)
    total: Total = "honest"
    caps: list[int] = field(default_factory=lambda: [1000])
    hidden: frozenset[int] = frozenset()
    rounds: bool = False
    twice: frozenset[int] = frozenset()
    empty: frozenset[int] = frozenset()
    behind: frozenset[int] = frozenset()
    ceiling: int | None = None
    requests: int = 0

    def __post_init__(self) -> None:
        self._unused = len(self.rows)
        self._totals = [len(self.rows)]
        self._before = list(self.rows)
        self.stayed = {row["id"] for row in self.rows} - self.hidden
        self.deletes = self.inserts = 0

    def answer(self, request: Request) -> dict[str, Any]:
        """The page that a request asks for, after which the list changes."""
        number, self.requests = self.requests, self.requests + 1
        assert self.requests < ENOUGH, "the reader does not come to an end"
        rows = self._before if number in self.behind else self.rows
        document = self.page(request.params, list(rows), number)
        self._before = list(self.rows)
        for change in self.changes[number] if number < len(self.changes) else ():
            self._change(*change)
        self._totals.append(len(self.rows))
        return document

    def page(self, params: Any, rows: list[Row], number: int) -> dict[str, Any]:
        """The answer to a request by offset."""
        offset, limit = params["offset"], params["limit"]
        rows = [row for row in rows if self._is_within(row, params)]
        size = min(limit, self.caps[number % len(self.caps)])
        first = offset // size * size if self.rounds else offset
        page = [row for row in rows[first : first + size] if row["id"] not in self.hidden]
        if self.ceiling is not None:
            page = page[: max(0, self.ceiling - first)]
        page = [] if number in self.empty else page
        page = page[:1] + page if number in self.twice else page
        return {"data": page, **self._said(len(rows), len(page), size)}

    def _is_within(self, row: Row, params: Any) -> bool:
        since, until = params.get("since"), params.get("until")
        return (since is None or row["at"] >= since) and (until is None or row["at"] <= until)

    def _said(self, rows: int, page: int, size: int) -> dict[str, Any]:
        said: dict[Total, Any] = {
            "honest": rows,
            "lags": self._totals[-2] if len(self._totals) > 1 else rows,
            "page": page,
            "text": str(rows),
            "small": min(rows, 1),
            "large": rows + 7,
            "pages": -(-rows // size),
        }
        return {"total": said[self.total]} if self.total in said else {}

    def _change(self, what: str, where: str) -> None:
        at = {"head": 0, "middle": len(self.rows) // 2, "end": len(self.rows)}[where]
        if what == "insert":
            self.rows.insert(at, {"id": self._unused, "v": 0})
            self._unused += 1
            self.inserts += 1
        elif self.rows:
            at = min(at, len(self.rows) - 1)
            if what == "delete":
                self.stayed.discard(self.rows.pop(at)["id"])
                self.deletes += 1
            else:
                self.rows[at] = {**self.rows[at], "v": self.rows[at]["v"] + 1}


@dataclass
class Reading:
    """The result of reading a list."""

    ids: set[int]
    missing: int
    error: str | None


def read(paginator: WindowPaginator, api: SimulatedApi, in_flight: int = 1) -> Reading:
    """Read a list as dlt and the session do, with so many pages asked for ahead."""
    ahead: dict[str, dict[str, Any]] = {}

    def expect(coming: Iterable[Request], others: Iterable[Request]) -> None:
        wanted = {_address(one): one for one in islice(coming, in_flight)}
        if in_flight == 1 or next(iter(wanted), None) not in ahead:
            ahead.clear()
        for address in set(ahead) - set(wanted):
            del ahead[address]
        for address, one in wanted.items() if in_flight > 1 else ():
            if address not in ahead:
                ahead[address] = api.answer(one)
        del others

    paginator.expect = expect
    request = Request("GET", "http://api.example.org/v1/messages")
    ids: set[int] = set()
    try:
        for page in _pages(paginator, request, lambda: ahead.pop(_address(request), None), api):
            ids.update(row["id"] for row in page)
    except ApiError as error:
        return Reading(ids, 0, str(error))
    return Reading(ids, paginator.missing, None)


def _pages(
    paginator: WindowPaginator,
    request: Request,
    ahead: Callable[[], dict[str, Any] | None],
    api: SimulatedApi,
) -> Iterator[list[Row]]:
    paginator.init_request(request)
    while True:
        document = ahead() or api.answer(request)
        rows = json.loads(json.dumps(document["data"]))
        answer = Answer(PreparedRequest(), 200, {}, json.dumps(document).encode())
        paginator.update_state(answer, rows)
        paginator.update_request(request)
        yield rows
        if not paginator.has_next_page:
            return


def _address(request: Request) -> str:
    return repr((request.url, request.params))
