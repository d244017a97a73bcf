"""Tells the runs of this code location from all others of a Dagster instance.

Assets of one key are one asset to Dagster, whichever code locations of an instance define it.
"""

from __future__ import annotations

from collections.abc import Container, Set

import dagster as dg

LOCATION = "email_assets"
"""The code location's name in `workspace.yaml`."""
LOCATION_TAG = "dagster/code_location"
"""Which runs of the command line do not have."""
PLANNED = {
    dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
}


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
