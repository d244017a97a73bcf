"""Limits of a session, and of the requests that an API allows in a second, a minute or an hour."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from dlt.common.configuration.specs import RuntimeConfiguration

SECONDS = {"second": 1, "minute": 60, "hour": 3600}


@dataclass(frozen=True)
class Limit:
    """So many requests in so many seconds, of the paths that begin with `below`."""

    requests: int
    seconds: float
    below: str = ""


class Limiter:
    """Tells each request how long it has to wait, so that no stretch of time has too many.

    Args:
        limits: What is allowed.
        clock: The time in seconds, from wherever.
    """

    def __init__(
        self, limits: Sequence[Limit], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._sent = [(limit, deque[float](maxlen=limit.requests)) for limit in limits]
        self._lock = threading.Lock()

    def reserve(self) -> float:
        """The seconds to wait before the next request, whose turn it is from now on."""
        with self._lock:
            now = self._clock()
            at = self._next_turn(now)
            for _, sent in self._sent:
                sent.append(at)
            return at - now

    def seconds_to_wait(self) -> float:
        """The seconds that a request would have to wait."""
        with self._lock:
            now = self._clock()
            return self._next_turn(now) - now

    def _next_turn(self, now: float) -> float:
        """The time from which on one more request is allowed."""
        full = [(limit, sent) for limit, sent in self._sent if len(sent) == limit.requests]
        return max([now, *(sent[0] + limit.seconds for limit, sent in full)])


class Allowance:
    """The limits of an API, path by path: the first that name a path are its limits.

    All that ask with one key share it, whatever resource and session they ask for.

    Args:
        base_url: The API's address, whose path stands before all others.
        limits: What is allowed.
    """

    _known: dict[tuple[object, ...], Limiter] = {}  # noqa: RUF012 (what a process has sent so far)
    _lock = threading.Lock()

    def __init__(self, base_url: str, limits: Sequence[Limit] = ()) -> None:
        self._base = base_url
        self._limits = limits

    def limiter(self, url: str, secrets: tuple[str, ...]) -> Limiter | None:
        """The limiter for a URL and a key, or None where any number of requests is allowed."""
        path = urlsplit(url).path.removeprefix(urlsplit(self._base).path.rstrip("/"))
        below = next((lim.below for lim in self._limits if path.startswith(lim.below)), None)
        if below is None:
            return None
        limits = tuple(limit for limit in self._limits if limit.below == below)
        key = (self._base, hash(secrets), limits)
        with self._lock:
            return self._known.setdefault(key, Limiter(limits))


def limits_of(block: Sequence[Mapping[str, object]]) -> list[Limit]:
    """The limits that a vendor's file names: `{"minute": 60, "below": "/messages"}`."""
    return [
        Limit(int(str(count)), SECONDS[unit], str(limits.get("below", "")))
        for limits in block
        for unit, count in limits.items()
        if unit in SECONDS
    ]


@dataclass(frozen=True)
class Limits:
    """The limits of a session and of the API."""

    runtime: RuntimeConfiguration
    """dlt's `[runtime]` settings: time for a request, attempts and the waits between them."""
    pages: int
    """Pages to keep in flight at the most."""
    bytes: int
    """Bytes of an answer's body at the most, decompressed."""
    allowance: Allowance
    """Requests that the API allows in a time."""
    is_brief: bool = False
    """True if a request fails rather than wait long for its turn."""
