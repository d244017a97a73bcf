"""Ends what Dagster's commands began, whenever somebody stops them."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

STOPPING = ("SIGINT", "SIGTERM", "SIGHUP")
"""The signals that stop a command, as far as there are such."""


@contextmanager
def held_back() -> Iterator[list[int]]:
    """Only note, in what it gives, signals that would stop a command while the block runs.

    For a block that starts a process: one whose start was broken off could be ended by nobody.
    """
    noted = list[int]()
    before = {
        number: signal.signal(number, lambda number, _: noted.append(number))
        for name in STOPPING
        if (number := getattr(signal, name, None)) is not None
        # others, such as those that are ignored, the process is to have as well
        and signal.getsignal(number) is signal.default_int_handler
    }
    try:
        yield noted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def end(process: subprocess.Popen[Any], tell: Callable[[int, int], None], *, within: float) -> None:
    """Let a process end, or kill all of its session if it takes too long or somebody insists.

    Args:
        process: The first of a session of its own.
        tell: Sends it the signal of Ctrl-C: `os.kill`, or `os.killpg`, which tells the processes
            that it started, too.
        within: Seconds that it has to end by itself.
    """
    with suppress(ProcessLookupError):
        tell(process.pid, signal.SIGINT)
    try:
        process.communicate(timeout=within)  # else it would wait for somebody to read what it says
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
