"""Runs on Celery workers as they are shipped, with a real PostgreSQL and a real Redis."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from socket import gethostname
from threading import Event

import dagster as dg
import pytest

from email_assets.sandbox import Sandbox
from email_assets_tests.alerts.alert_fixtures import Webhook, listening
from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import INVENTORY, NAMES
from email_assets_tests.defs.sensor_fixtures import Sensor
from email_assets_tests.deploy.celery_fixtures import (
    AT_THE_MOST,
    WORKERS,
    Cluster,
    a_step,
    opened,
    running_cluster,
)
from email_assets_tests.postgres import Server
from email_assets_tests.warehouses import ask, listed, table
from email_assets_tests.webserver_fixtures import wait_for

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.celery,
    pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning"),  # Celery's
    pytest.mark.skipif(
        find_spec("dagster_celery") is None,
        reason="what runs on servers is not installed: make install-server",
    ),
    pytest.mark.skipif(
        shutil.which("redis-server") is None,
        reason="there is no Redis: apt-get install redis-server",
    ),
]


@dataclass
class Seen:
    """The cluster, and what is known of it."""

    cluster: Cluster
    instance: dg.DagsterInstance
    alerts: Sensor
    webhook: Webhook
    may_go: Event
    """Set to let answers of the API go that are kept back."""

    def status(self, run_id: str) -> str:
        """Wait for the end of a run, and give its status."""

        def ended() -> str | None:
            run = self.instance.get_run_by_id(run_id)
            return run.status.value if run and run.is_finished else None

        try:
            return wait_for(ended, AT_THE_MOST) or ""
        except AssertionError:
            raise AssertionError(self.cluster.log()) from None

    def told(self) -> list[str]:
        """The messages to the webhook at this look, each without its last line."""
        before = len(self.webhook.texts)
        self.alerts.tick()
        return [text.rpartition("\n")[0] for text in self.webhook.texts[before:]]

    def events(self, run_id: str, beginning: str) -> list[dg.DagsterEvent]:
        """The events of a run's steps whose message begins so."""
        found = (entry.dagster_event for entry in self.instance.all_logs(run_id))
        return [event for event in found if event and (event.message or "").startswith(beginning)]

    def worker_of(self, run_id: str, step: str) -> str:
        """The worker that does a step."""
        (event,) = self.events(run_id, f"[CeleryExecutor] Executing steps {step} in")
        named = event.engine_event_data.metadata["Celery worker"].value
        return str(named).partition("@")[0]

    def process_of_run(self, run_id: str) -> int:
        """The process that a run is in."""
        (event,) = self.events(run_id, "Started process for run")
        return int(re.findall(r"pid: (\d+)", str(event.message))[0])

    def process_of(self, run_id: str, step: str) -> int:
        """The process that does a step."""
        found = self.events(run_id, "Started capturing logs in process")
        (event,) = (event for event in found if step in event.logs_captured_data.step_keys)
        return int(re.findall(r"pid: (\d+)", str(event.message))[0])


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, postgres_server: Server) -> Iterator[Seen]:
    folder, may_go = tmp_path_factory.mktemp("cluster"), Event()

    async def wait(seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            if not may_go.is_set():
                await asyncio.sleep(0.1)

    with (
        Sandbox(messages=250, api_key=KEY, sleep=wait) as sandbox,
        running_cluster(folder, sandbox, postgres_server) as cluster,
        opened(cluster) as instance,
        listening() as webhook,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("ALERTS__WEBHOOK_URL", webhook.url)
        seen = Seen(cluster, instance, Sensor("alerts", instance), webhook, may_go)
        seen.told()
        yield seen


def test_the_steps_of_one_run_spread_over_the_workers(seen: Seen) -> None:
    # at once they are more than one worker has slots; a quick one could do them one by one
    run_id = seen.cluster.hanging(seen.instance, *NAMES, job="email_all")
    seen.may_go.set()

    assert seen.status(run_id) == "SUCCESS"
    seen.may_go.clear()
    assert {seen.worker_of(run_id, name) for name in NAMES} == set(WORKERS)
    assert seen.told() == []


def test_a_step_whose_process_is_killed_fails_its_run_and_is_told_of(seen: Seen) -> None:
    run_id = seen.cluster.hanging(seen.instance, "servers")
    os.kill(seen.process_of(run_id, "servers"), signal.SIGKILL)

    assert seen.status(run_id) == "FAILURE"
    (alert,) = seen.told()
    assert "WorkerLostError: Worker exited prematurely: signal 9 (SIGKILL)" in alert
    assert seen.told() == []


def test_a_run_that_lost_a_whole_worker_ends_after_the_longest_time_that_it_may_take(
    seen: Seen,
) -> None:
    run_id = seen.cluster.hanging(seen.instance, "servers")
    seen.cluster.kill(seen.worker_of(run_id, "servers"))
    seen.instance.add_run_tags(run_id, {"dagster/max_runtime": "1"})  # and not four hours

    assert seen.status(run_id) == "FAILURE"
    assert seen.events(run_id, "Exceeded maximum runtime")


def test_a_run_that_is_to_end_does_not_wait_for_ever_for_a_worker_that_is_gone(seen: Seen) -> None:
    from celery.exceptions import TaskRevokedError

    from email_assets.defs.celery import PATIENCE, Step

    app = seen.instance.run_launcher.celery  # type: ignore[attr-defined]
    # else any other worker would call it revoked
    app.backend.store_result("nobody has it", {"pid": 1, "hostname": "w1@far"}, "STARTED")
    clock = iter([0, 0, PATIENCE - 1, PATIENCE])
    step = Step(app.AsyncResult("nobody has it"), None, None, lambda: next(clock))

    assert not step.ready()
    step.revoke()
    assert not step.ready()
    assert step.ready()
    with pytest.raises(TaskRevokedError):
        step.get()


def test_a_process_that_is_killed_is_lost_though_it_was_told_to_end_another_task_before(
    seen: Seen,
) -> None:
    from celery.exceptions import TaskRevokedError

    from email_assets.defs.celery import Step

    app = seen.instance.run_launcher.celery  # type: ignore[attr-defined]
    # so Celery ends a task whose process is killed then
    app.backend.store_result("killed", TaskRevokedError("terminated"), "REVOKED")
    with a_step() as (context, step):
        (event,) = Step(app.AsyncResult("killed"), context, step).get()

    assert dg.deserialize_value(event, dg.DagsterEvent).is_step_failure
    assert "Its process on a Celery worker was lost." in event


def test_the_slot_of_such_a_run_is_free_once_its_worker_starts_again(seen: Seen) -> None:
    (worker,) = (name for name in WORKERS if seen.cluster.processes[name].poll() is not None)
    app = seen.instance.run_launcher.celery  # type: ignore[attr-defined]

    seen.cluster.run(["python", "-m", "email_assets.lost_runs", worker])
    seen.cluster.start(worker)

    def is_idle() -> bool:
        active = app.control.inspect().active() or {}
        return len(active) == len(WORKERS) and not any(active.values())

    wait_for(is_idle, AT_THE_MOST)


def test_what_a_worker_had_begun_has_failed_before_it_starts_again(seen: Seen) -> None:
    app = seen.instance.run_launcher.celery  # type: ignore[attr-defined]
    host = gethostname()
    for task, node in {"ours": f"lost@{host}", "other": f"w1@{host}", "far": "lost@far"}.items():
        app.backend.store_result(task, {"pid": 1, "hostname": node}, "STARTED")

    seen.cluster.run(["python", "-m", "email_assets.lost_runs", "lost"])

    states = {task: app.AsyncResult(task).state for task in ("ours", "other", "far")}
    assert states == {"ours": "FAILURE", "other": "STARTED", "far": "STARTED"}


def test_a_run_whose_process_is_killed_ends(seen: Seen) -> None:
    # for seconds only: its step goes on without it
    run_id = seen.cluster.hanging(seen.instance, "servers", seconds=10)
    os.kill(seen.process_of_run(run_id), signal.SIGKILL)

    assert seen.status(run_id) == "FAILURE"
    (ended,) = seen.events(run_id, "Detected run worker status")
    # Celery says the second if that process had been told to end another run before
    assert re.search(r"status (FAILED|UNKNOWN: 'Unknown task status: REVOKED')", str(ended.message))


def test_a_run_goes_on_without_broker_and_code_server_and_heals(seen: Seen) -> None:
    # all steps wait, so that none is just being handed over: Redis would hand it out hours later
    run_id = seen.cluster.hanging(seen.instance, *INVENTORY)
    seen.cluster.kill("code")
    seen.cluster.kill("redis")
    seen.cluster.start("redis")
    seen.may_go.set()

    assert seen.status(run_id) == "SUCCESS"
    seen.may_go.clear()
    (recovery,) = seen.told()
    assert "servers" in recovery


def test_nothing_is_lost_or_doubled(seen: Seen) -> None:
    query = partial(ask, seen.cluster.warehouse)

    for name in ("messages", "bounces", *INVENTORY):
        assert table(query, name) == listed(seen.cluster.sandbox.rows(name)), name
