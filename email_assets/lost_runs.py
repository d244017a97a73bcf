"""Ends the runs whose processes went with a code server or a worker: `-m email_assets.lost_runs`.

To be run before a code server starts. Runs are its child processes, so none is left by then; but
after a power cut, or a code server that was killed, nobody has said so, and Dagster's default run
launcher cannot ask. They would stay "started", and take places in the queue, for a day.

With a name, `-m email_assets.lost_runs w1`, to be run before a Celery worker of that name starts on
this host: what it had begun is failed for Celery, and run monitoring then ends the runs.
"""

from __future__ import annotations

import sys
from socket import gethostname
from typing import Any

import dagster as dg

from email_assets.defs.runs import LOCATION, LOCATION_TAG
from email_assets.errors import EmailAssetsError
from email_assets.sentences import in_one_sentence, problem_of

MESSAGE = "The code server stopped while this run was under way. Nothing is lost: run it again."


def end_lost_runs(instance: dg.DagsterInstance) -> int:
    """End every run that a code server of ours had started, and return how many there were.

    Runs of another launcher live elsewhere, and go on without the code server: they stay.
    """
    if not isinstance(instance.run_launcher, dg.DefaultRunLauncher):
        return 0
    lost = instance.get_run_records(
        dg.RunsFilter(
            tags={LOCATION_TAG: LOCATION},
            statuses=[
                dg.DagsterRunStatus.STARTING,
                dg.DagsterRunStatus.STARTED,
                dg.DagsterRunStatus.CANCELING,
            ],
        )
    )
    for record in lost:
        run = record.dagster_run
        if run.status == dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run)
        else:
            instance.report_run_failed(run, MESSAGE)
    return len(lost)


def end_lost_tasks(app: Any, worker: str) -> int:
    """Fail every task that a worker of this host has begun, and return how many there were.

    Args:
        app: The Celery app, with its results in Redis.
        worker: The worker's name; none of it is running.
    """
    from celery.exceptions import WorkerLostError

    backend, lost = app.backend, 0
    prefix = bytes(backend.get_key_for_task("*")).removesuffix(b"*")
    for key in backend.client.scan_iter(prefix + b"*"):
        task = key.removeprefix(prefix).decode()
        meta = backend.get_task_meta(task)
        if (
            meta["status"] == "STARTED"
            and meta["result"]["hostname"] == f"{worker}@{gethostname()}"
        ):
            backend.mark_as_failure(task, WorkerLostError(f"The worker {worker} was stopped."))
            lost += 1
    return lost


def main(*workers: str) -> int:
    """End what was lost in the instance in DAGSTER_HOME, and return the exit status."""
    try:
        with in_one_sentence("lost_runs"), _instance() as instance:
            for worker in workers:
                print(f"{_tasks_ended(instance, worker)} lost tasks of {worker} ended")
            if not workers:
                print(f"{end_lost_runs(instance)} lost runs ended")
    except EmailAssetsError as error:
        print(error)
        return 1
    return 0


def _tasks_ended(instance: dg.DagsterInstance, worker: str) -> int:
    launcher: Any = instance.run_launcher
    try:
        return end_lost_tasks(launcher.celery, worker)
    except Exception as error:
        problem = problem_of(error)
    raise EmailAssetsError(
        f"lost_runs: the results of Celery's tasks cannot be read: {problem}. See that Redis runs "
        "where CELERY_RESULT_BACKEND says, and that dagster.yaml has the CeleryRunLauncher."
    )


def _instance() -> dg.DagsterInstance:
    try:
        return dg.DagsterInstance.get()
    except Exception as error:
        problem = problem_of(error)
    raise EmailAssetsError(
        f"lost_runs: there is no Dagster instance to look at: {problem}. Set DAGSTER_HOME to the "
        "folder of its dagster.yaml, and correct that file."
    )


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
