"""A cluster as the guide starts it: its commands and the shipped files, with ports of its own."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import create_execution_plan
from dagster._core.execution.context.system import PlanExecutionContext
from dagster._core.execution.context_creation_job import scoped_job_context
from dagster._core.execution.plan.step import IExecutionStep

from email_assets.sandbox import Fault, Sandbox
from email_assets_tests import programs
from email_assets_tests.conftest import KEY, PROJECT
from email_assets_tests.dagster_fixtures import command
from email_assets_tests.deploy.server_fixtures import end
from email_assets_tests.docs.pages import commands
from email_assets_tests.ports import free_port
from email_assets_tests.postgres import Database, Server
from email_assets_tests.warm import warm
from email_assets_tests.webserver_fixtures import wait_for

SHIPPED = PROJECT / "deploy/celery"
QUICKER = {
    "dequeue_interval_seconds: 5": "dequeue_interval_seconds: 1",
    "poll_interval_seconds: 30": "poll_interval_seconds: 1",
}
WORKERS = ["w1", "w2"]
READY = {
    "redis": "Ready to accept connections",
    "code": "Started Dagster code server",
    "daemon": "Instance is configured with the following daemons",
    **dict.fromkeys(WORKERS, "ready."),
}
"""The words of each once it is up."""
AT_THE_MOST = 300
"""Seconds for anything, on a machine that does other things besides."""


def documented(beginning: str) -> list[str]:
    """The one command of the guide that begins so."""
    (found,) = {line for line in commands(PROJECT / "docs/scale.md") if line.startswith(beginning)}
    program, *arguments = shlex.split(found.removeprefix(".venv/bin/"))
    return [program if found.startswith(".venv") else shutil.which(program) or program, *arguments]


@dataclass
class Cluster:
    """Redis, a code server, a daemon and two workers, which share no disk."""

    folder: Path
    sandbox: Sandbox
    warehouse: Database
    history: Database
    broker: int = field(default_factory=free_port)
    code: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[str]] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, str]:
        """The environment that the guide exports."""
        redis = f"redis://127.0.0.1:{self.broker}/0"
        return {
            "DAGSTER_POSTGRES_URL": self.history.url.replace("://", "+psycopg2://"),
            "WAREHOUSE__DESTINATION_TYPE": "postgres",
            "DESTINATION__POSTGRES__CREDENTIALS": self.warehouse.url,
            "CELERY_BROKER_URL": redis,
            "CELERY_RESULT_BACKEND": redis,
            "EXECUTION__EXECUTOR": "celery",
            "API_KEY": KEY,
            "SOURCES__EMAIL__BASE_URL": self.sandbox.base_url,
            "RUNTIME__REQUEST_BACKOFF_FACTOR": "0",
            "RUNTIME__REQUEST_TIMEOUT": "600",  # a step waits for as long as a test wants
        }

    def home(self, name: str) -> Path:
        """The DAGSTER_HOME, project's folder and working folder of a host."""
        home = self.folder / name
        if not home.exists():
            shutil.copytree(PROJECT / ".dlt", home / ".dlt", ignore=lambda *_: ["secrets.toml"])
            instance = (SHIPPED / "dagster.yaml").read_text()
            workspace = (SHIPPED / "workspace.yaml").read_text()
            for slow, quick in QUICKER.items():
                assert slow in instance
                instance = instance.replace(slow, quick)
            (home / "dagster.yaml").write_text(instance)
            (home / "workspace.yaml").write_text(workspace.replace("4266", str(self.code)))
        return home

    def start(self, name: str) -> None:
        """Start a program of the cluster as the guide does."""
        home = self.home(name if name in WORKERS else "control")
        line = {
            "redis": documented("redis-server"),
            "code": documented(".venv/bin/dagster api grpc"),
            "daemon": documented(".venv/bin/dagster-daemon"),
        }.get(name) or documented(".venv/bin/dagster-celery worker start")
        for shipped, here in {
            "6379": str(self.broker),
            "/var/tmp": str(home),
            "4266": str(self.code),
            "deploy/celery/workspace.yaml": str(home / "workspace.yaml"),
            "deploy/celery": str(SHIPPED),
            "w1": name,
            "--concurrency=6": "--concurrency=3",
        }.items():
            line = [re.sub(rf"^{re.escape(shipped)}\b", here, word) for word in line]
        env = {**self.settings, **warm(), "DLT_PROJECT_DIR": str(home), "TMPDIR": str(home)}
        log = self.folder / f"{name}.log"
        self.processes[name] = command(*line, home=home, cwd=home, env=env, output=log)

    def wait_until_up(self, *names: str) -> None:
        """Wait until programs say that they are up."""
        for name in names:
            wait_for(partial(self._is_up, name), AT_THE_MOST)

    def _is_up(self, name: str) -> bool:
        said = (self.folder / f"{name}.log").read_text()
        assert self.processes[name].poll() is None, said
        return READY[name] in said

    def kill(self, name: str) -> None:
        """Kill a program with all of its processes."""
        end(self.processes[name])

    def run(self, line: list[str]) -> None:
        """Run a command of the guide to its end."""
        home = self.home("control")
        line = [word.replace("deploy/celery", str(home)) for word in line]
        done = programs.run(*line, home=home, cwd=home, env=self.settings)
        assert done.status == 0, done.said

    def launch(self, job: str, instance: dg.DagsterInstance) -> str:
        """Put a run of a job into the queue, as the guide does."""
        line = documented(".venv/bin/dagster job launch")
        self.run([*line[:-1], job])
        (run,) = instance.get_runs(limit=1)
        assert run.job_name == job
        return run.run_id

    def hanging(
        self,
        instance: dg.DagsterInstance,
        *names: str,
        seconds: float = 600,
        job: str = "email_inventory",
    ) -> str:
        """A run of a job whose steps of some names wait for answers of the API."""
        asked = {name: self.sandbox.request_count(name) for name in names}
        for name in names:
            self.sandbox.set_faults(name, Fault("latency", seconds=seconds, times=1))
        run_id = self.launch(job, instance)
        for name in names:
            wait_for(partial(self._has_asked, name, asked[name]), AT_THE_MOST)
        return run_id

    def _has_asked(self, name: str, before: int) -> bool:
        return self.sandbox.request_count(name) > before

    def log(self) -> str:
        """The last that everything said, for the message of a failed test."""
        logs = sorted(self.folder.glob("*.log"))
        return "\n".join(f"{log.name}: {log.read_text()[-2000:]}" for log in logs)


