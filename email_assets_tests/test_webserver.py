"""`dagster dev` as a real process: what people click, and what runs by itself."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from email_assets.sandbox import Sandbox
from email_assets_tests.conftest import PROJECT
from email_assets_tests.dagster_fixtures import (
    CHECK_NAMES,
    EVENTS,
    MADE_OF_EVENTS,
    command,
    empty_home,
    settings_for,
)
from email_assets_tests.deploy.server_fixtures import end
from email_assets_tests.ports import free_port
from email_assets_tests.webserver_fixtures import (
    REPOSITORY,
    UNTIL_A_RUN_ENDS,
    Server,
    sandbox,
    wait_for,
)

__all__ = ["empty_home", "sandbox"]

pytestmark = pytest.mark.slow

UNTIL_IT_IS_GONE = 300
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

    try:
        server.wait_until_it_answers(log=folder / "dagster_dev.log")
        yield server
    finally:
        process.terminate()
        try:
            process.wait(UNTIL_IT_IS_GONE)
        finally:
            end(process)


@pytest.fixture(scope="module")
def launched(server: Server) -> str:
    """The id of a run of an asset. Each run is a process of its own, that starts from nothing."""
    return server.launch(assetSelection=[{"path": ["servers"]}])


def test_a_run_of_one_asset_can_be_launched(
    server: Server, launched: str, sandbox: Sandbox
) -> None:
    assert server.status(launched) == "SUCCESS", server.log(launched)
    assert server.rows("servers") == len(sandbox.rows("servers"))


@pytest.mark.slow
def test_a_run_evaluates_the_checks_of_its_asset(server: Server, launched: str) -> None:
    server.status(launched)

    assert server.checks("servers") == {
        name: {"status": "SUCCEEDED", "runId": launched} for name in CHECK_NAMES
    }


def test_a_sensor_that_is_switched_on_syncs_what_is_new_by_itself(
    server: Server, launched: str, sandbox: Sandbox
) -> None:
    assert server.status(launched) == "SUCCESS"
    sensor = {**REPOSITORY, "sensorName": "new_records"}
    assert server.ask(START_SENSOR, selector=sensor) == {"__typename": "Sensor"}

    run = wait_for(lambda: server.ask(RUNS_OF_SENSOR)["results"], UNTIL_A_RUN_ENDS)[-1]

    assert server.status(run["runId"]) == "SUCCESS", server.log(run["runId"])
    # the domains too: they were never synced
    selected = {key["path"][0] for key in run["assetSelection"]}
    assert selected == {*EVENTS, *MADE_OF_EVENTS, "domains"}
    assert server.rows("messages") == len(sandbox.rows("messages"))


def test_it_ends_when_it_is_told_to_and_leaves_no_process(server: Server) -> None:
    server.process.send_signal(signal.SIGINT)

    assert server.process.wait(UNTIL_IT_IS_GONE) == 0
    wait_for(lambda: not server.processes(), UNTIL_IT_IS_GONE)
