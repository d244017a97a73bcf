"""The sources of `email-assets dbt-sources`, in a dbt project on the sandbox's tables."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from email_assets.cli import main
from email_assets.sandbox import Sandbox
from email_assets_tests.warehouses import load

DBT = shutil.which("dbt")
PROJECT = "name: mail\nprofile: mail\nmodel-paths: [models]\n"
PROFILES = "mail: {{target: dev, outputs: {{dev: {{type: duckdb, path: '{warehouse}'}}}}}}\n"
MODEL = "select server_id, count(*) as messages from {{ source('email', 'messages') }} group by 1\n"


@pytest.mark.skipif(DBT is None, reason="needs dbt with dbt-duckdb on the PATH")
def test_dbt_builds_a_model_on_them_and_runs_their_tests_and_freshness(
    api: Sandbox, warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("messages")
    project = tmp_path / "dbt"
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text(PROJECT)
    (project / "profiles.yml").write_text(PROFILES.format(warehouse=warehouse))
    (project / "models" / "by_server.sql").write_text(MODEL)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    assert main(["dbt-sources", str(project / "models" / "sources.yml")]) == 0

    for command in (["build"], ["source", "freshness"]):
        done = subprocess.run(
            [str(DBT), *command, "--profiles-dir", str(project)],
            cwd=project,
            env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout
