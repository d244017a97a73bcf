"""`dagster asset materialize -m email_assets.definitions`, run from outside of the project.

`make run` starts it as a process of its own, as `test_quickstart` shows.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from email_assets.sandbox import Sandbox
from email_assets_tests import programs
from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import (
    NAMES,
    TO_THE_LAST_LINE,
    empty_home,
    settings_for,
)

__all__ = ["empty_home"]

RUNS: dict[str, tuple[str, dict[str, str]]] = {
    "everything": ("*", {}),
    "one asset": ("bounces", {}),
    "a wrong key": ("bounces", {"API_KEY": "wrong", **TO_THE_LAST_LINE}),
}


@dataclass
class Outcome:
    """The end of a command: its status, its output, and the files it left."""

    status: int
    output: str
    folder: Path

    def tables(self) -> dict[str, int]:
        """The rows of each asset's table."""
        if not (self.folder / "warehouse.duckdb").exists():
            return {}
        with duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=True) as connection:
            found = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'email'"
            ).fetchall()
            return {
                name: connection.execute(f"SELECT count(*) FROM email.{name}").fetchall()[0][0]
                for (name,) in found
                if name in NAMES
            }


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(messages=120, api_key=KEY) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def outcomes(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, empty_home: Path
) -> dict[str, Outcome]:
    """Some runs, each with a warehouse and a DAGSTER_HOME of its own."""
    found = {}
    for name, (selected, settings) in RUNS.items():
        folder = tmp_path_factory.mktemp("cli")
        (folder / "elsewhere").mkdir()
        arguments = ["dagster", "asset", "materialize", "--select", selected]
        arguments += ["-m", "email_assets.definitions"]
        home = shutil.copytree(empty_home, folder / "dagster_home")
        env = settings_for(folder, sandbox) | settings
        ended = programs.run(*arguments, home=home, cwd=folder / "elsewhere", env=env)
        found[name] = Outcome(ended.status, ended.said, folder)
    return found


@pytest.mark.slow
def test_selecting_everything_loads_every_asset(
    outcomes: dict[str, Outcome], sandbox: Sandbox
) -> None:
    outcome = outcomes["everything"]

    assert outcome.status == 0, outcome.output
    assert outcome.tables() == {name: len(sandbox.rows(name)) for name in NAMES}


def test_selecting_one_asset_loads_it_alone(outcomes: dict[str, Outcome], sandbox: Sandbox) -> None:
    outcome = outcomes["one asset"]

    assert outcome.status == 0, outcome.output
    assert outcome.tables() == {"bounces": len(sandbox.rows("bounces"))}


@pytest.mark.parametrize("run", RUNS)
def test_nothing_is_left_in_the_working_directory(run: str, outcomes: dict[str, Outcome]) -> None:
    assert list((outcomes[run].folder / "elsewhere").iterdir()) == []


def test_a_failed_run_ends_with_a_status_that_scripts_notice(
    outcomes: dict[str, Outcome],
) -> None:
    assert outcomes["a wrong key"].status == 1


def test_a_failed_run_says_in_a_sentence_what_to_do(outcomes: dict[str, Outcome]) -> None:
    assert (
        "bounces: the API refused the key (401). Set api_key in .dlt/secrets.toml or the "
        "environment variable API_KEY.\n"
    ) in outcomes["a wrong key"].output


def test_a_failed_run_leaves_no_table(outcomes: dict[str, Outcome]) -> None:
    assert outcomes["a wrong key"].tables() == {}
