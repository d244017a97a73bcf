"""`dagster dev` as a real process: what people click, and what runs by itself."""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import dagster as dg
import duckdb
import pytest
import requests

from email_assets.sandbox import Sandbox
from email_assets_tests.conftest import KEY, PROJECT
from email_assets_tests.dagster_fixtures import (
    CHECK_NAMES,
    EVENTS,
    MADE_OF_EVENTS,
    command,
    empty_home,
    settings_for,
)

__all__ = ["empty_home"]

Found = TypeVar("Found")

UNTIL_IT_ANSWERS = 120
UNTIL_A_RUN_ENDS = 120
UNTIL_IT_IS_GONE = 60
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
START_SENSOR = """
mutation ($selector: SensorSelector!) {
  startSensor(sensorSelector: $selector) { __typename ... on Error { message } }
}
"""
RUNS_OF_SENSOR = """
{
  runsOrError(filter: {tags: [{key: "dagster/sensor_name", value: "new_records"}]}) {
    ... on Runs { results { runId assetSelection { path } } }
  }
}
"""
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
    """A `dagster dev` that listens, with the folder of its history and warehouse."""

    process: subprocess.Popen[str]
    url: str
    folder: Path

    def ask(self, query: str, **variables: Any) -> Any:
        """The answer to a GraphQL query, as the UI gets it."""
        answer = requests.post(
            f"{self.url}/graphql", json={"query": query, "variables": variables}, timeout=30
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
        """How a run ended, once it has."""

        def ended() -> str | None:
            status: str = self.ask(RUN, id=run_id)["status"]
            return status if status in ("SUCCESS", "FAILURE", "CANCELED") else None

        return wait_for(ended, UNTIL_A_RUN_ENDS) or ""

    def checks(self, asset: str) -> dict[str, Any]:
        """The latest execution of each check of an asset."""
        found = self.ask(CHECKS, asset={"path": [asset]})["assetChecksOrError"]["checks"]
        return {check["name"]: check["executionForLatestMaterialization"] for check in found}

    def log(self, run_id: str) -> str:
        """What the run's log says, for the message of a failed test."""
        with dg.DagsterInstance.from_config(str(self.folder / "dagster_home")) as instance:
            return "\n".join(entry.user_message for entry in instance.all_logs(run_id))

    def rows(self, name: str) -> int:
        with duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=True) as connection:
            return int(connection.execute(f"SELECT count(*) FROM email.{name}").fetchall()[0][0])

    def processes(self) -> list[int]:
        """The processes that it consists of: all of its session."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    session = os.getsid(int(entry.name))
                except ProcessLookupError:
                    continue
                if session == self.process.pid:
                    found.append(int(entry.name))
        return found


def wait_for(condition: Callable[[], Found], seconds: float) -> Found:
    """What a condition gives once it is true, asked again until it is."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not so within {seconds} s"
        time.sleep(0.1)
    return found


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(messages=250, api_key=KEY) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def server(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory, empty_home: Path
) -> Iterator[Server]:
    """`dagster dev`, started in the project without a flag."""
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    process = command(
        *["dagster", "dev", "--host", "127.0.0.1", "--port", str(port)],
        home=shutil.copytree(empty_home, folder / "dagster_home"),
        cwd=PROJECT,
        env=settings_for(folder, sandbox),
        output=folder / "dagster_dev.log",
    )
    server = Server(process, f"http://127.0.0.1:{port}", folder)

    def answers() -> bool:
        assert process.poll() is None, (folder / "dagster_dev.log").read_text()
        try:
            return requests.get(f"{server.url}/server_info", timeout=5).ok
        except requests.ConnectionError:
            return False

    try:
        wait_for(answers, UNTIL_IT_ANSWERS)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(UNTIL_IT_IS_GONE)
        finally:
            for left in server.processes():
                os.kill(left, signal.SIGKILL)


@pytest.fixture(scope="module")
def launched(server: Server) -> dict[str, str]:
    """The ids of two runs, of an asset and of a check alone, while a sensor starts a third."""
    sensor = {**REPOSITORY, "sensorName": "new_records"}
    assert server.ask(START_SENSOR, selector=sensor) == {"__typename": "Sensor"}
    return {
        "asset": server.launch(assetSelection=[{"path": ["servers"]}]),
        "check": server.launch(
            assetSelection=[],
            assetCheckSelection=[{"assetKey": {"path": ["domains"]}, "name": "primary_key"}],
        ),
    }


def test_a_run_of_one_asset_can_be_launched(
    server: Server, launched: dict[str, str], sandbox: Sandbox
) -> None:
    assert server.status(launched["asset"]) == "SUCCESS", server.log(launched["asset"])
    assert server.rows("servers") == len(sandbox.rows("servers"))


def test_a_run_evaluates_the_checks_of_its_asset(server: Server, launched: dict[str, str]) -> None:
    server.status(launched["asset"])

    assert server.checks("servers") == {
        name: {"status": "SUCCEEDED", "runId": launched["asset"]} for name in CHECK_NAMES
    }


def test_a_check_can_be_launched_alone(server: Server, launched: dict[str, str]) -> None:
    assert server.status(launched["check"]) == "SUCCESS", server.log(launched["check"])
    assert server.checks("domains")["primary_key"] == {
        "status": "SUCCEEDED",
        "runId": launched["check"],
    }


@pytest.mark.usefixtures("launched")
def test_a_sensor_that_is_switched_on_syncs_what_is_new_by_itself(
    server: Server, sandbox: Sandbox
) -> None:
    run = wait_for(lambda: server.ask(RUNS_OF_SENSOR)["results"], UNTIL_A_RUN_ENDS)[-1]

    assert server.status(run["runId"]) == "SUCCESS", server.log(run["runId"])
    assert {key["path"][0] for key in run["assetSelection"]} == {*EVENTS, *MADE_OF_EVENTS}
    assert server.rows("messages") == len(sandbox.rows("messages"))


def test_it_ends_when_it_is_told_to_and_leaves_no_process(server: Server) -> None:
    server.process.send_signal(signal.SIGINT)

    assert server.process.wait(UNTIL_IT_IS_GONE) == 0
    wait_for(lambda: not server.processes(), UNTIL_IT_IS_GONE)
