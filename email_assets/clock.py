"""The time now. Nothing else reads the computer's clock, so that tests can go by another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone


def of_computer() -> datetime:
    """The computer's time, in UTC."""
    return datetime.now(timezone.utc)


source: Callable[[], datetime] = of_computer
"""The clock that `now` reads. Tests put theirs in its place; nothing else does."""


def now() -> datetime:
    """The time now, in UTC. Durations are measured with `time.monotonic` instead."""
    return source()
