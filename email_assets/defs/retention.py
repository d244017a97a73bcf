"""Keeps the history of runs from growing without end: Dagster itself deletes old ticks only."""

from collections.abc import Collection, Iterator, Sequence, Set
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from email_assets.account import Account
from email_assets.clock import now
from email_assets.defs import recording
from email_assets.defs.names import SENSORS, all_keys, op_of
from email_assets.defs.privacy import build_deletion
from email_assets.defs.runs import LOCATION, LOCATION_TAG, Ours
from email_assets.settings.resolve import SettingError

JOB_OF_RETENTION = "email_retention"
CRON = "45 3 * * *"
TICK_LOGS = "__repository__"
"""The folder of DAGSTER_HOME/storage in which Dagster writes a file at each tick of a sensor."""
TICK_LOG_AGE = timedelta(days=7)
"""As long as deploy/machine/dagster.yaml, and Dagster by default, keep skipped ticks."""
PAGE = 500
MOST_AT_ONCE = 10_000
"""Runs that one run of the job deletes; what is left over is the next day's."""
LATEST_EVALUATIONS = """
SELECT run_id FROM asset_check_executions WHERE id IN (
    SELECT max(id) FROM asset_check_executions GROUP BY asset_key, check_name
    UNION
    SELECT max(id) FROM asset_check_executions WHERE execution_status <> 'PLANNED'
    GROUP BY asset_key, check_name
)
"""
"""Of each check, with the latest that came to an end; dagster cannot say which checks there are."""


def build_retention_job(
    account: Account, beside: Sequence[Account], jobs: Collection[str]
) -> dg.JobDefinition:
    """A job that deletes what is older than `[retention] days`, and than `[privacy] keep_days`.

    Args:
        account: Whose assets the runs are about.
        beside: The accounts that a run may be about besides.
        jobs: The other jobs of the account.
    """
    name = account.named(JOB_OF_RETENTION)
    delete_old_rows = build_deletion(account)
    shared = frozenset[dg.AssetKey]().union(*map(all_keys, beside))

    @dg.op(name=op_of(account, "delete_old_runs"))
    def delete_old_runs(context: dg.OpExecutionContext) -> None:
        today = now()
        try:
            before = today - timedelta(days=account.as_set_now().retention.days)
        except SettingError as error:
            raise dg.Failure(str(error)) from None
        location = context.run.tags.get(LOCATION_TAG, LOCATION)
        ours = Ours(context.instance, location, {*jobs, name}, all_keys(account))
        old = list(_old_runs(context.instance, before, ours, shared))
        # one that cannot be deleted must not keep all others, today and every other day
        found = {run_id: _problem_in_deleting(context.instance, run_id) for run_id in old}
        problems = {run_id: problem for run_id, problem in found.items() if problem}
        for run_id, problem in problems.items():
            recording.warning(context)(f"{run_id} cannot be deleted: {problem}")
        ticks = _delete_tick_logs(context.instance, account, before=today - TICK_LOG_AGE)
        deleted = len(old) - len(problems)
        recording.info(context)(f"deleted {deleted} runs and the logs of {ticks} ticks")
        context.add_output_metadata({"runs_deleted": deleted, "tick_logs_deleted": ticks})
        if problems:
            raise dg.Failure(
                f"{len(problems)} old runs could not be deleted. The log of this run says why."
            )

    @dg.job(
        name=name,
        description="Deletes runs older than `[retention] days` with their events and logs, except "
        "those that the present state of an asset or a check comes from"
        + (", and rows older than `[privacy] keep_days`." if delete_old_rows else "."),
    )
    def email_retention() -> None:
        delete_old_runs()
        if delete_old_rows:
            delete_old_rows()

    return email_retention


def _old_runs(
    instance: dg.DagsterInstance, before: datetime, ours: Ours, shared: Set[dg.AssetKey]
) -> Iterator[str]:
    """Runs of ours from before an instant, the oldest first, that nothing needs any more.

    One that has not ended was killed; nothing else takes that long.
    """
    needed, found, cursor = _needed_runs(instance), 0, None
    while page := instance.get_run_records(
        dg.RunsFilter(created_before=before), limit=PAGE, cursor=cursor, ascending=True
    ):
        for run in (record.dagster_run for record in page):
            if run.run_id not in needed and ours.have_to_themselves(run, shared):
                found += 1
                yield run.run_id
            if found == MOST_AT_ONCE:
                return
        cursor = page[-1].dagster_run.run_id


def _needed_runs(instance: dg.DagsterInstance) -> set[str]:
    """Runs that hold the latest materialization, observation or check evaluation of an asset."""
    needed = set()
    events: Any = instance.event_log_storage
    for key in instance.get_asset_keys():
        for fetch in (instance.fetch_materializations, instance.fetch_observations):
            needed |= {record.run_id for record in fetch(key, limit=1).records}
        # what Dagster knows of a partition is the run that last filled it
        filled = events.get_latest_storage_id_by_partition(
            key, dg.DagsterEventType.ASSET_MATERIALIZATION
        )
        ids = [*filled.values()]
        for page in (ids[at : at + PAGE] for at in range(0, len(ids), PAGE)):
            asked = dg.AssetRecordsFilter(key, storage_ids=page)
            found = instance.fetch_materializations(asked, limit=PAGE).records
            needed |= {record.run_id for record in found}
    with events.index_connection() as connection:
        needed |= {run_id for (run_id,) in connection.execute(text(LATEST_EVALUATIONS))}
    return needed


def _problem_in_deleting(instance: dg.DagsterInstance, run_id: str) -> str | None:
    try:
        _delete_run(instance, run_id)
    except (OSError, SQLAlchemyError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def _delete_run(instance: dg.DagsterInstance, run_id: str) -> None:
    """Delete a run with its events and logs, and what `delete_run` of dagster 1.13 leaves.

    The run itself goes last: what was begun and not ended is found again the next time.
    """
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    runs: Any = instance.run_storage
    events: Any = instance.event_log_storage
    for connect, table in (
        (runs.connect, "run_tags"),
        (events.index_connection, "asset_check_executions"),
    ):
        with connect() as connection:
            # one of two names from the line above
            statement = f"DELETE FROM {table} WHERE run_id = :run_id"
            connection.execute(text(statement), {"run_id": run_id})
    events.delete_events(run_id)
    if hasattr(events, "path_for_shard"):  # SQLite: a file for each run, 160 kB and more
        file = Path(events.path_for_shard(run_id))
        for path in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
            path.unlink(missing_ok=True)
    runs.delete_run(run_id)


def _delete_tick_logs(instance: dg.DagsterInstance, account: Account, before: datetime) -> int:
    """Delete old files of ticks, which Dagster leaves when it deletes the ticks."""
    deleted, folder = 0, Path(instance.storage_directory(), TICK_LOGS)
    for file in (file for name in SENSORS for file in folder.glob(f"{account.named(name)}/*.*")):
        with suppress(FileNotFoundError):
            if file.stat().st_mtime < before.timestamp():
                file.unlink()
                deleted += 1
    return deleted
