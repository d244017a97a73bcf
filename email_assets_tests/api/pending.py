"""An API over real HTTP that can leave requests unanswered, and counts how many it has at once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from typing import Any

from email_assets_tests.vendors.serving import Answer, Asked, VendorServer

Rows = list[dict[str, Any]]

PATIENCE = 60.0
"""Seconds that nothing here takes: whoever waits so long will wait for ever."""
A_MOMENT = 0.02
"""Seconds to wait for what is not to come; if it came late, a test would pass that should not."""
GAVE_UP = Answer(400, "The requests that this one was to be answered with did not come.")


def numbered(count: int) -> Rows:
    return [{"id": number} for number in range(count)]


def offset_of(asked: Asked) -> int:
    return int(asked.query["offset"])


def place_of(asked: Asked) -> tuple[str, int]:
    """The list and the page that a request is for."""
    return asked.path, offset_of(asked)


class PendingServer(VendorServer):
    """Lists by `offset` and `limit`, with a total. A test says when which request is answered.

    Args:
        rows: The list at every path that `lists` does not have.

    Attributes:
        lists: Other lists, by path.
        cap: Rows of a page at the most.
        total: Called with a list; what to tell of its length. `None` leaves it out.
        may_go: Whether a request may be answered now. Asked again whenever another comes or goes.
        reply: Called when a request may go, with nothing else happening meanwhile.
        lingers: Whether to wait for a moment if one request more comes, before any is answered.
        pending: Requests that came and were not answered yet, in the order in which they came.
        at_once: For each answer, in order, how many requests were pending when it was given.
        answered: Requests that were answered, in that order.
        sent: Bytes of all bodies.
    """

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self.rows = rows
        self.lists: dict[str, Rows] = {}
        self.cap = 100
        self.total: Callable[[Rows], int | None] = len
        self.may_go: Callable[[Asked], bool] = lambda _: True
        self.reply: Callable[[Asked], Answer] = self.page
        self.lingers = False
        self.pending: list[Asked] = []
        self.at_once: list[int] = []
        self.answered: list[Asked] = []
        self.sent = 0
        self._changed = threading.Condition()
        self._gave_up = False
        self._left = False

    @property
    def most_at_once(self) -> int:
        return max(self.at_once)

    @property
    def offsets(self) -> list[int]:
        """The offsets that were asked for, in the order in which they came."""
        return [offset_of(asked) for asked in self.requests]

    def answer(self, asked: Asked) -> Answer:
        with self._changed:
            self.pending.append(asked)
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: self._is_open or self.may_go(asked), PATIENCE):
                self._gave_up = True
                self._changed.notify_all()
            if self.lingers:
                now = len(self.pending)
                self._changed.wait_for(lambda: len(self.pending) > now, A_MOMENT)
            found = GAVE_UP if self._gave_up else self.reply(asked)
            body = found.body if isinstance(found.body, bytes) else json.dumps(found.body).encode()
            self.at_once.append(len(self.pending))
            self.sent += len(body)
            # before the answer is out: whoever has it may ask again at once
            self.pending.remove(asked)
            self.answered.append(asked)
            self._changed.notify_all()
        return Answer(found.status, body, found.headers)

    def page(self, asked: Asked) -> Answer:
        """The rows that a request asks for."""
        listed = self.lists.get(asked.path, self.rows)
        for end, comes in (("since", -1), ("until", 1)):
            if end in asked.query:
                at = datetime.fromisoformat(asked.query[end].replace("Z", "+00:00"))
                listed = [
                    row
                    for row in listed
                    if comes * (at - datetime.fromisoformat(row["sent_at"])).total_seconds() >= 0
                ]
        first, limit = offset_of(asked), min(int(asked.query["limit"]), self.cap)
        total = self.total(listed)
        told = {} if total is None else {"total": total}
        return Answer(200, {"data": listed[first : first + limit], **told})

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that requests bring about."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE), "it did not come about"

    def let_go(self) -> None:
        """Answer all that is pending, and whatever may yet come."""
        with self._changed:
            self.may_go = lambda _: True
            self._changed.notify_all()

    @property
    def _is_open(self) -> bool:
        return self._gave_up or self._left

    def __exit__(self, *error: object) -> None:
        with self._changed:
            self._left = True
            self._changed.notify_all()
        super().__exit__(*error)
        assert error[0] or not self._gave_up, "requests that were to be pending together were not"


def together(
    server: PendingServer,
    at_once: int | Sequence[int],
    pages: Sequence[Hashable],
    place: Callable[[Asked], Hashable] = offset_of,
) -> Callable[[Asked], bool]:
    """A `may_go` that answers page by page, as late as it can: each when so many are pending.

    The first page is answered at once, and where fewer pages are left, these have to be pending.

    Args:
        server: The server.
        at_once: How many are to be pending, always or for each page but the first.
        pages: All pages, in the order in which they are to be answered.
        place: Which of the pages a request is for.
    """

    def may_go(asked: Asked) -> bool:
        number = len(server.answered)
        if number == 0 or number >= len(pages):
            return True
        due = at_once if isinstance(at_once, int) else at_once[number - 1]
        expected = min(due, len(pages) - number)
        return place(asked) == pages[number] and len(server.pending) >= expected

    return may_go


def all_at_once(
    server: PendingServer, count: int, order: Callable[[list[Asked]], Asked] = lambda left: left[0]
) -> Callable[[Asked], bool]:
    """A `may_go` that, after the first page, waits for so many requests, answers these and opens.

    Args:
        server: The server.
        count: How many are to be pending.
        order: Which of those that are pending to answer next.
    """
    batch: list[Asked] = []

    def may_go(asked: Asked) -> bool:
        if not server.answered or len(server.answered) > count:
            return True
        if not batch and len(server.pending) == count:
            batch.extend(server.pending)
        rest = [one for one in batch if one in server.pending]
        return bool(rest) and asked is order(rest)

    return may_go
