"""A record of every request, and the number of those that were under way at once."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

KEPT = 100_000
"""Records kept; counts go on beyond, so that a long-running sandbox stays small."""


@dataclass(frozen=True)
class RequestRecord:
    """A request, and the status it was answered with.

    Attributes:
        resource: The resource asked for, known or not; empty on any other path.
        offset: The offset asked for or implied; `None` if the request was turned away.
        limit: The same of the limit.
        status: The status of the answer; `None` if a fault refused to answer.
        path: The path asked for.
        parameters: The names of the query's parameters, without their values.
        headers: The headers, their names in lower case.
        at: When it came, in seconds of `time.monotonic()`.
        since: The first instant asked for, of a resource that can be asked for a time.
        until: The last one.
    """

    resource: str
    offset: int | None
    limit: int | None
    status: int | None
    path: str
    parameters: tuple[str, ...]
    headers: dict[str, str]
    at: float
    since: datetime | None = None
    until: datetime | None = None


class Ledger:
    """Counts requests. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: deque[RequestRecord] = deque(maxlen=KEPT)
        self._counts: Counter[str] = Counter()
        self._in_flight = 0
        self._most_in_flight = 0

    @contextmanager
    def under_way(self) -> Iterator[float]:
        """Count a request as under way; gives the time that it came."""
        with self._lock:
            self._in_flight += 1
            self._most_in_flight = max(self._most_in_flight, self._in_flight)
        try:
            yield time.monotonic()
        finally:
            with self._lock:
                self._in_flight -= 1

    def write(self, record: RequestRecord) -> None:
        """Record a request; done before its answer goes out, so that a client finds it here."""
        with self._lock:
            self._records.append(record)
            self._counts[record.resource] += 1

    def reset(self) -> None:
        """Forget all records and counts, but not the requests under way."""
        with self._lock:
            self._records.clear()
            self._counts.clear()
            self._most_in_flight = self._in_flight

    @property
    def records(self) -> list[RequestRecord]:
        """The latest records, oldest first."""
        with self._lock:
            return list(self._records)

    def count(self, resource: str) -> int:
        """The number of requests for a resource."""
        with self._lock:
            return self._counts[resource]

    @property
    def most_in_flight(self) -> int:
        """The highest number of requests that were under way at once."""
        with self._lock:
            return self._most_in_flight
