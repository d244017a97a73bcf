"""A webserver of Dagster as a real process, and what is asked of it."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg
import duckdb
import pytest
import requests

from email_assets.sandbox import Sandbox
from email_assets_tests.conftest import KEY
from email_assets_tests.other_processes.warm_start import NAMED

Found = TypeVar("Found")

UNTIL_IT_ANSWERS = 300
UNTIL_A_RUN_ENDS = 300
REPOSITORY = {"repositoryLocationName": "email_assets", "repositoryName": "__repository__"}
LAUNCH = """
mutation ($selector: JobOrPipelineSelector!) {
  launchRun(executionParams: {selector: $selector, runConfigData: {}}) {
    ... on LaunchRunSuccess { run { runId } }
    ... on Error { message }
  }
}
"""
RUN = "query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
CHECKS = """
query ($asset: AssetKeyInput!) {
  assetChecks: assetNodeOrError(assetKey: $asset) {
    ... on AssetNode {
      assetChecksOrError {
        ... on AssetChecks { checks { name executionForLatestMaterialization { status runId } } }
      }
    }
  }
}
"""


@dataclass
class Server:
    """A webserver, with the folder of its history and warehouse."""

    process: subprocess.Popen[str]
    url: str
    folder: Path

    def wait_until_it_answers(self, log: Path) -> None:
        """Wait for its first answer; a process that ended instead has said why in its log."""

        def answers() -> bool:
            assert self.process.poll() is None, log.read_text()
            try:
                return requests.get(f"{self.url}/server_info", timeout=30).ok
            except (requests.ConnectionError, requests.Timeout):
                return False

        wait_for(answers, UNTIL_IT_ANSWERS)

    def ask(self, query: str, **variables: Any) -> Any:
        """The answer to a GraphQL query, as the UI gets it."""
        answer = requests.post(
            f"{self.url}/graphql", json={"query": query, "variables": variables}, timeout=120
        ).json()
        assert "errors" not in answer, answer["errors"]
        (data,) = answer["data"].values()
        return data

    def launch(self, **selection: Any) -> str:
        """Launch a run of some assets or checks, as the UI does."""
        selector = {**REPOSITORY, "jobName": "__ASSET_JOB", **selection}
        launched = self.ask(LAUNCH, selector=selector)
        assert "run" in launched, launched
        run_id: str = launched["run"]["runId"]
        return run_id

    def status(self, run_id: str) -> str:
        """Wait for the end of a run, and give its status."""

        def ended() -> str | None:
            status: str = self.ask(RUN, id=run_id)["status"]
            return status if status in ("SUCCESS", "FAILURE", "CANCELED") else None

        return wait_for(ended, UNTIL_A_RUN_ENDS) or ""

    def checks(self, asset: str) -> dict[str, Any]:
        """The latest execution of each check of an asset."""
        found = self.ask(CHECKS, asset={"path": [asset]})["assetChecksOrError"]["checks"]
        return {check["name"]: check["executionForLatestMaterialization"] for check in found}

    def log(self, run_id: str) -> str:
        """The run's log, for the message of a failed test."""
        with dg.DagsterInstance.from_config(str(self.folder / "dagster_home")) as instance:
            return "\n".join(entry.user_message for entry in instance.all_logs(run_id))

    def rows(self, name: str) -> int:
        with duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=True) as connection:
            return int(connection.execute(f"SELECT count(*) FROM email.{name}").fetchall()[0][0])

    def processes(self) -> list[int]:
        """The processes that it consists of: all of its session."""
        return processes_of(self.process.pid)


def processes_of(session: int) -> list[int]:
    """The processes of a session, which bears the id of the first of them.

    With those that some of them have been forked for by `warm`, which are in sessions of their own.
    """
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(ProcessLookupError, FileNotFoundError):
                if os.getsid(int(entry.name)) == session:
                    found.append(int(entry.name))
                    name = (entry / "comm").read_text()
                    if name.startswith(NAMED):
                        found += processes_of(int(name.removeprefix(NAMED)))
    return found


def wait_for(condition: Callable[[], Found], seconds: float) -> Found:
    """Ask for a condition until it is true, more and more seldom, and give its value."""
    deadline, pause = time.monotonic() + seconds, 0.05
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(pause)
        pause = min(1.2 * pause, 0.5)
    return found


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(messages=250, api_key=KEY) as sandbox:
        yield sandbox
