"""`make ui` in a real browser: the graph, a materialization by click, its checks and figures."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest
from playwright.sync_api import Page, expect, sync_playwright

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
START_SECONDS = 90
RUN_MILLISECONDS = 60_000

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _assets_at(address: str) -> int:
    """How many assets the UI's server knows; 0 while it is not up."""
    query = json.dumps({"query": "{ assetNodes { id } }"}).encode()
    request = urllib.request.Request(
        f"{address}/graphql", query, {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return len(json.load(answer)["data"]["assetNodes"])
    except OSError:
        return 0


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where `make ui` serves a history and a warehouse of its own."""
    folder = tmp_path_factory.mktemp("ui")
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "email_assets.quickstart", "ui", "--port", str(port)],
            env={
                **os.environ,
                "DAGSTER_HOME": str(folder),
            },
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while _assets_at(address) == 0:
                said = (folder / "output").read_text
                assert process.poll() is None, said()
                assert time.monotonic() < deadline, said()
                time.sleep(0.2)
            yield address
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)


@pytest.fixture(scope="module")
def browser_page(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """One browser for all the tests of this module, as one person would have."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1200})
        page.set_default_timeout(RUN_MILLISECONDS)
        yield page
        browser.close()


@pytest.fixture
def page(browser_page: Page, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Page]:
    """The page, photographed if the test fails."""
    failed_before = request.session.testsfailed
    yield browser_page
    if request.session.testsfailed > failed_before:
        browser_page.screenshot(path=tmp_path / "screenshot.png")


def test_the_graph_shows_the_five_assets(page: Page, address: str) -> None:
    page.goto(f"{address}/asset-groups", wait_until="domcontentloaded")
    for name in ("bounces", "deliverystats", "domains", "messages", "servers"):
        expect(page.get_by_text(name, exact=True).first).to_be_visible()


def test_a_click_materializes_an_asset_and_its_checks_pass(page: Page, address: str) -> None:
    page.goto(f"{address}/assets/bounces", wait_until="domcontentloaded")
    # leaving the page before its answer came would take the launch back
    with page.expect_response(
        lambda answer: "LaunchPipelineExecution" in (answer.request.post_data or "")
    ):
        page.get_by_role("button", name=re.compile(r"Materialize$")).click()
    for check in ("complete", "freshness_check", "primary_key"):
        page.goto(
            f"{address}/assets/bounces?view=checks&checkDetail={check}",
            wait_until="domcontentloaded",
        )
        expect(page.get_by_text("Passed").first).to_be_visible(timeout=RUN_MILLISECONDS)


def test_the_asset_page_shows_how_many_rows_there_are(page: Page, address: str) -> None:
    page.goto(f"{address}/assets/bounces", wait_until="domcontentloaded")
    expect(page.get_by_text("Row count", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile(r"^4\d\d$")).first).to_be_visible()


def test_the_automation_page_lists_schedules_and_sensors(page: Page, address: str) -> None:
    page.goto(f"{address}/automation", wait_until="domcontentloaded")
    for name in (
        "email_events",
        "email_inventory",
        "new_records",
        "freshness_checks",
        "alerts",
    ):
        expect(page.get_by_text(name, exact=True)).to_be_visible()
