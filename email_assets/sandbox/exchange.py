"""A request and its answer while it is being made, from the page asked for to bytes on the wire."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any


@dataclass
class Exchange:
    """A request and the answer that is being made for it; the kinds change it as they please."""

    path: str
    query: str
    offset: int
    limit: int
    since: datetime | None = None
    until: datetime | None = None
    rows: list[Any] = field(default_factory=list)
    total: int = 0
    document: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    body: bytes = b""
    moved_rows: int = 0
    """Rows that arrive at the head once the answer is made; vanish, if negative."""
    latency: float = 0.0
    """Seconds before the answer."""
    drip: float | None = None
    """Seconds between two bytes of the body; `None` sends it at once."""
    endless: bool = False
    cut: bool = False
    refused: bool = False

    def answer(self, status: int, document: Any) -> None:
        """Answer with a status and a JSON document instead of what was planned."""
        self.status = status
        self.body = encode(document)


class Stage(IntEnum):
    """The step at which a kind acts: on the question, or on one of the forms of the answer."""

    QUESTION = 1
    ROWS = 2
    DOCUMENT = 3
    BODY = 4
    CODING = 5
    WIRE = 6


def encode(document: Any) -> bytes:
    """JSON as bytes of ASCII only, so that any text can be sent, even half a surrogate pair."""
    return json.dumps(document, separators=(",", ":")).encode()
