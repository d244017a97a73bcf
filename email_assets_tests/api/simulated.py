"""A simulated API whose list changes while it is read; it needs no HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from typing import Any, Literal

from email_assets_tests.api.simulated_answers import Ending, Kind, Reply, Said, Total, reply_of

Row = dict[str, Any]
Change = tuple[Literal["insert", "delete", "update"], Literal["head", "middle", "end"]]

BEGINNING = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)
"""The time of the first row that was there from the beginning."""
ENOUGH = 600
"""More requests than any list here is worth, unless it is read in parts."""


def time_of(row: Row) -> datetime:
    """The time at which a row came about."""
    return BEGINNING + timedelta(seconds=row["at"])


@dataclass
class SimulatedApi:
    """A list, what happens to it after each answer, and how the API speaks of it.

    Attributes:
        count: Rows of the list at the beginning, in the order in which the API gives them.
        kind: How its pages are asked for.
        changes: What happens after each answer, in order; nothing afterwards.
        total: What the API says of the list's length.
        caps: Rows of a page at the most, answer by answer, over and over.
        hidden: Rows that are taken out of a page after the list was cut into pages.
        rounds: Whether offsets are rounded down to whole pages.
        twice: Answers that hold their first row twice.
        empty: Answers that hold no row, though the list does.
        behind: Answers that a replica gives which has not heard of the latest changes.
        lag: Answers after which such a replica hears of a change.
        ceiling: Rows that are given of a list at the most.
        newest_first: Whether the list begins with its latest row.
        per_second: Rows that come about in one second.
        ending: What stands in the place of the reference to the next page where there is none.
        always_refers: Whether a last page refers to another, which is empty.
        ends_at: The answer that names no other page, though there is more.
        leads_back: The answer that refers to the first page again.
        enough: More requests than the list is worth.
    """

    count: int
    kind: Kind = "offset"
    changes: list[list[Change]] = field(default_factory=list)
    total: Total = "honest"
    caps: list[int] = field(default_factory=lambda: [1000])
    hidden: frozenset[int] = frozenset()
    rounds: bool = False
    twice: frozenset[int] = frozenset()
    empty: frozenset[int] = frozenset()
    behind: frozenset[int] = frozenset()
    lag: int = 1
    ceiling: int | None = None
    newest_first: bool = False
    per_second: int = 1
    ending: Ending = "null"
    always_refers: bool = False
    ends_at: int | None = None
    leads_back: int | None = None
    enough: int = ENOUGH
    requests: int = 0

    def __post_init__(self) -> None:
        self.places: dict[int, Fraction] = {}
        self.rows: list[Row] = []
        for number in range(self.count):
            self._insert(number)
        self._states = [list(self.rows)]
        self.stayed = {row["id"] for row in self.rows} - self.hidden

    def stayed_since(self, start: datetime | None, end: datetime | None = None) -> set[int]:
        """The rows of a stretch of time that were there all the time."""
        return {
            row["id"]
            for row in self._states[0]
            if row["id"] in self.stayed
            and (start is None or time_of(row) >= start)
            and (end is None or time_of(row) <= end)
        }

    def answer(self, asked: dict[str, Any]) -> Reply:
        """The page that the parameters of a request ask for, after which the list changes."""
        number, self.requests = self.requests, self.requests + 1
        assert self.requests < self.enough, "the reader does not come to an end"
        known = -1 - self.lag if number in self.behind else -1
        rows = self._states[max(known, -len(self._states))]
        reply = reply_of(self, asked, rows, number)
        for change in self.changes[number] if number < len(self.changes) else ():
            self._change(*change)
        self._states.append(list(self.rows))
        return reply

    @property
    def rows_before(self) -> list[Row]:
        """The list as it was one answer ago."""
        return self._states[-2] if len(self._states) > 1 else self.rows

    def said(self, rows: int, before: int, page: int, size: int) -> dict[str, Any]:
        """The fields of an answer that tell the list's length, as it is or as it was."""
        in_pages = self.kind == "page_number"
        true = -(-rows // size) if in_pages else rows
        said: dict[Said, Any] = {
            "honest": true,
            "lags": -(-before // size) if in_pages else before,
            "page": page,
            "text": str(true),
            "small": min(true, 1),
            "large": true + 7,
            "pages": -(-rows // size),
            "ceiling": true if self.ceiling is None else min(true, self.ceiling),
        }
        return {"total": said[self.total]} if self.total != "none" else {}

    def _change(self, what: str, where: str) -> None:
        at = {"head": 0, "middle": len(self.rows) // 2, "end": len(self.rows)}[where]
        if what == "insert":
            self._insert(at)
        elif self.rows:
            at = min(at, len(self.rows) - 1)
            if what == "delete":
                self.stayed.discard(self.rows.pop(at)["id"])
            else:
                self.rows[at] = {**self.rows[at], "v": self.rows[at]["v"] + 1}

    def _insert(self, at: int) -> None:
        """Put a row into the list, whose time is between those of its neighbours."""
        before = self.places[self.rows[at - 1]["id"]] if at > 0 else None
        after = self.places[self.rows[at]["id"]] if at < len(self.rows) else None
        if before is None:
            place = Fraction(0) if after is None else after - 1
        else:
            place = before + 1 if after is None else (before + after) / 2
        number = len(self.places)
        self.places[number] = place
        seconds = int(place // self.per_second)
        self.rows.insert(
            at, {"id": number, "v": 0, "at": -seconds if self.newest_first else seconds}
        )
