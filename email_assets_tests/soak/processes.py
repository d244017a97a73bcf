"""The platform's processes: started, measured through `/proc`, killed, and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import requests

from email_assets_tests.conftest import PROJECT
from email_assets_tests.dagster_fixtures import command
from email_assets_tests.programs import BIN

CODE_SERVER, WEBSERVER, DAEMON = "code server", "webserver", "daemon"
UNTIL_IT_IS_UP = 180
UNTIL_IT_IS_GONE = 60
WORKSPACE = """
load_from:
  - grpc_server: {{host: 127.0.0.1, port: {port}, location_name: email_assets}}
"""


@dataclass(frozen=True)
class Measure:
    """The resources that a process holds at a moment."""

    at: float
    megabytes: float
    threads: int
    files: int


@dataclass
class Platform:
    """Webserver, daemon and code server, each started again whenever it is gone.

    Attributes:
        folder: Holds DAGSTER_HOME, the log of each process, and what they are told to use.
        settings: The environment of each.
        kills: How often each kind of process was killed.
        killed: The ids of processes that were killed.
        measures: What each service took, by its name and the id of its process.
    """

    folder: Path
    settings: dict[str, str]
    kills: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    killed: set[int] = field(default_factory=set)
    measures: dict[tuple[str, int], list[Measure]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def __post_init__(self) -> None:
        self.home = self.folder / "dagster_home"
        self.code_port, self.web_port = free_port(), free_port()
        workspace = self.folder / "workspace.yaml"
        workspace.write_text(WORKSPACE.format(port=self.code_port))
        module = ["-m", "email_assets.definitions"]
        here = ["-h", "127.0.0.1", "-p"]
        self._commands = {
            # as the shipped unit starts it: what the one before has lost is ended first
            CODE_SERVER: [
                "/bin/sh",
                "-c",
                f"'{BIN}/python' -m email_assets.lost_runs; exec '{BIN}/dagster' api grpc "
                + " ".join([*here, str(self.code_port), *module]),
            ],
            WEBSERVER: ["dagster-webserver", *here, str(self.web_port), "-w", str(workspace)],
            DAEMON: ["dagster-daemon", "run", "-w", str(workspace)],
        }
        self._running: dict[str, subprocess.Popen[str]] = {}
        self._sessions: list[int] = []

    @property
    def url(self) -> str:
        """The webserver's address."""
        return f"http://127.0.0.1:{self.web_port}"

    def start(self, *arguments: str, log: str) -> subprocess.Popen[str]:
        """Start a program in a session of its own; what it says is added to a log."""
        count = sum(1 for _ in self.folder.glob(f"{log}*.log"))
        process = command(
            *arguments,
            home=self.home,
            cwd=PROJECT,
            env=self.settings,
            output=self.folder / f"{log}-{count}.log",
        )
        self._sessions.append(process.pid)
        return process

    def keep_up(self) -> None:
        """Start what is not running."""
        for name, arguments in self._commands.items():
            if name not in self._running or self._running[name].poll() is not None:
                self._running[name] = self.start(*arguments, log=name.replace(" ", "_"))

    def wait_until_up(self) -> None:
        """Wait until the webserver answers and has loaded the definitions.

        Raises:
            TimeoutError: It did not, for minutes.
        """
        deadline = time.monotonic() + UNTIL_IT_IS_UP
        query = {"query": "{ assetNodes { assetKey { path } } }"}
        while time.monotonic() < deadline:
            self.keep_up()
            with suppress(requests.RequestException, KeyError, TypeError, ValueError):
                answer = requests.post(f"{self.url}/graphql", json=query, timeout=10).json()
                if answer["data"]["assetNodes"]:
                    return
            time.sleep(0.5)
        raise TimeoutError(f"The platform was not up within {UNTIL_IT_IS_UP} s.")

    def kill(self, name: str) -> None:
        """End a service and all that it started as `kill -9` does; `keep_up` starts it again."""
        process = self._running.get(name)
        if process is None or process.poll() is not None:
            return
        self.kills[name] += 1
        for pid in session(process.pid):
            self.killed.add(pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait(UNTIL_IT_IS_GONE)

    def run_workers(self) -> list[int]:
        """The processes in which the code server runs something."""
        server = self._running.get(CODE_SERVER)
        if server is None:
            return []
        return [pid for pid in session(server.pid) if "spawn_main" in command_line(pid)]

    def kill_process(self, pid: int, kind: str) -> None:
        """End a process that is not a service as `kill -9` does."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.killed.add(pid)
            self.kills[kind] += 1

    def measure(self) -> None:
        """Note what each service takes now, without the processes that it started."""
        for name, process in self._running.items():
            with suppress(OSError):
                now = measure(process.pid)  # first, so that one that is gone leaves no empty list
                self.measures[name, process.pid].append(now)

    def stop(self) -> None:
        """End everything that was started, gently and then for good."""
        for process in self._running.values():
            process.terminate()
        deadline = time.monotonic() + UNTIL_IT_IS_GONE
        while time.monotonic() < deadline and any(
            process.poll() is None for process in self._running.values()
        ):
            time.sleep(0.2)
        for leader in self._sessions:
            for pid in session(leader):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        for process in self._running.values():
            process.wait(UNTIL_IT_IS_GONE)


@contextmanager
def running(folder: Path, settings: dict[str, str]) -> Iterator[Platform]:
    """The platform, up; ended with all that it started."""
    platform = Platform(folder, settings)
    try:
        platform.wait_until_up()
        yield platform
    finally:
        platform.stop()


def session(leader: int) -> list[int]:
    """The processes of a session."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(ProcessLookupError):
                if os.getsid(int(entry.name)) == leader:
                    found.append(int(entry.name))
    return found


def command_line(pid: int) -> str:
    """The command line of a process, or nothing if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def measure(pid: int) -> Measure:
    """Measure a process now.

    Raises:
        OSError: It is gone.
    """
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    if "VmRSS" not in status:
        raise ProcessLookupError(pid)
    return Measure(
        at=time.monotonic(),
        megabytes=int(status["VmRSS"].split()[0]) / 1024,
        threads=int(status["Threads"]),
        files=len(list(Path(f"/proc/{pid}/fd").iterdir())),
    )


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
