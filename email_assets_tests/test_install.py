"""The wheel beside the newest Dagster, in an empty folder, without the project's files."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from email_assets_tests.dagster_fixtures import NAMES
from email_assets_tests.environments import NewEnvironment, environment

__all__ = ["environment"]

pytestmark = pytest.mark.install

Installed = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def run(environment: NewEnvironment, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Run a program of the environment, in an empty folder unless it is told another."""
    empty = tmp_path_factory.mktemp("empty")

    def run(
        *arguments: str, cwd: Path = empty, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        program, *rest = arguments
        return subprocess.run(
            [environment.programs / program, *rest],
            cwd=cwd,
            env={"PATH": os.environ["PATH"], "HOME": str(empty), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    return run


def test_it_stands_beside_a_later_dagster_than_the_platforms(run: Installed) -> None:
    said = run("python", "-c", "import dagster; print(dagster.__version__)").stdout

    assert tuple(map(int, said.split("."))) > (1, 13, 1)


def test_run_loads_the_five_assets_into_the_working_folder(run: Installed, tmp_path: Path) -> None:
    done = run("email-assets", "run", cwd=tmp_path)

    assert done.returncode == 0, done.stdout
    assert re.findall(r"^  (\w+) .*✓ 4 of 4$", done.stdout, re.MULTILINE) == sorted(NAMES)
    assert f"Its files go to {tmp_path}/.dagster/sandbox." in done.stdout
    assert "email-assets ui" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == [".dagster"]


def test_the_defaults_are_those_of_the_checkout(run: Installed, tmp_path: Path) -> None:
    shown = (
        "from email_assets.settings.runtime import load_runtime; runtime = load_runtime(); "
        "print(runtime.request_max_attempts, runtime.request_backoff_factor, "
        "runtime.request_timeout, runtime.request_max_retry_delay, "
        "runtime.dlthub_telemetry, runtime.log_level)"
    )

    assert run("python", "-c", shown, cwd=tmp_path).stdout == "3 2 60 300 False WARNING\n"


def test_nothing_is_sent_to_dlts_telemetry(run: Installed, tmp_path: Path) -> None:
    shown = (
        "from email_assets.settings import resolve; resolve.use_project(); "
        "from dlt.common.runtime import anon_tracker; print(anon_tracker._ANON_TRACKER_ENDPOINT)"
    )

    assert run("python", "-c", shown, cwd=tmp_path).stdout == "None\n"


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({}, "working"),
        ({"DAGSTER_HOME": "home"}, "home"),
        ({"DAGSTER_HOME": "home", "DLT_PROJECT_DIR": "project"}, "project"),
        ({"DLT_PROJECT_DIR": "project", "DLT_LOCAL_DIR": "local"}, "local"),
    ],
)
def test_the_warehouse_lies_in_the_projects_folder_or_dagsters_home_or_the_working_folder(
    run: Installed, tmp_path: Path, variables: dict[str, str], place: str
) -> None:
    for name in ("working", "home", "project", "local"):
        (tmp_path / name).mkdir()
    shown = (
        "from email_assets.account import configured_account; "
        "from email_assets.warehouse.destination import database_file, warehouse_client; "
        "print(database_file(warehouse_client(configured_account().warehouse, 'messages')))"
    )
    said = run(
        "python",
        "-c",
        shown,
        cwd=tmp_path / "working",
        **{name: str(tmp_path / folder) for name, folder in variables.items()},
    ).stdout

    assert said.strip() == str(tmp_path / place / "warehouse.duckdb")


def test_check_says_what_to_set(run: Installed) -> None:
    done = run("email-assets", "check", API_KEY="a-key")

    assert done.returncode == 1
    assert "no API is configured yet" in done.stdout


@pytest.mark.parametrize("command", ["run", "ui", "check", "sandbox", "notify", "vendor"])
def test_each_command_has_its_help(run: Installed, command: str) -> None:
    done = run("email-assets", command, "--help")

    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("usage: ")


def test_its_definitions_load_in_somebody_elses_folder(run: Installed, tmp_path: Path) -> None:
    done = run("dagster", "definitions", "validate", "-m", "email_assets.definitions", cwd=tmp_path)

    assert done.returncode == 0, done.stdout
