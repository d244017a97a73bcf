"""Ends what Dagster's commands began."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from typing import Any


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
