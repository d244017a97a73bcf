"""`make run` in two terminals, with one history."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack
from pathlib import Path

import dagster as dg
import pytest

from email_assets.clock import now
from email_assets.quickstart import summary
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests import programs
from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import empty_home, materialize, settings_for
from email_assets_tests.webserver_fixtures import wait_for

__all__ = ["empty_home"]


@pytest.fixture
def env(empty_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The variables that name the one history."""
    home = shutil.copytree(empty_home, tmp_path / "history")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    return {name: os.environ[name] for name in ("DAGSTER_HOME", "DLT_PROJECT_DIR")}


@pytest.mark.slow
def test_ctrl_c_in_one_leaves_the_run_of_the_other(env: dict[str, str], tmp_path: Path) -> None:
    command = ("python", "-m", "email_assets.quickstart", "run")
    with Sandbox(messages=20, api_key=KEY) as sandbox, ExitStack() as stack:
        sandbox.set_faults("bounces", Fault("latency", seconds=600.0))
        one, other = (
            stack.enter_context(
                programs.started(
                    *command,
                    home=tmp_path / name,
                    cwd=tmp_path,
                    env=settings_for(tmp_path, sandbox) | env,
                )
            )
            for name in ("one", "other")
        )
        try:
            wait_for(lambda: sandbox.request_count("bounces") == 2, 120)
            one.press_ctrl_c()
            ended = one.ended()
            with dg.DagsterInstance.get() as instance:
                under_way = [run.status for run in instance.get_runs() if not run.is_finished]
        finally:
            other.press_ctrl_c()
            other.ended()

    assert ended.said.splitlines()[-1] == "Stopped. What was loaded before is untouched."
    assert under_way == [dg.DagsterRunStatus.STARTED]


@pytest.mark.slow
def test_the_table_shows_the_assets_of_its_own_run(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = now()
    with Sandbox(messages=20, api_key=KEY) as sandbox, dg.DagsterInstance.get() as instance:
        settings = settings_for(tmp_path, sandbox)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        materialize(instance, "servers")
        programs.run(
            *("dagster", "asset", "materialize", "-m", "email_assets.definitions"),
            *("--select", "domains"),
            home=tmp_path / "other",
            cwd=tmp_path,
            env=settings | env,
        )
        runs = instance.get_runs_count()
        run = summary.run_of([os.getpid()], started)

    assert runs == 2
    assert run
    assert [*run.assets] == ["servers"]
