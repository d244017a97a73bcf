"""Ends the runs whose processes went with the code server: `python -m email_assets.lost_runs`.

To be run before a code server starts. Runs are its child processes, so none is left by then; but
after a power cut, or a code server that was killed, nobody has said so, and Dagster's default run
launcher cannot ask. They would stay "started", and take places in the queue, for a day.
"""

from __future__ import annotations

import dagster as dg

from email_assets.defs.runs import LOCATION, LOCATION_TAG

MESSAGE = "The code server stopped while this run was under way. Nothing is lost: run it again."


def end_lost_runs(instance: dg.DagsterInstance) -> int:
    """End every run that a code server of ours had started, and return how many there were."""
    lost = instance.get_runs(
        dg.RunsFilter(
            tags={LOCATION_TAG: LOCATION},
            statuses=[
                dg.DagsterRunStatus.STARTING,
                dg.DagsterRunStatus.STARTED,
                dg.DagsterRunStatus.CANCELING,
            ],
        )
    )
    for run in lost:
        if run.status == dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run)
        else:
            instance.report_run_failed(run, MESSAGE)
    return len(lost)


if __name__ == "__main__":
    with dg.DagsterInstance.get() as here:
        print(f"{end_lost_runs(here)} lost runs ended")
