"""`make run` on a terminal: a table of assets that fills, and Ctrl-C."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import dagster as dg
import pytest
from rich.console import Console

from email_assets.account import configured_account
from email_assets.quickstart.filling import Filling
from email_assets.quickstart.load import shown
from email_assets.sandbox import Fault, Sandbox
from email_assets.sync import watched
from email_assets.sync.pipeline import sync
from email_assets.sync.watched import Watched
from email_assets.warehouse.destination import open_pipeline
from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import (
    empty_home,
    materialize,
    platform,
    settings_for,
)
from email_assets_tests.programs import environment_of
from email_assets_tests.terminal_fixtures import opened_terminal
from email_assets_tests.webserver_fixtures import processes_of, wait_for

pytestmark = pytest.mark.slow

__all__ = ["empty_home"]

CTRL_C = b"\x03"
STAMP = "2026-06-15 12:00:00 +0000 - dagster - {} - __ASSET_JOB - 5cb6da74 - {} - {}\n"


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which syncs tell how far they are."""
    file = tmp_path / "progress"
    file.touch()
    monkeypatch.setenv(watched.FILE, str(file))
    return file


def shown_of(
    filling_says: list[str], file: Path, assets: list[str], height: int | None = None
) -> list[str]:
    """Lines that a terminal shows of a run that told what is in the file, and says these lines."""
    with opened_terminal() as terminal, os.fdopen(os.dup(terminal.inside), "w") as screen:
        console = Console(file=screen, force_terminal=True, width=80, height=height)
        with Filling(console, assets, file) as filling:
            for line in filling_says:
                filling.say(line)
            filling.refresh()
        screen.flush()
    return terminal.lines


@pytest.mark.usefixtures("api")
def test_a_sync_fills_its_line_from_reading_to_loaded(
    told: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__READ_AHEAD", "1")
    account, seconds = configured_account(), iter(range(10_000))
    seen = list[str]()
    with opened_terminal() as terminal, os.fdopen(os.dup(terminal.inside), "w") as screen:
        console = Console(file=screen, force_terminal=True, width=80)
        with Filling(console, ["messages", "servers"], told) as filling:
            with open_pipeline(account.warehouse, "messages") as pipeline:

                def tick() -> float:
                    filling.refresh()
                    return next(seconds) / 2

                sync(account, pipeline, "messages", say=seen.append, ticks=tick)
            filling.refresh()
    lines = [line for line in terminal.lines if "messages" in line]

    assert "waiting" in lines[0]
    assert any(
        re.search(r"━ \d+ of 250 \(\d+%\), \d+ a second, \d+ s left$", line) for line in lines
    )
    assert lines[-1].endswith("loading 250 rows …")
    assert all(line.endswith("waiting") for line in terminal.lines if "servers" in line)


def test_an_asset_that_fails_is_shown_as_failed(told: Path, tmp_path: Path) -> None:
    with Sandbox(messages=20, api_key=KEY) as sandbox, platform(tmp_path, sandbox) as instance:
        sandbox.set_faults("domains", Fault("status", status=401))
        materialize(instance, "domains")
    last = {line.split()[0]: line for line in shown_of([], told, ["domains", "servers"])}

    assert last["domains"].endswith("failed")
    assert last["servers"].endswith("waiting")


def test_what_the_table_says_is_not_said_above_it_again(told: Path) -> None:
    said = [
        STAMP.format("INFO", "bounces", "bounces: 455 rows loaded, 0 unchanged, 455 in the table"),
        STAMP.format("INFO", "messages", "messages: 100 of 250 rows read (40%), 9 a second"),
        STAMP.format("ERROR", "7 - bounces", 'STEP_FAILURE - Execution of step "x" failed.'),
        "\n",
        "dagster.Failure: bounces: the API refused the key (401).\n",
        STAMP.format("INFO", "messages", "messages: waits for its turn at [warehouse]"),
        "Error: no module of this name\n",
    ]
    lines = [line for line in shown_of(said, told, ["bounces"]) if "━" not in line]

    assert lines == ["messages: waits for its turn at [warehouse]", "Error: no module of this name"]


def test_of_more_assets_than_lines_those_under_way_or_failed_are_shown(told: Path) -> None:
    assets = [f"account_{number}/bounces" for number in range(9)]
    Watched(assets[0]).tell("5 rows loaded", state="done")
    Watched(assets[7]).tell("asking the API …")
    Watched(assets[8]).tell("failed", state="failed")
    last = shown_of([], told, assets, height=6)[-4:]

    assert [line.split()[0] for line in last] == [assets[at] for at in (1, 2, 7, 8)]


def test_a_pipe_gets_lines_though_colors_are_forced(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    with shown() as say:
        say("bounces: 455 rows loaded\n")

    assert capfd.readouterr().out == "bounces: 455 rows loaded\n"


def test_ctrl_c_while_the_api_is_asked_ends_the_run_and_says_one_sentence(
    empty_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = shutil.copytree(empty_home, tmp_path / "home")
    with Sandbox(messages=20, api_key=KEY) as sandbox, opened_terminal() as terminal:
        sandbox.set_faults("bounces", Fault("latency", seconds=600.0))
        process = terminal.run(
            *(sys.executable, "-m", "email_assets.quickstart", "run"),
            cwd=tmp_path,
            env=environment_of(
                home,
                settings_for(tmp_path, sandbox)
                | {"DLT_PROJECT_DIR": os.environ["DLT_PROJECT_DIR"]},
            ),
        )
        wait_for(lambda: any("asking the API" in line for line in terminal.lines), 300)
        group = processes_of(process.pid)
        terminal.press(CTRL_C)
        status = process.wait(timeout=300)

    # else the terminal tells the programs that Dagster starts too, and each says so
    assert group == [process.pid]
    assert status == 130
    assert terminal.lines[-1] == "Stopped. What was loaded before is untouched."
    assert not any("Traceback" in line for line in terminal.lines)
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.get() as instance:
        (run,) = instance.get_runs()
    # Dagster's own command ends it as failed; one that has to be killed is marked as canceled
    assert run.status in (dg.DagsterRunStatus.CANCELED, dg.DagsterRunStatus.FAILURE)
