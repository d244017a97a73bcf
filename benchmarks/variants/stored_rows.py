"""Does one thing with a warehouse of many rows, and prints how many seconds it took.

    python stored_rows.py sync | new | checks | deliverability

Seconds count from when everything is imported, so that start-up hides no growth; in `new` without
those in which the API is read, since a fuller sandbox takes longer to find what is new.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from email_assets.account import configured_account
from email_assets.deliverability.daily import build_daily
from email_assets.sync.pipeline import sync
from email_assets.warehouse.counts import count_keys
from email_assets.warehouse.destination import open_pipeline

RESOURCES = ("messages", "bounces")


def synced() -> float:
    """Bring the tables up to what the API has; gives the seconds in which that was read."""
    extract = 0.0
    for resource in RESOURCES:
        with open_pipeline(configured_account().warehouse, resource) as pipeline:
            done = sync(configured_account(), pipeline, resource, say=print)
        extract += done.report.seconds_of["extract"]
    return extract


def checked() -> None:
    """Count the tables' keys, as the check of primary keys does."""
    for resource in RESOURCES:
        found = count_keys(configured_account().warehouse, resource, ["id"], say=print)
        if found is None or found.duplicate_keys or found.null_keys:
            raise SystemExit(f"{resource}: {found}")


def counted() -> None:
    """Make `deliverability_daily` anew."""
    build_daily(configured_account(), say=print)


ACTIONS: dict[str, Callable[[], float | None]] = {
    "sync": synced,
    "new": synced,
    "checks": checked,
    "deliverability": counted,
}

if __name__ == "__main__":
    action = sys.argv[1]
    started = time.perf_counter()
    extract = ACTIONS[action]()
    seconds = time.perf_counter() - started
    print(f"seconds={seconds - (extract or 0) if action == 'new' else seconds:.3f}")
