"""Says how far a sync is that takes longer than a few seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlt.common.runtime.collector_base import Collector

from email_assets.sync.listing import Listing

EVERY = 10.0
"""Seconds between two lines, and before the first."""


class Progress(Collector):
    """Progress of a sync: dlt tells it which step begins, and the paginator that a page came.

    dlt's own collectors count rows that are written. Of a sync in which nothing has changed, those
    are none, however long it reads.

    Args:
        listing: What is read.
        say: Told a line every ten seconds, and that a later step begins after such a time.
        ticks: Seconds that have passed since any moment.
    """

    def __init__(
        self, listing: Listing, say: Callable[[str], None], ticks: Callable[[], float]
    ) -> None:
        self.step = ""
        self._listing, self._say, self._ticks = listing, say, ticks
        self._name = listing.resource.name
        self._began = self._said = ticks()
        listing.paginator.after_page = self._look

    def update(self, *_: Any, **__: Any) -> None:
        """Take a count of dlt's for a sign that time has passed; pages tell that of reading."""
        if not self.step.startswith("Extract"):
            self._look()

    def _start(self, step: str) -> None:
        self.step = step
        if step.startswith("Extract"):
            self._began = self._said = self._ticks()
        elif self._ticks() - self._began >= EVERY:
            self._tell()

    def _stop(self) -> None:
        """Nothing is left to close."""

    def _look(self) -> None:
        if self._ticks() - self._said >= EVERY:
            self._tell()

    def _tell(self) -> None:
        self._said = self._ticks()
        rows = self._listing.rows.new
        if self.step.startswith("Load"):
            self._say(f"{self._name}: loading {rows:,} rows …")
        elif self.step.startswith("Normalize"):
            self._say(f"{self._name}: preparing {rows:,} rows to be loaded …")
        else:
            self._say(f"{self._name}: {self._reading()}")

    def _reading(self) -> str:
        read, total = self._listing.paginator.so_far
        rate = read / max(self._said - self._began, 1.0)
        pace = f"{rate:,.0f} a second"
        if total is None or total < read or not rate:
            return f"{read:,} rows read, {pace}"
        left = (total - read) / rate
        return (
            f"{read:,} of {total:,} rows read ({read / max(total, 1):.0%}), {pace}, "
            f"{_duration(left)} left"
        )


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = whole // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
