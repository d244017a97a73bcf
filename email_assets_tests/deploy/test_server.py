"""The configuration for a server, as it is shipped: units, instance, proxy."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import dagster as dg
import pytest

from email_assets.sandbox import Sandbox
from email_assets_tests.deploy.proxy_fixtures import proxy
from email_assets_tests.deploy.server_fixtures import SHIPPED, Machine, Platform, end
from email_assets_tests.webserver_fixtures import Server, sandbox

__all__ = ["sandbox"]

UNITS = ["code", "daemon", "webserver"]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Iterator[Machine]:
    # a socket's path must be short
    with tempfile.TemporaryDirectory(dir="/tmp") as run:
        machine = Machine(tmp_path_factory.mktemp("machine"), Path(run), sandbox.base_url)
        machine.install()
        yield machine


@pytest.fixture(scope="module")
def platform(machine: Machine, sandbox: Sandbox) -> Iterator[Platform]:
    with ExitStack() as stack:
        # so that the tests can open the same instance
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("DAGSTER_HOME", str(machine.folder / "state/dagster"))
        units: dict[str, subprocess.Popen[str]] = {}
        stack.callback(lambda: end(*units.values()))
        for name in UNITS:
            units[name] = machine.start(name)
        url = f"http://127.0.0.1:{machine.port}"
        (machine.folder / "dagster_home").symlink_to(machine.folder / "state/dagster")
        (machine.folder / "warehouse.duckdb").symlink_to(machine.folder / "state/warehouse.duckdb")

        server = Server(units["webserver"], url, machine.folder)
        server.wait_until_it_answers(log=machine.folder / "webserver.log")
        yield Platform(machine, sandbox, units, server)


@pytest.fixture(scope="module")
def killed_in_a_shell(platform: Platform) -> str:
    """A run of the command line that was killed: nobody has said how it ended.

    A second is all it may take, and not a day as in the shipped file.
    """
    with dg.DagsterInstance.get() as instance:
        tags = {"dagster/max_runtime": "1"}
        run = instance.add_run(dg.DagsterRun(job_name="email_all", tags=tags))
        start = dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, job_name="email_all")
        instance.report_dagster_event(start, run.run_id)
        return run.run_id


@pytest.mark.slow
@pytest.mark.usefixtures("killed_in_a_shell")
def test_a_run_whose_process_is_killed_ends(platform: Platform) -> None:
    run_id = platform.hanging_run()

    os.kill(platform.worker(), signal.SIGKILL)

    assert platform.server.status(run_id) == "FAILURE"


@pytest.mark.slow
def test_a_run_under_way_in_a_power_cut_ends_when_the_units_start_again_and_the_next_one_loads(
    platform: Platform,
) -> None:
    run_id = platform.hanging_run()

    end(platform.units["code"])
    platform.units["code"] = platform.machine.start("code")

    assert platform.server.status(run_id) == "FAILURE"
    again = platform.launch_again("messages")
    assert platform.server.status(again) == "SUCCESS", platform.server.log(again)
    assert platform.server.rows("messages") == len(platform.sandbox.rows("messages"))


@pytest.mark.slow
def test_what_is_written_is_written_where_the_units_may_write(platform: Platform) -> None:
    folders = {path.name for path in (platform.machine.folder / "state").iterdir()}

    assert {"dagster", "warehouse.duckdb"} <= folders
    assert folders <= {"dagster", "warehouse.duckdb", "warehouse.duckdb.lock", ".dlt"}


@pytest.mark.slow
def test_a_run_that_was_killed_in_a_shell_is_ended_by_run_monitoring(
    platform: Platform, killed_in_a_shell: str
) -> None:
    assert platform.server.status(killed_in_a_shell) == "FAILURE"


def test_a_command_by_hand_has_the_environment_of_the_units(machine: Machine) -> None:
    script = (machine.folder / "server/run").read_text()
    user = "setpriv --reuid=email_assets --regid=email_assets --init-groups "
    assert user in script
    asked = "import json, os; print(json.dumps(dict(os.environ)))"

    done = subprocess.run(
        ["sh", "-c", script.replace(user, ""), "run", "python", "-c", asked],
        capture_output=True,
        check=True,
        env={},
        text=True,
    )

    unit = machine.environment("code") | {"PYTHONUNBUFFERED": None}
    assert {name: json.loads(done.stdout).get(name) for name in unit} == unit


def test_systemd_finds_no_fault_with_the_units(machine: Machine) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    units = [machine.folder / "server" / f"email-assets-{name}.service" for name in UNITS]

    done = subprocess.run(
        ["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_may_do_little_besides_its_work(name: str) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    unit = SHIPPED / f"email-assets-{name}.service"

    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=15", unit],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_the_proxy_asks_for_a_password_and_hands_on(platform: Platform, tmp_path: Path) -> None:
    site = (platform.machine.folder / "server/nginx.conf").read_text()

    with proxy(tmp_path, site) as served:
        answers = [
            served.get("/server_info", auth=user)
            for user in (None, ("ann", "wrong"), ("ann", "secret"))
        ]

    assert [answer.status_code for answer in answers] == [401, 401, 200]
    assert "dagster_version" in answers[-1].json()
