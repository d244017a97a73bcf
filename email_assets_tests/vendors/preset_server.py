"""The base of the servers of presets' shapes, which refuse what no specification allows."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, ClassVar

from email_assets_tests.vendors.serving import Answer, Asked, VendorServer

Row = dict[str, Any]

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Parameter:
    """The values that a parameter may have."""

    pattern: str = ".*"
    most: int | None = None
    required: bool = False


WHOLE = Parameter(r"\d+")
DATE = Parameter(r"\d{4}-\d\d-\d\d")
TIME = Parameter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

Rules = Mapping[tuple[str, str], Mapping[str, Parameter]]
"""A specification: parameters by method and path, of the query or else of the body."""


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
        problem = self._mistake_in(asked)
        if problem:
            self.refused.append(problem)
            return self.refusal(400, problem)
        return self.give(asked)

    def _mistake_in(self, asked: Asked) -> str | None:
        path = asked.path.removeprefix(self.prefix)
        for (method, pattern), parameters in self.rules.items():
            if method == asked.method and re.fullmatch(pattern, path):
                said = asked.query if asked.body is None else asked.body
                return _mistake_in(said, parameters)
        return f"there is no {asked.method} {path}"


def _mistake_in(said: Mapping[str, Any], parameters: Mapping[str, Parameter]) -> str | None:
    for name, value in said.items():
        rule = parameters.get(name)
        if rule is None:
            return f"{name} is no parameter"
        if isinstance(value, (str, int)) and not re.fullmatch(rule.pattern, str(value)):
            return f"{name} must not be {value!r}"
        if rule.most is not None and int(value) > rule.most:
            return f"{name} must not be more than {rule.most}"
    missing = [name for name, rule in parameters.items() if rule.required and name not in said]
    return f"{missing[0]} is required" if missing else None


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
