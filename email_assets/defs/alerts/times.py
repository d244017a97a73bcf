"""Times to come count as now: a clock that was ahead once must not hide what happens since."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from email_assets.alerts.causes import Problem

A_MOMENT = 0.001
"""Seconds by which one event is earlier than the next, where no clock tells."""


@dataclass
class Sighting:
    """The news that an event has of a slot: a problem, or that it is well."""

    slot: str
    at: float
    """In seconds since 1970, by the clock of whoever made the event."""
    event: int = 0
    """Dagster's storage id: it grows from event to event, whatever the clocks say."""
    problem: Problem | None = None


def bring_back(
    sightings: Sequence[Sighting], earlier: Iterable[dict[str, float]], now: float
) -> None:
    """Put times to come before now, in the order of the events.

    Args:
        sightings: What a look at the history has found.
        earlier: Times that were noted at earlier looks, by slot. All sightings are of later.
        now: In seconds since 1970.
    """
    before = now
    for sighting in sorted(sightings, key=lambda found: found.event)[::-1]:
        if sighting.at > now:
            sighting.at = before - A_MOMENT
        before = min(before, sighting.at)
    for times in earlier:
        for slot, at in times.items():
            if at > now:
                times[slot] = before - A_MOMENT
