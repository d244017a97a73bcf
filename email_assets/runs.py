"""Which runs of a Dagster instance are of this code location."""

from __future__ import annotations

from collections.abc import Container, Set

import dagster as dg

LOCATION = "email_assets"
"""The code location's name in `workspace.yaml`."""
LOCATION_TAG = "dagster/code_location"
"""Which runs of the command line do not have."""


def is_ours(
    run: dg.DagsterRun, location: str, jobs: Container[str], assets: Set[dg.AssetKey]
) -> bool:
    """Whether a run is of a code location, by what it did where it does not say so itself.

    Args:
        run: Any run of the instance.
        location: The code location's name.
        jobs: The names of its jobs.
        assets: The keys of its assets.
    """
    if LOCATION_TAG in run.tags:
        return run.tags[LOCATION_TAG] == location
    checked = {check.asset_key for check in run.asset_check_selection or ()}
    return run.job_name in jobs or not assets.isdisjoint(checked | set(run.asset_selection or ()))
