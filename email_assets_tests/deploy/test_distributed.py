"""The instance on PostgreSQL, as it is shipped, with a real server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy import text

from email_assets.sandbox import Sandbox
from email_assets_tests.conftest import PROJECT
from email_assets_tests.dagster_fixtures import figures, materialize, put_back
from email_assets_tests.defs.sensor_fixtures import start_run
from email_assets_tests.postgres import Server
from email_assets_tests.queries import WAREHOUSES

DEPLOY = PROJECT / "deploy"

pytestmark = [
    pytest.mark.skipif(
        find_spec("dagster_postgres") is None,
        reason="what runs on servers is not installed: make install-server",
    ),
    pytest.mark.parametrize("warehouse", WAREHOUSES[1:], indirect=True),
]


@contextmanager
def instance_on(
    kind: str, folder: Path, server: Server, patch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    """The instance that a shipped `dagster.yaml` describes, in a database of its own."""
    folder.mkdir()
    shutil.copy(DEPLOY / kind / "dagster.yaml", folder)
    url = server.new_database().url.replace("postgresql://", "postgresql+psycopg2://")
    patch.setenv("DAGSTER_HOME", str(folder))
    patch.setenv("DAGSTER_POSTGRES_URL", url)
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        yield instance


def test_an_instance_on_postgres_keeps_runs_and_their_figures(
    api: Sandbox, tmp_path: Path, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with instance_on("postgres", tmp_path / "home", postgres_server, monkeypatch) as instance:
        run = materialize(instance, "servers", "domains")
        assert run.success
        assert figures(run, "servers")["dagster/row_count"] == 5
        found = instance.get_run_by_id(run.run_id)
        assert found
        assert found.status == dg.DagsterRunStatus.SUCCESS
        assert instance.get_latest_materialization_event(dg.AssetKey("domains"))
    assert [path.name for path in (tmp_path / "home").glob("**/*.db")] == []


def test_retention_deletes_old_runs_and_keeps_what_the_present_state_comes_from(
    api: Sandbox, tmp_path: Path, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with instance_on("postgres", tmp_path / "home", postgres_server, monkeypatch) as instance:
        runs = {
            name: materialize(instance, "servers", tags={"team": "mail"}).run_id
            for name in ("the one before", "the latest")
        }
        runs["killed"] = start_run(instance, job_name="email_all").run_id
        put_back(instance, timedelta(days=91), *runs.values())
        runs["not so old"] = start_run(instance, job_name="email_all").run_id

        job = materialize(instance, job="email_retention")

        assert job.success
        left = {name for name, run_id in runs.items() if instance.has_run(run_id)}
        assert left == {"the latest", "not so old"}
        event = instance.get_latest_materialization_event(dg.AssetKey("servers"))
        assert event
        assert event.run_id == runs["the latest"]
        assert mentions(instance, runs["the one before"]) == set()
        assert mentions(instance, runs["the latest"]) >= {"event_logs", "run_tags", "runs"}


def mentions(instance: dg.DagsterInstance, run_id: str) -> set[str]:
    """Tables of the instance's database with rows of a run."""
    runs: Any = instance.run_storage
    with runs.connect() as connection:
        tables = connection.execute(
            text("SELECT table_name FROM information_schema.columns WHERE column_name = 'run_id'")
        ).fetchall()
        return {
            table
            for (table,) in tables
            if connection.execute(
                text(f"SELECT count(*) FROM {table} WHERE run_id = :run_id"), {"run_id": run_id}
            ).scalar()
        }
