"""The configuration for a server, as it is shipped: units, instance, proxy."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import pytest
import requests

from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.conftest import KEY, PROJECT
from email_assets_tests.dagster_fixtures import BIN
from email_assets_tests.test_webserver import LAUNCH, REPOSITORY, Server, free_port, wait_for

SHIPPED = PROJECT / "docs" / "server"
UNITS = ["code", "daemon", "webserver"]
UNTIL_IT_IS_UP = 120
UNTIL_A_RUN_STARTS = 60
QUICKER = {
    "dequeue_interval_seconds: 5": "dequeue_interval_seconds: 1",
    "poll_interval_seconds: 60": "poll_interval_seconds: 1",
}


@dataclass
class Machine:
    """The shipped files with every path of a server turned into one of a test's folder."""

    folder: Path
    run: Path
    api: str
    port: int = field(default_factory=free_port)

    def install(self) -> None:
        """Put every file where the documentation says."""
        for part in ("server", "state/dagster", "tmp", "project/.dlt"):
            (self.folder / part).mkdir(parents=True)
        for file in SHIPPED.iterdir():
            (self.folder / "server" / file.name).write_text(self.moved(file.read_text()))
        instance = (SHIPPED / "dagster.yaml").read_text()
        for slow, quick in QUICKER.items():
            assert slow in instance
            instance = instance.replace(slow, quick)
        (self.folder / "state/dagster/dagster.yaml").write_text(instance)
        shutil.copy(PROJECT / ".dlt/config.toml", self.folder / "project/.dlt")
        (self.folder / "project/.dlt/secrets.toml").write_text(f'api_key = "{KEY}"\n')

    def moved(self, text: str) -> str:
        for path, here in {
            "/opt/email_assets/.venv/bin": BIN,
            "/opt/email_assets/docs/server": self.folder / "server",
            "/opt/email_assets": PROJECT,
            "/etc/email_assets": self.folder / "server",
            "/var/lib/email_assets": self.folder / "state",
            "/run/email_assets": self.run,
            "TMPDIR=/var/tmp": f"TMPDIR={self.folder / 'tmp'}",
            "--port 3000": f"--port {self.port}",
            "127.0.0.1:3000": f"127.0.0.1:{self.port}",
            "https://mail.example.org": self.api,
        }.items():
            text = text.replace(path, str(here))
        return text

    def unit(self, name: str) -> dict[str, list[str]]:
        """The settings of a unit, each with its values in order."""
        text = (self.folder / "server" / f"email-assets-{name}.service").read_text()
        found: dict[str, list[str]] = {}
        for key, value in re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE):
            found.setdefault(key, []).append(value)
        return found

    def environment(self, name: str) -> dict[str, str]:
        """What a unit's processes find in their environment, and nothing of the tests' own."""
        unit = self.unit(name)
        lines = [setting for line in unit["Environment"] for setting in shlex.split(line)]
        for file in unit["EnvironmentFile"]:
            for line in Path(file).read_text().splitlines():
                if not line.startswith("#"):
                    # in the one form that systemd and a shell read alike
                    assert re.fullmatch(r"\w+='[^']*'", line), line
                    lines += shlex.split(line)
        return dict(line.split("=", 1) for line in lines)

    def start(self, name: str) -> subprocess.Popen[str]:
        """Do what systemd does: the command before, the command, and the command after."""
        unit = self.unit(name)
        environment = self.environment(name) | {
            "DLT_PROJECT_DIR": str(self.folder / "project"),  # not the developer's own secrets
            "RUNTIME__REQUEST_BACKOFF_FACTOR": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        (directory,) = unit["WorkingDirectory"]
        if "RuntimeDirectory" in unit:
            shutil.rmtree(self.run)
            self.run.mkdir()
        for line in unit.get("ExecStartPre", []):
            subprocess.run(shlex.split(line), cwd=directory, env=environment, check=True)
        (line,) = unit["ExecStart"]
        with (self.folder / f"{name}.log").open("a") as log:
            process = subprocess.Popen(
                shlex.split(line),
                cwd=directory,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        for line in unit.get("ExecStartPost", []):
            subprocess.run(shlex.split(line), check=True, timeout=UNTIL_IT_IS_UP)
        return process


def end(*units: subprocess.Popen[str]) -> None:
    """Kill units as a power cut does, with all of their processes."""
    for process in units:
        for left in Server(process, "", Path()).processes():
            os.kill(left, signal.SIGKILL)
        process.wait()


@dataclass
class Platform:
    """The three units, running."""

    machine: Machine
    sandbox: Sandbox
    units: dict[str, subprocess.Popen[str]]
    server: Server

    def hanging_run(self) -> str:
        """A run that has asked the API for messages, and waits for an answer."""
        asked = self.sandbox.request_count("messages")
        self.sandbox.set_faults("messages", Fault("latency", seconds=600.0, times=1))
        run_id = self.server.launch(assetSelection=[{"path": ["messages"]}])
        wait_for(lambda: self.sandbox.request_count("messages") > asked, UNTIL_A_RUN_STARTS)
        return run_id

    def launch_again(self, name: str) -> str:
        """Launch a run of an asset, once the webserver has noticed that the code server is back."""
        selector = {**REPOSITORY, "jobName": "__ASSET_JOB", "assetSelection": [{"path": [name]}]}
        launched = wait_for(
            lambda: self.server.ask(LAUNCH, selector=selector).get("run"), UNTIL_IT_IS_UP
        )
        return str(launched["runId"])

    def worker(self) -> int:
        """The process of the one run that is under way, a child of the code server."""
        spawned = [
            process
            for process in Server(self.units["code"], "", Path()).processes()
            if b"spawn_main" in Path(f"/proc/{process}/cmdline").read_bytes()
        ]
        (worker,) = spawned
        return worker


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(messages=250, api_key=KEY) as sandbox:
        yield sandbox


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

        def answers() -> bool:
            assert units["webserver"].poll() is None, (machine.folder / "webserver.log").read_text()
            try:
                return requests.get(f"{url}/server_info", timeout=5).ok
            except requests.ConnectionError:
                return False

        wait_for(answers, UNTIL_IT_IS_UP)
        yield Platform(machine, sandbox, units, Server(units["webserver"], url, machine.folder))


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


@pytest.mark.usefixtures("killed_in_a_shell")
def test_a_run_that_is_launched_in_the_ui_loads_the_warehouse(platform: Platform) -> None:
    run_id = platform.server.launch(assetSelection=[{"path": ["servers"]}])

    assert platform.server.status(run_id) == "SUCCESS", platform.server.log(run_id)
    assert platform.server.rows("servers") == len(platform.sandbox.rows("servers"))


def test_what_is_written_is_written_where_the_units_may_write(platform: Platform) -> None:
    folders = {path.name for path in (platform.machine.folder / "state").iterdir()}

    assert folders <= {"dagster", "warehouse.duckdb", "warehouse.duckdb.lock", ".dlt"}


def test_a_run_whose_process_is_killed_ends(platform: Platform) -> None:
    run_id = platform.hanging_run()

    os.kill(platform.worker(), signal.SIGKILL)

    assert platform.server.status(run_id) == "FAILURE"


def test_a_run_that_was_under_way_in_a_power_cut_ends_when_the_units_start_again(
    platform: Platform,
) -> None:
    run_id = platform.hanging_run()

    end(platform.units["code"])
    platform.units["code"] = platform.machine.start("code")

    assert platform.server.status(run_id) == "FAILURE"
    again = platform.launch_again("messages")
    assert platform.server.status(again) == "SUCCESS", platform.server.log(again)
    assert platform.server.rows("messages") == len(platform.sandbox.rows("messages"))


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


@pytest.fixture
def proxy(platform: Platform, tmp_path: Path) -> Iterator[str]:
    """The shipped proxy in front of the webserver, with a certificate and a user of its own."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    openssl = shutil.which("openssl")
    if not nginx or not openssl:
        pytest.skip("nginx or openssl is not installed")
    certificate, key, users = (tmp_path / name for name in ("proxy.pem", "proxy.key", "users"))
    subprocess.run(
        [
            *shlex.split(f"{openssl} req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    users.write_text("ann:{PLAIN}secret\n")
    site = (platform.machine.folder / "server/nginx.conf").read_text()
    port = free_port()
    for path, here in {
        "/etc/ssl/certs/dagster.example.org.pem": certificate,
        "/etc/ssl/private/dagster.example.org.key": key,
        "/etc/nginx/email_assets.htpasswd": users,
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "listen 80": f"listen 127.0.0.1:{free_port()}",
    }.items():
        assert path in site
        site = site.replace(path, str(here))
    (tmp_path / "nginx.conf").write_text(
        f"user root; daemon off; pid {tmp_path}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; {site} }}\n"
    )
    process = subprocess.Popen(
        [nginx, "-p", tmp_path, "-c", tmp_path / "nginx.conf"], stderr=subprocess.DEVNULL
    )
    try:
        url = f"https://127.0.0.1:{port}/server_info"

        def answers() -> bool:
            assert process.poll() is None, "nginx refuses its configuration"
            try:
                return bool(requests.get(url, verify=str(certificate), timeout=5).status_code)
            except requests.exceptions.SSLError:
                return True
            except requests.ConnectionError:
                return False

        wait_for(answers, UNTIL_IT_IS_UP)
        yield url
    finally:
        process.terminate()
        process.wait()


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_the_proxy_asks_for_a_password_and_hands_on(proxy: str) -> None:
    answers = [
        requests.get(proxy, auth=user, verify=False, timeout=30)
        for user in (None, ("ann", "wrong"), ("ann", "secret"))
    ]

    assert [answer.status_code for answer in answers] == [401, 401, 200]
    assert "dagster_version" in answers[-1].json()
