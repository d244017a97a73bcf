"""`make ui` on a terminal, and Ctrl-C."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from email_assets_tests.dagster_fixtures import empty_home
from email_assets_tests.ports import free_port
from email_assets_tests.programs import environment_of
from email_assets_tests.terminal_fixtures import opened_terminal
from email_assets_tests.webserver_fixtures import wait_for

__all__ = ["empty_home"]

CTRL_C = b"\x03"


@pytest.mark.slow
def test_ctrl_c_ends_it_in_one_sentence(empty_home: Path, tmp_path: Path) -> None:
    home = shutil.copytree(empty_home, tmp_path / "home")
    port = str(free_port())
    with opened_terminal() as terminal:
        process = terminal.run(
            *(sys.executable, "-m", "email_assets.quickstart", "ui", "--port", port),
            cwd=tmp_path,
            env=environment_of(home, {"DLT_PROJECT_DIR": os.environ["DLT_PROJECT_DIR"]}),
        )
        wait_for(lambda: any("Ctrl-C stops it." in line for line in terminal.lines), 300)
        terminal.press(CTRL_C)
        status = process.wait(timeout=300)

    assert status == 0
    assert terminal.lines[-1] == "Stopped. What was loaded before is untouched."
    assert not any("Aborted" in line or "Traceback" in line for line in terminal.lines)
