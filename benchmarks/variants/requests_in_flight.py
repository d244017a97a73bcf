"""Syncs messages twice with `email_assets`, and prints how many requests were in flight on average.

A request is in flight from when it is made until its answer is parsed; the average is over the time
from the first of them to the end of the last.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from requests import PreparedRequest

from email_assets.account import configured_account
from email_assets.api import adapter
from email_assets.api.answer import Answer
from email_assets.api.read_ahead import ReadAhead
from email_assets.sync.pipeline import sync
from email_assets.warehouse.destination import open_pipeline

Fetch = Callable[[PreparedRequest], Answer]

spans: list[tuple[float, float]] = []


def watched(fetch: Fetch, pages: int) -> ReadAhead:
    """Pages ahead that note when each request begins and ends."""

    def noted(request: PreparedRequest) -> Answer:
        started = time.monotonic()
        try:
            return fetch(request)
        finally:
            spans.append((started, time.monotonic()))

    return ReadAhead(noted, pages)


def main() -> None:
    """Sync into an empty warehouse, and once more."""
    adapter.ReadAhead = watched  # type: ignore[assignment,misc]
    for scenario in ("first", "again"):
        spans.clear()
        with open_pipeline(configured_account().warehouse, "messages") as pipeline:
            sync(configured_account(), pipeline, "messages", say=print)
        busy = sum(ended - started for started, ended in spans)
        took = max(ended for _, ended in spans) - min(started for started, _ in spans)
        print(f"in_flight_{scenario}={busy / took:.3f}")


if __name__ == "__main__":
    main()
