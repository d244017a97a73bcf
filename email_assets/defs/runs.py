"""Tells the runs of an account from all others of a Dagster instance.

Assets of one key are one asset to Dagster, whichever code locations of an instance define it.
"""

from __future__ import annotations

from collections.abc import Container, Set
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import dagster as dg

from email_assets.clock import now

LOCATION = "email_assets"
"""The code location's name in `workspace.yaml`."""
LOCATION_TAG = "dagster/code_location"
"""Dagster's tag for a run's code location. Runs of the command line lack it."""
MOST_OF_ALL = 100
"""Latest successes of jobs of one name, in all code locations, among which ours is looked for."""
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


def unfinished(instance: dg.DagsterInstance, age: timedelta, location: str, **of_runs: Any) -> bool:
    """True if a code location has runs that have not ended.

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


@dataclass(frozen=True)
class Ours:
    """The jobs and assets of an account in a code location, and the runs that are about them."""

    instance: dg.DagsterInstance
    location: str
    jobs: Container[str]
    assets: Set[dg.AssetKey]

    def have_a_part_in(self, run: dg.DagsterRun) -> bool:
        """True if a run of the instance is of one of the jobs, or about one of the assets."""
        if not self._may_be_of(run):
            return False
        return run.job_name in self.jobs or not self.assets.isdisjoint(self._selected(run))

    def have_to_themselves(self, run: dg.DagsterRun, shared: Set[dg.AssetKey]) -> bool:
        """True if a run is about nothing else, but for assets that are shared."""
        if not self._may_be_of(run):
            return False
        if run.job_name in self.jobs:
            return True
        selected = self._selected(run)
        return not self.assets.isdisjoint(selected) and selected <= self.assets | shared

    def last_success(self, job: str) -> dg.RunRecord | None:
        """The last run of a job of this name that succeeded, here or on the command line."""
        here = {LOCATION_TAG: self.location}
        # runs of the command line bear no location to ask for: they are among the latest of all,
        # of which one is enough where nobody else has a job of this name
        for tags, limit in (({}, 1), ({}, MOST_OF_ALL), (here, 1)):
            asked = dg.RunsFilter(job_name=job, tags=tags, statuses=[dg.DagsterRunStatus.SUCCESS])
            for record in self.instance.get_run_records(asked, limit=limit):
                if self._may_be_of(record.dagster_run):
                    return record
        return None

    def _may_be_of(self, run: dg.DagsterRun) -> bool:
        return run.tags.get(LOCATION_TAG, self.location) == self.location

    def _selected(self, run: dg.DagsterRun) -> set[dg.AssetKey]:
        """The assets that a run was to materialize, observe or check."""
        checked = {check.asset_key for check in run.asset_check_selection or ()}
        # Dagster's own job, run whole, says only in its plan what it is about
        return checked | set(run.asset_selection or ()) or self._planned(run)

    def _planned(self, run: dg.DagsterRun) -> set[dg.AssetKey]:
        records = self.instance.get_records_for_run(run.run_id, of_type=PLANNED).records
        events = [record.event_log_entry.get_dagster_event() for record in records]
        return {event.asset_key or event.asset_check_planned_data.asset_key for event in events}
