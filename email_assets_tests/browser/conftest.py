"""`make ui` on a sandbox of its own, and one Chromium that looks at it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

from email_assets_tests.conftest import PROJECT
from email_assets_tests.ports import free_port
from email_assets_tests.warm import warm

CHROMIUM = which("chromium") or which("chromium-browser") or which("google-chrome")
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PICTURES = PROJECT / "pictures"
"""The folder of what a person sees, which git ignores; the README has two of them."""
START_SECONDS = 300
RUN_SECONDS = 300
VIEWPORT: ViewportSize = {"width": 1400, "height": 1200}
PATIENCE = 180_000
"""Milliseconds in which something that is looked for must appear."""
LAUNCH = """
mutation ($job: String!) {
  launchRun(executionParams: {
    selector: {
      repositoryLocationName: "email_assets", repositoryName: "__repository__", jobName: $job
    }
  }) { __typename ... on LaunchRunSuccess { run { runId } } }
}
"""
STATUS = "query ($run: ID!) { runOrError(runId: $run) { ... on Run { status } } }"


@dataclass
class Platform:
    """A running `make ui`."""

    folder: Path
    """Of its settings, and of its history and warehouse."""
    address: str
    """Of Dagster's UI."""
    sandbox: str = ""
    """Address of the API that is loaded."""

    def ask(self, query: str, **variables: str) -> Any:
        """Dagster's answer to a GraphQL query."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        return _send("POST", f"{self.address}/graphql", body)["data"]

    def launch(self, job: str) -> str:
        """Launch a job as the UI does; gives the run's id."""
        run: str = self.ask(LAUNCH, job=job)["launchRun"]["run"]["runId"]
        return run

    def wait_for(self, run: str) -> None:
        """Wait until a run has succeeded."""
        deadline = time.monotonic() + RUN_SECONDS
        while (status := self.ask(STATUS, run=run)["runOrError"]["status"]) != "SUCCESS":
            assert status not in ("FAILURE", "CANCELED"), status
            assert time.monotonic() < deadline, status
            time.sleep(0.5)

    def set_faults(self, resource: str, *faults: dict[str, Any]) -> None:
        """Let the API have these troubles with a resource from now on."""
        address = f"{self.sandbox}/sandbox/faults/{resource}?api_key=sandbox"
        _send("PUT", address, json.dumps(faults).encode())


@pytest.fixture(scope="package")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """`make ui` with a history and a warehouse of its own."""
    folder = tmp_path_factory.mktemp("ui")
    (folder / ".dlt").mkdir()
    shutil.copy(PROJECT / ".dlt" / "config.toml", folder / ".dlt")
    port = free_port()
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "email_assets.quickstart", "ui", "--port", str(port)],
            env={
                **os.environ,
                **warm(),
                "DAGSTER_HOME": str(folder),
                "DLT_PROJECT_DIR": str(folder),
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    said = (folder / "output").read_text
    try:
        found = Platform(folder, f"http://127.0.0.1:{port}")
        deadline = time.monotonic() + START_SECONDS
        while not _is_up(found):
            assert process.poll() is None, said()
            assert time.monotonic() < deadline, said()
            time.sleep(0.2)
        found.sandbox = re.findall(r"sandbox API: (\S+)\. ", said())[0]
        yield found
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=300)


@pytest.fixture(scope="package")
def page() -> Iterator[Page]:
    """One browser for all the tests, as one person would have."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport=VIEWPORT)
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield page
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Photograph the page when a test fails, or what it needs, and tell where the picture is."""
    report = yield
    page = item.funcargs.get("page")
    if report.failed and isinstance(page, Page):
        file = PICTURES / f"failed_{re.sub(r'[^a-z_]+', '_', item.name)}.png"
        page.screenshot(path=file)
        report.sections.append(("picture", str(file)))
    return report


def _is_up(platform: Platform) -> bool:
    try:
        return bool(platform.ask("{ assetNodes { id } }")["assetNodes"])
    except OSError:
        return False


def _send(method: str, address: str, body: bytes) -> Any:
    request = urllib.request.Request(
        address, body, {"Content-Type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.loads(answer.read() or b"null")