@contextmanager
def running_cluster(folder: Path, sandbox: Sandbox, server: Server) -> Iterator[Cluster]:
    """A cluster that ends with the block."""
    cluster = Cluster(folder, sandbox, server.new_database(), server.new_database())
    with ExitStack() as stack:
        stack.callback(lambda: end(*cluster.processes.values()))
        cluster.start("redis")
        cluster.run(documented(".venv/bin/dagster instance migrate"))
        for name in ("code", *WORKERS):
            cluster.start(name)
        cluster.wait_until_up("redis", "code")
        cluster.start("daemon")
        cluster.wait_until_up(*WORKERS)
        yield cluster


@contextmanager
def opened(cluster: Cluster) -> Iterator[dg.DagsterInstance]:
    """The cluster's instance, in the tests' own process."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in cluster.settings.items():
            patch.setenv(name, value)
        patch.setenv("DAGSTER_HOME", str(cluster.home("control")))
        with dg.DagsterInstance.get() as instance:
            yield instance


@contextmanager
def a_step() -> Iterator[tuple[PlanExecutionContext, IExecutionStep]]:
    """A step of a run, with the context in which an executor tells of it."""

    @dg.op
    def work() -> None:
        """Nothing, since nobody does it."""

    @dg.job
    def of_one_step() -> None:
        work()

    plan = create_execution_plan(of_one_step)
    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(of_one_step, execution_plan=plan)
        with scoped_job_context(plan, InMemoryJob(of_one_step), {}, run, instance) as context:
            (step,) = plan.steps
            yield context, step
