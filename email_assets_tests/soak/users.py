"""Two people who launch runs by hand, one in the UI and one on the command line, and a killer."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from random import Random
from typing import Any

import requests

from email_assets.definitions import defs
from email_assets_tests.soak.processes import CODE_SERVER, DAEMON, WEBSERVER, Platform

REPOSITORY = {"repositoryLocationName": "email_assets", "repositoryName": "__repository__"}
UNTIL_A_COMMAND_ENDS = 300
RUN_WORKER, COMMAND = "run worker", "command"
LAUNCH = """
mutation ($selector: JobOrPipelineSelector!, $config: RunConfigData!) {
  launchRun(executionParams: {selector: $selector, runConfigData: $config}) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on Error { message }
  }
}
"""
TERMINATE = "mutation ($id: String!) { terminateRun(runId: $id) { __typename } }"
AUTOMATION = """
query ($repository: RepositorySelector!) {
  repositoryOrError(repositorySelector: $repository) {
    ... on Repository {
      schedules { scheduleState { id name status } } sensors { sensorState { id name status } }
    }
  }
}
"""
STOP = {
    "schedules": "mutation ($id: String!) { stopRunningSchedule(id: $id) { __typename } }",
    "sensors": "mutation ($id: String!) { stopSensor(id: $id) { __typename } }",
}
ASSETS = sorted(
    key.to_user_string() for key in defs.resolve_asset_graph().materializable_asset_keys
)
"""Those of one account."""


def assets_of(accounts: Sequence[str]) -> list[str]:
    """The assets of accounts, or of the one that has no name."""
    return [f"{account}/{name}" for account in accounts for name in ASSETS] or ASSETS


class RefusedError(Exception):
    """The UI's API did not do what it was asked."""


def ask(platform: Platform, query: str, **variables: Any) -> Any:
    """The answer to a GraphQL query, as the UI gets it.

    Raises:
        requests.RequestException: The webserver is down.
        RefusedError: The answer is an error.
    """
    answer = requests.post(
        f"{platform.url}/graphql", json={"query": query, "variables": variables}, timeout=60
    )
    answer.raise_for_status()
    document = answer.json()
    if document.get("errors"):
        raise RefusedError(str(document["errors"])[:500])
    (data,) = document["data"].values()
    return data


def launch(platform: Platform, *names: str, config: dict[str, Any] | None = None) -> str:
    """Launch a run of some assets, as the UI does; gives its id."""
    selector = {
        **REPOSITORY,
        "jobName": "__ASSET_JOB",
        "assetSelection": [{"path": name.split("/")} for name in names],
    }
    launched = ask(platform, LAUNCH, selector=selector, config=config or {})
    if "run" not in launched:
        raise RefusedError(str(launched))
    run_id: str = launched["run"]["runId"]
    return run_id


def switch_off(platform: Platform, but: Collection[str]) -> None:
    """Stop every schedule and sensor but some, as the UI's Automation page does."""
    found = ask(platform, AUTOMATION, repository=REPOSITORY)
    for kind, stop in STOP.items():
        for instigator in found[kind]:
            state = instigator[f"{kind[:-1]}State"]
            if state["status"] == "RUNNING" and state["name"] not in but:
                ask(platform, stop, id=state["id"])


class Actors:
    """Threads that do things at random until they are told to stop.

    Attributes:
        problems: What must not have happened, in sentences.
    """

    def __init__(self, platform: Platform, seed: str, assets: Sequence[str]) -> None:
        self._platform, self._assets = platform, assets
        self._over = threading.Event()
        self.services_may_die = threading.Event()
        self.services_may_die.set()
        self.problems: list[str] = []
        self._commands: list[int] = []
        self._threads = [
            threading.Thread(target=self._act, args=(act, Random(f"{seed}:{name}"), pause))
            for name, act, pause in (
                ("ui", self._click, (4, 12)),
                ("cli", self._type, (3, 10)),
                ("killer", self._kill, (6, 18)),
            )
        ]

    def start(self) -> None:
        """Let them begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let them end what they are at, and wait for it."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _act(
        self, act: Callable[[Random], None], random: Random, pause: tuple[float, float]
    ) -> None:
        try:
            while not self._over.wait(random.uniform(*pause)):
                with suppress(requests.RequestException):  # the webserver is down
                    act(random)
        except Exception as error:
            self.problems.append(f"{act.__name__} failed: {type(error).__name__}: {error}")

    def _click(self, random: Random) -> None:
        names = random.sample(self._assets, random.choice((1, 1, 1, 2, len(self._assets))))
        config = {}
        if random.random() < 0.2:
            op = names[0].replace("/", "__")
            config = {"ops": {op: {"config": {"full_refresh": True}}}}
            names = names[:1]
        with suppress(RefusedError):  # the code server is down, as the UI says then
            run_id = launch(self._platform, *names, config=config)
            if random.random() < 0.15:
                self._over.wait(random.uniform(1, 10))
                ask(self._platform, TERMINATE, id=run_id)

    def _type(self, random: Random) -> None:
        selected = random.choice([*(f'key:"{name}"' for name in self._assets), "*"])
        arguments = ["--select", selected, "-m", "email_assets.definitions"]
        process = self._platform.start("dagster", "asset", "materialize", *arguments, log="command")
        self._commands.append(process.pid)
        interrupt = random.uniform(3, 25) if random.random() < 0.2 else None
        began = time.monotonic()
        while process.poll() is None:
            seconds = time.monotonic() - began
            if interrupt is not None and seconds > interrupt:
                process.send_signal(signal.SIGINT)
                self._platform.killed.add(process.pid)
                self._platform.kills["Ctrl-C"] += 1
                interrupt = None
            if seconds > UNTIL_A_COMMAND_ENDS:
                process.kill()
                self.problems.append(
                    f"A command hung for {UNTIL_A_COMMAND_ENDS} s: {json.dumps(arguments)}."
                )
            time.sleep(0.2)
        self._commands.remove(process.pid)

    def _kill(self, random: Random) -> None:
        what = random.choice((RUN_WORKER, RUN_WORKER, COMMAND, CODE_SERVER, WEBSERVER, DAEMON))
        if what == RUN_WORKER and (workers := self._platform.run_workers()):
            self._platform.kill_process(random.choice(workers), what)
        elif what == COMMAND and (commands := list(self._commands)):
            self._platform.kill_process(random.choice(commands), what)
        elif what in (CODE_SERVER, WEBSERVER, DAEMON) and self.services_may_die.is_set():
            self._platform.kill(what)
