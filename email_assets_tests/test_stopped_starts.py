"""Ctrl-C at the moment at which a command starts Dagster."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from email_assets.quickstart.api import ChosenApi
from email_assets.quickstart.load import load
from email_assets.quickstart.ui import open_ui
from email_assets_tests.ports import free_port

pytestmark = pytest.mark.slow

API = ChosenApi("an API that nobody asks")


class PressedAmidTheStart(subprocess.Popen[Any]):
    """A process at whose start somebody presses Ctrl-C, before anybody else knows of it."""

    started: list[PressedAmidTheStart]

    def _execute_child(self, *args: Any, **kwargs: Any) -> None:
        super()._execute_child(*args, **kwargs)  # type: ignore[misc]
        self.started.append(self)
        os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture
def started(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[PressedAmidTheStart]]:
    """The processes that were started; those that still run are killed after the test."""
    PressedAmidTheStart.started = []
    environment, before = dict(os.environ), signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setattr(subprocess, "Popen", PressedAmidTheStart)
    try:
        yield PressedAmidTheStart.started
    finally:
        signal.signal(signal.SIGINT, before)
        os.environ.clear()
        os.environ.update(environment)
        for process in PressedAmidTheStart.started:
            process.kill()
            process.wait()


def test_ctrl_c_amid_the_start_of_the_ui_ends_it(
    started: list[PressedAmidTheStart], capfd: pytest.CaptureFixture[str]
) -> None:
    with suppress(KeyboardInterrupt):
        assert open_ui(API, free_port()) == 0

    assert [process.poll() is None for process in started] == [False]
    assert capfd.readouterr().err.endswith("Stopped. What was loaded before is untouched.\n")


def test_ctrl_c_amid_the_start_of_a_run_ends_it(started: list[PressedAmidTheStart]) -> None:
    with pytest.raises(KeyboardInterrupt):
        load(API)

    assert [process.poll() is None for process in started] == [False]
