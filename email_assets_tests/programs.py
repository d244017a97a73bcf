"""Programs in processes that need not import Dagster and dlt anew, which takes seconds each time.

Each is forked off the server of `processes`, imports `email_assets` itself, and runs as it would if
it had been started from a shell: with its own arguments, environment, folder and output. What takes
a process that started from nothing is tested with `dagster_fixtures.command`.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from dlt.common.configuration.container import Container

from email_assets import clock
from email_assets_tests.clock import in_other_processes
from email_assets_tests.processes import Other, forked

BIN = Path(sys.executable).parent
AT_THE_MOST = 300
"""Seconds for a program."""


@dataclass(frozen=True)
class Ended:
    """The end of a program: its exit status, or minus the signal that killed it, and its output."""

    status: int
    said: str


def environment_of(home: Path, env: Mapping[str, str] | None) -> dict[str, str]:
    """The environment of a user with no settings but these."""
    return {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HOME": str(home),
        "DAGSTER_HOME": str(home),
        **in_other_processes,
        **(env or {}),
    }


class Program:
    """A program that runs."""

    def __init__(self, process: Other, output: Path) -> None:
        self._process = process
        self._output = output

    def press_ctrl_c(self) -> None:
        """Tell it to stop, as a terminal does."""
        assert self._process.pid
        os.kill(self._process.pid, signal.SIGINT)

    def ended(self) -> Ended:
        """Wait for its end."""
        return Ended(self._process.exit_status(AT_THE_MOST), self._output.read_text())


def run(*arguments: str, home: Path, cwd: Path, env: Mapping[str, str] | None = None) -> Ended:
    """Run a program as a user with no settings but these would, and wait for its end.

    Args:
        arguments: A program of the environment's and its arguments; `python -m` and `python -c`
            are understood too.
        home: Its DAGSTER_HOME and home folder.
        cwd: Where it starts.
        env: Its settings.
    """
    with started(*arguments, home=home, cwd=cwd, env=env) as program:
        return program.ended()


@contextmanager
def started(
    *arguments: str, home: Path, cwd: Path, env: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """A program that runs, and is killed if it has not ended by the end of the block."""
    home.mkdir(exist_ok=True)
    output = home / "output"
    with forked(_run, arguments, environment_of(home, env), cwd, output) as process:
        yield Program(process, output)


def _run(
    _: Connection,
    arguments: tuple[str, ...],
    environment: dict[str, str],
    cwd: Path,
    output: Path,
) -> None:
    become(environment, cwd)
    with output.open("wb") as file:
        os.dup2(file.fileno(), sys.__stdout__.fileno())  # type: ignore[union-attr]
        os.dup2(file.fileno(), sys.__stderr__.fileno())  # type: ignore[union-attr]
    program, *rest = arguments
    # the folder that Python would look for modules in first
    sys.path.insert(0, str(BIN) if program != "python" else "")
    try:
        execute(rest if program == "python" else [str(BIN / program), *rest])
    except Exception:
        sys.excepthook(*sys.exc_info())
        sys.exit(1)


def become(environment: Mapping[str, str], folder: Path) -> None:
    """Turn a process that was forked into one that starts in a folder, with these variables."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    # what the server has imported knows other settings; but the clock is the tests'
    for name in [name for name in sys.modules if name.partition(".")[0] == "email_assets"]:
        if name != clock.__name__:
            del sys.modules[name]
    Container.reset_main_thread()


def execute(words: Sequence[str]) -> None:
    """Do a script, or a module or code after `-m` or `-c`, with its arguments."""
    first, *rest = words
    if first == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif first == "-c":
        sys.argv = ["-c", *rest[1:]]
        exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = [first, *rest]
        runpy.run_path(first, run_name="__main__")
