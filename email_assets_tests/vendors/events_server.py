"""An API of events that has to be asked for stretches of time, as many vendors' has."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

from email_assets.clock import now
from email_assets_tests.vendors.serving import Answer, Asked, VendorServer

KEY = "events/with+signs=9d0"
DAY = timedelta(days=1)
BETWEEN = re.compile(r"at >= (\S+) and at < (\S+)")


class EventsServer(VendorServer):
    """One list of events, newest first.

    Attributes:
        events: The rows, in any order.
        by_default: How far an answer reaches back that is asked without a start.
        kept: How long events are kept; who asks for older ones is refused.
        longest: The longest stretch that may be asked for, or None.
        wants_both_ends: Whether a start without an end, or the reverse, is refused.
        most: Rows that are given at the most, without a word on others.
    """

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []
        self.by_default = DAY
        self.kept: timedelta | None = None
        self.longest: timedelta | None = None
        self.wants_both_ends = False
        self.most: int | None = None

    def add(self, at: datetime) -> None:
        """An event."""
        self.events.append({"id": f"e{len(self.events):05}", "at": at.isoformat()})

    @property
    def stretches(self) -> list[tuple[datetime, datetime]]:
        """The stretches that were asked for, in order."""
        return [self._ends(self._parameters(asked)) for asked in self.requests]

    def answer(self, asked: Asked) -> Answer:
        if asked.headers.get("Authorization") != f"Bearer {KEY}":
            return Answer(401, {"error": "bad key"})
        said = self._parameters(asked)
        if self.wants_both_ends and ("from" in said) != ("to" in said):
            return Answer(400, {"error": "from and to must come together"})
        start, end = self._ends(said)
        if start > end or end > now() + timedelta(seconds=1):
            return Answer(400, {"error": "to must not be before from, or to come"})
        if self.kept and start < now() - self.kept:
            return Answer(400, {"error": "from is too long ago"})
        if self.longest and end - start > self.longest:
            return Answer(400, {"error": "from and to are too far apart"})
        found = [row for row in self.events if start <= datetime.fromisoformat(row["at"]) < end]
        found.sort(key=lambda row: str(row["at"]), reverse=True)
        return Answer(200, {"events": found[: self.most]})

    def _parameters(self, asked: Asked) -> dict[str, str]:
        if asked.body is None:
            return asked.query
        where = asked.body.get("where", {})
        if found := BETWEEN.fullmatch(where.get("query", "")):
            return {"from": found[1], "to": found[2]}
        return dict(where)

    def _ends(self, said: dict[str, str]) -> tuple[datetime, datetime]:
        end = _instant(said["to"]) if "to" in said else now()
        return _instant(said["from"]) if "from" in said else end - self.by_default, end


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
