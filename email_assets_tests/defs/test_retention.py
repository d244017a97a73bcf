"""Old runs are deleted with all that they left; what anything still needs stays."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.compute_log_manager import ComputeIOType

from email_assets.clock import now
from email_assets.definitions import defs
from email_assets.defs import retention
from email_assets.defs.runs import LOCATION_TAG
from email_assets.sandbox import Sandbox
from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import (
    empty_home,
    instance,
    instance_on_disk,
    materialize,
    platform,
    put_back,
)
from email_assets_tests.defs.alerts.trouble_fixtures import evaluate
from email_assets_tests.defs.sensor_fixtures import start_run

__all__ = ["empty_home", "instance", "instance_on_disk"]

LONG_AGO = timedelta(days=91)
NOT_SO_LONG_AGO = timedelta(days=89)
SERVERS = dg.AssetKey("servers")


@dataclass
class History:
    """A history before and after the job ran: which runs there were, by what they are here for."""

    instance: dg.DagsterInstance
    home: Path
    runs: dict[str, str] = field(default_factory=dict)
    job: dg.ExecuteInProcessResult | None = None

    def left(self) -> set[str]:
        """The runs that are still there."""
        return {name for name, run_id in self.runs.items() if self.instance.has_run(run_id)}

    def files(self, name: str) -> list[Path]:
        """Files of a run, in whatever folder of DAGSTER_HOME."""
        run_id = self.runs[name]
        return [path for path in self.home.rglob("*") if run_id in str(path)]

    def mentions(self, name: str) -> dict[str, int]:
        """Rows of a run by table, for the tables that have any."""
        found: dict[str, int] = {}
        for database in (self.home / "history/runs.db", self.home / "history/runs/index.db"):
            for table, columns in tables(database).items():
                if "run_id" in columns:
                    sql = f"SELECT count(*) FROM {table} WHERE run_id = ?"
                    ((count,),) = ask(database, sql, self.runs[name])
                    found |= {table: count} if count else {}
        return found


def tables(database: Path) -> dict[str, set[str]]:
    names = [name for (name,) in ask(database, "SELECT name FROM sqlite_master WHERE type='table'")]
    return {
        name: {column for _, column, *_ in ask(database, f"PRAGMA table_info({name})")}
        for name in names
    }


def ask(database: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(database)
    try:
        with connection:
            return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> Iterator[History]:
    """Runs of all ages, of us and of others, after the job has deleted what is old."""
    folder = tmp_path_factory.mktemp("retention")
    with (
        Sandbox(messages=20, api_key=KEY) as sandbox,
        platform(folder, sandbox, shutil.copytree(empty_home, folder / "dagster_home")) as instance,
    ):
        history = History(instance, folder / "dagster_home")
        for name in ("the one before", "the latest"):
            history.runs[name] = materialize(instance, "servers", tags={"team": "mail"}).run_id
        history.runs |= {
            "killed": start_run(instance, job_name="email_all").run_id,
            "of other code": start_run(instance, job_name="theirs").run_id,
            "of other assets": start_run(
                instance, job_name="__ASSET_JOB", asset_selection=frozenset([dg.AssetKey("x")])
            ).run_id,
            "of an asset": start_run(
                instance, job_name="__ASSET_JOB", asset_selection=frozenset([SERVERS])
            ).run_id,
            "of our namesake elsewhere": start_run(
                instance, job_name="email_all", tags={LOCATION_TAG: "staging"}
            ).run_id,
            "the latest observation": materialize(instance, "email_api", job="__ASSET_JOB").run_id,
            "the latest evaluation": evaluate(instance, "bounces", passed=True),
            "the next evaluation": instance.create_run_for_job(
                defs.resolve_job_def("email_events")
            ).run_id,
            "not so old": start_run(instance, job_name="email_all").run_id,
        }
        for name, run_id in history.runs.items():
            age = NOT_SO_LONG_AGO if name == "not so old" else LONG_AGO
            put_back(instance, age, run_id)
        write_tick_logs(instance)
        history.job = materialize(instance, job="email_retention")
        yield history


def write_tick_logs(instance: dg.DagsterInstance) -> None:
    for tick, age in {"old": timedelta(days=8), "new": timedelta(days=6)}.items():
        key = ["__repository__", "new_records", tick]
        with instance.compute_log_manager.open_log_stream(key, ComputeIOType.STDERR):
            pass
        (file,) = Path(instance.storage_directory()).rglob(f"{tick}.err")
        at = (now() - age).timestamp()
        os.utime(file, (at, at))


def test_old_runs_of_ours_are_deleted_and_the_rest_stay(history: History) -> None:
    gone = {"the one before", "killed", "of an asset"}

    assert history.left() == set(history.runs) - gone


def test_a_deleted_run_leaves_no_file(history: History) -> None:
    assert history.files("the one before") == []


def test_a_deleted_run_leaves_no_row(history: History) -> None:
    assert history.mentions("the one before") == {}


def test_a_run_that_stays_keeps_its_files(history: History) -> None:
    kinds = {path.suffix for path in history.files("the latest")}

    assert {".db", ".err", ".out"} <= kinds


def test_the_latest_materialization_stays_however_old(history: History) -> None:
    event = history.instance.get_latest_materialization_event(SERVERS)

    assert event is not None
    assert event.run_id == history.runs["the latest"]
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["rows_listed"].value == 5


def test_the_latest_evaluation_of_a_check_stays_however_old(history: History) -> None:
    keys = [dg.AssetCheckKey(SERVERS, name) for name in ("primary_key", "complete")]
    found = history.instance.event_log_storage.get_asset_check_summary_records(keys)

    assert {
        (summary.last_completed_check_execution_record or pytest.fail("none")).run_id
        for summary in found.values()
    } == {history.runs["the latest"]}


@pytest.mark.slow
def test_the_next_sync_and_its_checks_go_on(history: History) -> None:
    assert materialize(history.instance, "servers").success


def test_logs_of_ticks_are_deleted_after_a_week(history: History) -> None:
    logs = Path(history.instance.storage_directory(), "__repository__", "new_records")

    assert [path.name for path in logs.iterdir()] == ["new.err"]


def test_the_job_says_what_it_deleted(history: History) -> None:
    assert history.job is not None
    (event,) = history.job.filter_events(lambda event: event.is_successful_output)
    metadata = event.step_output_data.metadata

    assert {name: value.value for name, value in metadata.items()} == {
        "runs_deleted": 3,
        "tick_logs_deleted": 1,
    }


@pytest.mark.slow
def test_a_run_that_cannot_be_deleted_keeps_no_other_and_is_found_again(
    instance_on_disk: dg.DagsterInstance, tmp_path: Path
) -> None:
    instance = instance_on_disk
    home = tmp_path / "dagster_home"
    stuck, other = (start_run(instance, job_name="email_all").run_id for _ in range(2))
    put_back(instance, LONG_AGO)
    obstacle = home / f"history/runs/{stuck}.db"
    obstacle.mkdir()

    job = materialize(instance, job="email_retention")

    assert not job.success
    assert [instance.has_run(run_id) for run_id in (stuck, other)] == [True, False]
    obstacle.rmdir()
    assert materialize(instance, job="email_retention").success
    assert not instance.has_run(stuck)


def test_a_run_that_somebody_looks_at_is_deleted_with_all_of_its_files(
    instance_on_disk: dg.DagsterInstance, tmp_path: Path
) -> None:
    instance = instance_on_disk
    home = tmp_path / "dagster_home"
    run = start_run(instance, job_name="email_all")
    run_id = run.run_id
    instance.report_engine_event("an entry of its log", run)
    put_back(instance, LONG_AGO)
    # as a webserver does, and SQLite keeps two files beside the database for as long
    onlooker = sqlite3.connect(home / f"history/runs/{run_id}.db")
    try:
        onlooker.execute("SELECT count(*) FROM event_logs").fetchall()
        assert {path.suffix for path in home.rglob(f"{run_id}*")} == {".db", ".db-wal", ".db-shm"}

        assert materialize(instance, job="email_retention").success

        assert list(home.rglob(f"{run_id}*")) == []
    finally:
        onlooker.close()


def test_what_is_too_much_for_one_day_is_left_to_the_next(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "PAGE", 2)
    monkeypatch.setattr(retention, "MOST_AT_ONCE", 3)
    runs = [start_run(instance, job_name="email_all").run_id for _ in range(5)]
    put_back(instance, LONG_AGO)

    materialize(instance, job="email_retention")

    assert [run_id for run_id in runs if instance.has_run(run_id)] == runs[3:]
