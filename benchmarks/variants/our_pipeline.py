"""Syncs messages and bounces with `email_assets`, without Dagster.

Prints how many seconds dlt's extract took of it, for those who ask about that step alone.
"""

from __future__ import annotations

import sys

import dlt

from email_assets.account import configured_account
from email_assets.sync.pipeline import sync
from email_assets.warehouse.destination import open_pipeline


def main(resources: list[str]) -> None:
    """Bring the tables up to what the API has."""
    seconds = 0.0
    for resource in resources or ["messages", "bounces"]:
        with open_pipeline(configured_account().warehouse, resource) as pipeline:
            sync(configured_account(), pipeline, resource, say=print)
            seconds += extract_seconds(pipeline)
    print(f"extract_seconds={seconds:.3f}")


def extract_seconds(pipeline: dlt.Pipeline) -> float:
    """Seconds of dlt's extract step, by dlt's own account."""
    steps = [step for step in pipeline.last_trace.steps if step.step == "extract"]
    return sum((step.finished_at - step.started_at).total_seconds() for step in steps)


if __name__ == "__main__":
    main(sys.argv[1:])
