"""Time, CPU time and memory of a program with all its descendants. Linux only."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
SAMPLING_SECONDS = 0.05
LONGEST_SECONDS = 1800


@dataclass(frozen=True)
class Usage:
    """The cost of a program."""

    wall: float
    """Seconds from start to end."""
    cpu: float
    """Seconds of CPU time, of all cores together."""
    peak: float
    """The highest sum of the processes' resident memory that was seen, in MB of 10^6 bytes."""
    status: int
    output: str
    """The text that it printed, errors included."""


def run(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Usage:
    """Run a program in a folder, to its end, and say what it took.

    Memory that processes share counts for each of them. CPU time counts for descendants that were
    waited for, as an orderly program does. One that hangs is ended after half an hour.
    """
    output = folder / "output.txt"
    with output.open("wb") as file:
        started = time.perf_counter()
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        sampler = _Sampler(process.pid)
        sampler.start()
        try:
            _, status, resources = os.wait4(process.pid, 0)
        except BaseException:  # Ctrl-C, for example: leave nothing behind
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        finally:
            sampler.ended.set()
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    sampler.join()
    return Usage(
        wall=wall,
        cpu=resources.ru_utime + resources.ru_stime,
        # not the kernel's ru_maxrss: that of a child starts with what its parent, us, holds
        peak=sampler.peak / 1e6,
        status=process.returncode,
        output=output.read_text(errors="replace"),
    )


class _Sampler(threading.Thread):
    """Looks again and again how much memory a process and its descendants hold."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.ended = threading.Event()
        self.peak = 0

    def run(self) -> None:
        before: set[int] = set()
        deadline = time.monotonic() + LONGEST_SECONDS
        while not self.ended.wait(SAMPLING_SECONDS):
            if time.monotonic() > deadline:
                os.killpg(self._pid, signal.SIGKILL)
                return
            now = set(_tree(self._pid))
            # for a moment a child is a copy of its parent, whose memory must not count twice
            self.peak = max(self.peak, sum(map(_resident, now & before)))
            before = now


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = children.read_text().split()
        except OSError:  # it has ended in the meantime
            continue
        for child in found:
            yield from _tree(int(child))


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_SIZE
    except (OSError, IndexError):
        return 0
