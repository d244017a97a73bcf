"""A server as the documentation sets it up, in a folder: its files and its units."""

import os
import re
import shlex
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.clock import in_other_processes
from email_assets_tests.conftest import KEY, PROJECT
from email_assets_tests.ports import free_port
from email_assets_tests.programs import BIN
from email_assets_tests.warm import warm
from email_assets_tests.webserver_fixtures import LAUNCH, REPOSITORY, Server, wait_for

SHIPPED = PROJECT / "deploy" / "machine"
UNTIL_IT_IS_UP = 300
UNTIL_A_RUN_STARTS = 300
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
            "/opt/email_assets/deploy/machine": self.folder / "server",
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
        """The environment of a unit's processes, with nothing of the tests' own in it."""
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
            **in_other_processes,
            **warm(),
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
            with suppress(ProcessLookupError):  # one that ends with another
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
        spawned = []
        for process in Server(self.units["code"], "", Path()).processes():
            with suppress(ProcessLookupError, FileNotFoundError):  # one that has ended since
                if b"spawn_main" in Path(f"/proc/{process}/cmdline").read_bytes():
                    spawned.append(process)
        (worker,) = spawned
        return worker
