"""A real Dagster instance in a folder of its own, and what the tests run on it."""

import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import text

from email_assets.clock import now
from email_assets.definitions import defs
from email_assets.sandbox import Sandbox
from email_assets_tests.conftest import KEY, PROJECT
from email_assets_tests.programs import BIN, environment_of

EVENTS = ["bounces", "messages", "deliverystats"]
INVENTORY = ["servers", "domains"]
NAMES = EVENTS + INVENTORY
CHECK_NAMES = ["primary_key", "complete", "schema_unchanged", "freshness_check"]
TO_THE_LAST_LINE = {"DAGSTER_COMPUTE_LOG_TAIL_WAIT_AFTER_FINISH": "2"}
"""Seconds: what shows a step's log on the console is ended with the step, and may lag behind."""
MADE_OF_EVENTS = ["deliverability_daily", "deliverability_report"]


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DAGSTER_HOME with the project's `dagster.yaml` and empty databases, to copy."""
    home = new_home(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        with dg.DagsterInstance.get() as instance:
            make_databases(instance)
    return home


def make_databases(instance: dg.DagsterInstance) -> None:
    """Let an instance make its databases, which several processes must not do at once."""
    instance.get_latest_materialization_event(dg.AssetKey(NAMES[0]))
    instance.get_runs(limit=1)
    instance.all_instigator_state()


def in_memory() -> dg.DagsterInstance:
    """A Dagster instance that keeps its history in memory, where a run costs half as much."""
    return dg.DagsterInstance.ephemeral(settings={"python_logs": {"python_log_level": "INFO"}})


@pytest.fixture
def instance(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """A Dagster instance in memory without any history, beside the fresh warehouse."""
    monkeypatch.setenv("RUNTIME__REQUEST_BACKOFF_FACTOR", "0")
    with in_memory() as instance:
        yield instance


@pytest.fixture
def instance_on_disk(
    empty_home: Path, tmp_path: Path, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """The same in `dagster_home`, for tests of what is stored there and of other processes."""
    home = shutil.copytree(empty_home, tmp_path / "dagster_home")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    monkeypatch.setenv("RUNTIME__REQUEST_BACKOFF_FACTOR", "0")
    with dg.DagsterInstance.get() as instance:
        yield instance


@contextmanager
def platform(
    folder: Path, sandbox: Sandbox, home: Path | None = None
) -> Iterator[dg.DagsterInstance]:
    """An instance, a warehouse and an API, for a run that several tests of a module look at.

    Its history is in memory, or in a DAGSTER_HOME that is there already.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings_for(folder, sandbox).items():
            patch.setenv(name, value)
        if home:
            patch.setenv("DAGSTER_HOME", str(home))
        with dg.DagsterInstance.get() if home else in_memory() as instance:
            yield instance


def settings_for(folder: Path, sandbox: Sandbox) -> dict[str, str]:
    """The environment in which the sandbox is loaded into `warehouse.duckdb` in the folder."""
    return {
        "API_KEY": KEY,
        "SOURCES__EMAIL__BASE_URL": sandbox.base_url,
        "DESTINATION__DUCKDB__CREDENTIALS": str(folder / "warehouse.duckdb"),
        "RUNTIME__REQUEST_BACKOFF_FACTOR": "0",
    }


def new_home(folder: Path) -> Path:
    """A DAGSTER_HOME with the project's `dagster.yaml`."""
    folder.mkdir(exist_ok=True)
    shutil.copy(PROJECT / ".dagster" / "dagster.yaml", folder)
    return folder


def put_back(instance: dg.DagsterInstance, by: timedelta, *run_ids: str) -> None:
    """Make runs so much older than now: those that are named, or all."""
    runs: Any = instance.run_storage
    named = "" if not run_ids else f" WHERE run_id IN ({', '.join(map(repr, run_ids))})"
    with runs.connect() as connection:
        connection.execute(
            text(f"UPDATE runs SET create_timestamp = :at{named}"),
            {"at": (now() - by).strftime("%Y-%m-%d %H:%M:%S.%f")},
        )


def materialize(
    instance: dg.DagsterInstance,
    *names: str,
    job: str = "email_all",
    tags: Mapping[str, str] | None = None,
) -> dg.ExecuteInProcessResult:
    """Run a job of the project, for all of its assets or some; the run may fail."""
    return defs.resolve_job_def(job).execute_in_process(
        instance=instance,
        asset_selection=[dg.AssetKey(name) for name in names] or None,
        tags=tags,
        raise_on_error=False,
    )


def materialized(result: dg.ExecuteInProcessResult) -> set[str]:
    """The assets that a run materialized."""
    return {
        event.asset_key.to_user_string()
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }


def figures(result: dg.ExecuteInProcessResult, name: str) -> dict[str, object]:
    """The metadata of the one materialization of an asset in a run."""
    (event,) = (
        event
        for event in result.get_asset_materialization_events()
        if event.asset_key == dg.AssetKey(name)
    )
    return {key: value.value for key, value in event.materialization.metadata.items()}


def failures(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """The reason why each step of a run failed, as its asset says it."""
    return {
        str(event.step_key): str(event.step_failure_data.user_failure_data.description)
        for event in result.get_step_failure_events()
        if event.step_failure_data.user_failure_data
    }


def command(
    *arguments: str,
    home: Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    output: Path | None = None,
) -> subprocess.Popen[str]:
    """Start a program as a user with no settings but these would, in a session of its own.

    Args:
        arguments: The program, which is one of the environment's, and its arguments.
        home: Its DAGSTER_HOME and home folder.
        cwd: Where it starts.
        env: Its settings.
        output: The file that takes what it says, which is else read from the process.
    """
    with ExitStack() as stack:
        return subprocess.Popen(
            [str(BIN / arguments[0]), *arguments[1:]],
            cwd=cwd,
            env=environment_of(home, env),
            stdout=stack.enter_context(output.open("w")) if output else subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # a shell that starts the tests in the background lets its children ignore it
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )


def finish(running: Mapping[str, subprocess.Popen[str]]) -> dict[str, tuple[int, str]]:
    """The exit status of each command and what it said, once all of them have ended."""
    try:
        outputs = {name: process.communicate(timeout=300)[0] for name, process in running.items()}
    finally:
        for process in running.values():
            process.kill()
    return {name: (process.returncode, outputs[name]) for name, process in running.items()}
