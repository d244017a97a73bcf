"""Lets a process that has just begun be done by another, which has imported everything already.

`email_assets_tests.warm` forks that other one. It gets this one's arguments, environment, folder
and files. This one stays: it hands on the signals that it gets, ends as the other one does, and
takes it along when it is killed. It has imported nothing, and costs next to nothing.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from contextlib import suppress

VARIABLE = "EMAIL_ASSETS_TESTS_WARM"
"""The variable that tells programs the socket at which they are forked."""

NAMED = "warm "
"""The beginning of the name that such a process has from then on; the id of the other follows."""
PROGRAMS = ("celery", "dagster", "dg", "email_assets")
"""The beginnings of names of programs and modules for which much is imported."""
SPAWNED = "from multiprocessing.spawn import spawn_main"
HANDED_ON = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)


def program_of(words: list[str]) -> list[str] | None:
    """The words of a command from the program on, if it is one of those.

    Args:
        words: Those after the interpreter: options, then a script, `-m` or `-c`, and arguments.
    """
    while words and words[0].startswith("-") and words[0] not in ("-m", "-c"):
        words = words[2 if words[0] in ("-W", "-X") else 1 :]
    if not words:
        return None
    if words[0] == "-c":
        return words if words[1].startswith(SPAWNED) else None
    name = words[1] if words[0] == "-m" else os.path.basename(words[0])
    return words if name.startswith(PROGRAMS) else None


def start_warm(path: str, program: list[str]) -> None:
    """Have a program done elsewhere, and end as it ends."""
    files = open_files()
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(path)
        told = {
            "program": program,
            "environment": dict(os.environ),
            "folder": os.getcwd(),
            "path": sys.path,
            "warnings": sys.warnoptions,
            "files": files,
        }
        body = json.dumps(told).encode()
        socket.send_fds(server, [len(body).to_bytes(8, "big")], files)
        server.sendall(body)
        answers = server.makefile("r")
        process = int(answers.readline())
        with open("/proc/self/comm", "w") as name:
            name.write(f"{NAMED}{process}")
        for number in HANDED_ON:
            signal.signal(number, lambda number, _: hand_on(process, number))
        for file in files[3:]:  # who waits for the end of one of them waits for the other process
            os.close(file)
        status = int(answers.readline() or -signal.SIGKILL)
    if status < 0:
        signal.signal(-status, signal.SIG_DFL) if -status != signal.SIGKILL else None
        os.kill(os.getpid(), -status)
    os._exit(status)


def hand_on(process: int, number: int) -> None:
    """Send a signal to the process that does the work, if it has not ended."""
    with suppress(ProcessLookupError):
        os.kill(process, number)


def open_files() -> list[int]:
    """The numbers of all open files, which a parent may have told of in the arguments."""
    found = []
    for name in os.listdir("/dev/fd"):
        with suppress(OSError):  # that of the listing itself
            os.fstat(int(name))
            found.append(int(name))
    return sorted(found)
