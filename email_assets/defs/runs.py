"""Tells the runs of this code location from all others of a Dagster instance.

Assets of one key are one asset to Dagster, whichever code locations of an instance define it.
"""

from __future__ import annotations

from collections.abc import Container, Set
from datetime import timedelta
from typing import Any

import dagster as dg

from email_assets.clock import now

LOCATION = "email_assets"
"""The code location's name in `workspace.yaml`."""
LOCATION_TAG = "dagster/code_location"
"""Which runs of the command line do not have."""
PLANNED = {
    dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
}
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def unfinished(
    instance: dg.DagsterInstance, age: timedelta, location: str = LOCATION, **of_runs: Any
) -> bool:
    """Whether a code location has runs that have not ended.

    Args:
        instance: Knows the runs.
        age: Runs that are older are left out, since one that was killed stays unfinished for
            ever; so are those that began as far ahead of now, by a clock that was wrong.
        location: The code location's name. Runs of the command line, which bear none, count too.
        of_runs: Which runs: arguments of Dagster's `RunsFilter`.
    """
    asked = dg.RunsFilter(
        statuses=UNFINISHED, created_after=now() - age, created_before=now() + age, **of_runs
    )
    runs = (record.dagster_run for record in instance.get_run_records(asked))
    return any(run.tags.get(LOCATION_TAG, location) == location for run in runs)


def is_ours(
    instance: dg.DagsterInstance,
    run: dg.DagsterRun,
    location: str,
    jobs: Container[str],
    assets: Set[dg.AssetKey],
) -> bool:
    """Whether a run is of a code location, by what it was to do where it does not say so itself.

    Args:
        instance: Knows what it was to do.
        run: Any run of the instance.
        location: The code location's name.
        jobs: The names of its jobs.
        assets: The keys of its assets.
    """
    if LOCATION_TAG in run.tags:
        return run.tags[LOCATION_TAG] == location
    if run.job_name in jobs:
        return True
    checked = {check.asset_key for check in run.asset_check_selection or ()}
    # Dagster's own job, run whole, says only in its plan what it is about
    selected = checked | set(run.asset_selection or ()) or _planned(instance, run)
    return not assets.isdisjoint(selected)


def _planned(instance: dg.DagsterInstance, run: dg.DagsterRun) -> set[dg.AssetKey]:
    """The assets that a run was to materialize or to check."""
    records = instance.get_records_for_run(run.run_id, of_type=PLANNED).records
    events = [record.event_log_entry.get_dagster_event() for record in records]
    return {event.asset_key or event.asset_check_planned_data.asset_key for event in events}
