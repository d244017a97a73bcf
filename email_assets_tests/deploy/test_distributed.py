"""The instance on PostgreSQL, as it is shipped, with a real server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import dagster as dg
import pytest

from email_assets.sandbox import Sandbox
from email_assets_tests.conftest import PROJECT
from email_assets_tests.dagster_fixtures import figures, materialize
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
