"""Requests in flight on average, while a long list is read."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from local_api import sandbox
from measure import run
from variants import OURS, environment_of

MESSAGES = 100_000
WATCHED = replace(OURS, key="in_flight", script=("requests_in_flight.py",))


@dataclass(frozen=True)
class InFlight:
    """Requests in flight on average, at some milliseconds an answer, of so many at the most."""

    latency: int
    most: int
    first: float
    """In a first sync."""
    again: float
    """In a sync in which nothing is new."""


def measure_in_flight(latency: int, most: int, say: Callable[[str], None]) -> InFlight | None:
    """The requests in flight of a list of messages, or None if it failed."""
    say(f"requests in flight, {latency} ms an answer, at most {most}")
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as name,
        sandbox(MESSAGES, latency / 1000) as api,
    ):
        environment = environment_of(WATCHED, api.address, Path(name), in_flight=most)
        usage = run(WATCHED.command(), environment, Path(name))
    found = re.findall(r"^in_flight_\w+=([\d.]+)$", usage.output, re.MULTILINE)
    if usage.status or len(found) != 2:
        say("  failed")
        return None
    first, again = map(float, found)
    say(f"  first sync {first:.1f}, nothing new {again:.1f}")
    return InFlight(latency, most, first, again)
