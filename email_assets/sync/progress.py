"""Says how far a sync is that takes longer than a few seconds."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from dlt.common.runtime.collector_base import Collector

from email_assets.sync.listing import Listing
from email_assets.sync.watched import Watched

EVERY = 10.0
"""Seconds between two lines, and before the first."""
AT_A_GLANCE = 0.2
"""Seconds between two moments at which whoever watches is told."""
SHARE = 0.05
"""Of the time that showing it may take: the rows of a long list are counted anew for it."""
SAID = re.compile(r": (?:[\d,]+ (?:of [\d,]+ )?rows read|(?:preparing|loading) [\d,]+ rows)\b")
"""The part that lines of progress have in common."""


class Progress(Collector):
    """Progress of a sync: dlt tells it which step begins, and the paginator that a page came.

    dlt's own collectors count rows that are written. Of a sync in which nothing has changed, those
    are none, however long it reads.

    Args:
        listing: What is read.
        say: Told a line every ten seconds, and that a later step begins after such a time.
        ticks: Seconds that have passed since any moment.
        watched: Told more often, where somebody watches.
    """

    def __init__(
        self,
        listing: Listing,
        say: Callable[[str], None],
        ticks: Callable[[], float],
        watched: Watched,
    ) -> None:
        self.step = ""
        self._listing, self._say, self._ticks, self._watched = listing, say, ticks, watched
        self._name = listing.resource.name
        self._began = self._said = self._told = ticks()
        self._pause = AT_A_GLANCE
        listing.paginator.after_page = self._look

    def update(self, *_: Any, **__: Any) -> None:
        """Take a count of dlt's for a sign that time has passed; pages tell that of reading."""
        if not self.step.startswith("Extract"):
            self._look()

    def _start(self, step: str) -> None:
        self.step = step
        now = self._ticks()
        if step.startswith("Extract"):
            self._began = self._said = now
            self._watched.tell("asking the API …")
            return
        if now - self._began >= EVERY:
            self._tell(now)
        self._show(now)

    def _stop(self) -> None:
        """Nothing is left to close."""

    def _look(self) -> None:
        now = self._ticks()
        if now - self._said >= EVERY:
            self._tell(now)
        if now - self._told >= self._pause:
            self._show(now)

    def _tell(self, now: float) -> None:
        self._said = now
        self._say(f"{self._name}: {self._loading() or self._reading(now)}")

    def _show(self, now: float) -> None:
        self._told = now
        if not self._watched.is_seen:
            return
        began = time.monotonic()
        read, total = self._listing.paginator.so_far
        if text := self._loading():
            self._watched.tell(text)
        else:
            # the bar beside it needs room
            brief = self._reading(now).replace(" rows read (", " (")
            self._watched.tell(brief, read=read, total=total)
        self._pause = max(AT_A_GLANCE, (time.monotonic() - began) / SHARE)

    def _loading(self) -> str | None:
        rows = self._listing.rows.new
        if self.step.startswith("Load"):
            return f"loading {rows:,} rows …"
        if self.step.startswith("Normalize"):
            return f"preparing {rows:,} rows to be loaded …"
        return None

    def _reading(self, now: float) -> str:
        read, total = self._listing.paginator.so_far
        rate = read / max(now - self._began, 1.0)
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
