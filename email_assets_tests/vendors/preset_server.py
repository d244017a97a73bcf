"""The base of the servers of presets' shapes, which refuse what no specification allows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar

from email_assets_tests.vendors.serving import Answer, Asked, VendorServer
from email_assets_tests.vendors.specification import Rules, mistake_in

Row = dict[str, Any]

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class PresetServer(VendorServer):
    """An account at a vendor; answers what the vendor's specification lets one ask."""

    vendor: ClassVar[str]
    secrets: ClassVar[Mapping[str, str]]
    """By their names in `[sources.email.<vendor>]`."""
    prefix: ClassVar[str] = ""
    """The path of the vendor's address."""
    rules: ClassVar[Rules]
    outcome: ClassVar[tuple[int, int, int, int]]
    """Messages that were sent, and that bounced hard, bounced soft and were called spam, before
    there is anything newer."""
    others: ClassVar[Mapping[str, int]] = {}
    """Other things that happened to messages, by the names of all vendors' events."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, list[Row]] = {}
        """All rows, by resource."""
        self.refused: list[str] = []
        """Requests that came though the specification does not allow them."""

    @property
    def base_url(self) -> str:
        return super().base_url + self.prefix

    @abstractmethod
    def is_authorized(self, asked: Asked) -> bool:
        """True if a request has the key where it belongs."""

    @abstractmethod
    def give(self, asked: Asked) -> Answer:
        """The answer to a request that is as it should be."""

    @abstractmethod
    def add_newer(self, at: datetime) -> None:
        """One row more of each kind of event."""

    def refusal(self, status: int, problem: str) -> Answer:
        """A refusal, in the vendor's words."""
        return Answer(status, {"errors": [{"message": problem}]})

    def answer(self, asked: Asked) -> Answer:
        if not self.is_authorized(asked):
            return self.refusal(401, "authorization required")
        if problem := mistake_in(asked, self.rules, self.prefix):
            self.refused.append(problem)
            return self.refusal(400, problem)
        return self.give(asked)


def page_of(rows: list[Row], query: Mapping[str, str], by_default: int = 50) -> list[Row]:
    """The rows that `limit` and `offset` ask for."""
    offset, limit = int(query.get("offset", 0)), int(query.get("limit", by_default))
    return rows[offset : offset + limit]


def instant(text: str) -> datetime:
    """An instant in ISO 8601, in UTC if it says no offset."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def written(at: datetime) -> str:
    """An instant in ISO 8601, to the second."""
    return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
