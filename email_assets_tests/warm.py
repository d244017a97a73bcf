"""Programs that tests start, with all that they start in turn, and that find everything imported.

`dagster dev`, a code server, a worker: each is several processes, in each of which Dagster and dlt
take four seconds to import. With `warm()` in their environment they are forked off the server of
`processes` in a tenth of that. To whoever started them they look the same:
`other_processes/warm_start.py` tells how. What it takes to start from nothing is tested without.
"""

from __future__ import annotations

import atexit
import fcntl
import functools
import json
import os
import select
import signal
import socket
import sys
import tempfile
import threading
import traceback
import warnings
from contextlib import ExitStack, suppress
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

from email_assets_tests.clock import AHEAD, OTHER_PROCESSES, go_ahead_by
from email_assets_tests.other_processes.warm_start import VARIABLE
from email_assets_tests.processes import forked
from email_assets_tests.programs import become, execute

AS_MANY_FILES = 64
BEYOND_THEIRS = 500
"""The numbers from which on files are kept here, so that programs can have the lower ones."""


@functools.cache
def warm() -> dict[str, str]:
    """The variables by which a program and all that it starts are forked; none but on Linux.

    On others a program does not know its other half by the name that `/proc` gives, and starts from
    nothing, which takes longer and does the same.
    """
    if not sys.platform.startswith("linux"):
        return {}
    stack = ExitStack()
    atexit.register(stack.close)
    # a socket's path must be short
    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="warm-", dir="/tmp"))
    path = f"{folder}/socket"
    server = stack.enter_context(forked(_serve, path))
    assert server.said() == path
    return {VARIABLE: path, "PYTHONPATH": OTHER_PROCESSES}


def _serve(connection: Connection, path: str) -> None:
    """Fork whoever asks, until the tests are over."""
    with socket.socket(socket.AF_UNIX) as first:
        first.bind(path)
        listener = _moved(first)
    listener.listen(AS_MANY_FILES)
    # nobody waits for those that are forked
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    connection.send(path)
    ends, asks = connection.fileno(), listener.fileno()
    while ends not in select.select([asks, ends], [], [])[0]:
        accepted, _ = listener.accept()
        with accepted, _moved(accepted) as asked:
            if os.fork() == 0:
                listener.detach()
                _keep(asked)


def _moved(file: socket.socket) -> socket.socket:
    return socket.socket(fileno=fcntl.fcntl(file.fileno(), fcntl.F_DUPFD_CLOEXEC, BEYOND_THEIRS))


def _keep(asked: socket.socket) -> NoReturn:
    """Fork the program that is asked for, and tell how it ended; it ends if nobody listens."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, files, _, _ = socket.recv_fds(asked, 8, AS_MANY_FILES)
    with asked.makefile("rb") as said:
        told = json.loads(said.read(int.from_bytes(head, "big")))
    if not (process := os.fork()):
        asked.detach()
        _run(told, files)
    for file in files:
        os.close(file)
    asked.sendall(f"{process}\n".encode())

    def kill_when_nobody_listens() -> None:
        asked.recv(1)
        with suppress(ProcessLookupError):  # it has just ended by itself
            os.kill(process, signal.SIGKILL)

    threading.Thread(target=kill_when_nobody_listens, daemon=True).start()
    _, status = os.waitpid(process, 0)
    try:
        asked.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    finally:
        os._exit(0)


def _run(told: dict[str, Any], files: list[int]) -> NoReturn:
    """Be the program, from its beginning to its end."""
    status = 1
    try:
        kept = [fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, BEYOND_THEIRS) for file in files]
        for file in files:
            os.close(file)
        for file, number in zip(kept, told["files"], strict=True):
            os.dup2(file, number)
            os.close(file)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.setsid()  # a session of which all is that it starts in turn
        first = told["program"][0]
        sys.path[:] = [str(Path(first).parent) if first[0] != "-" else "", *told["path"]]
        sys.warnoptions[:] = told["warnings"]
        for option in told["warnings"]:
            warnings._setoption(option)  # type: ignore[attr-defined]  # noqa: SLF001
        if (ahead := told["environment"].get(AHEAD)) != os.environ.get(AHEAD):
            go_ahead_by(timedelta(seconds=float(ahead or 0)))
        become(told["environment"], Path(told["folder"]))
        status = _status_of(told["program"])
    finally:
        os._exit(status)


def _status_of(program: list[str]) -> int:
    """Do what Python does with a program, and give the status with which it ends."""
    status: Any = 0
    try:
        execute(program)
    except SystemExit as ended:
        status = ended.code or 0
        if not isinstance(status, int):
            sys.stderr.write(f"{status}\n")
            status = 1
    except KeyboardInterrupt:
        traceback.print_exc()
        status = 130
    except BaseException:
        sys.excepthook(*sys.exc_info())
        status = 1
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001
    atexit._run_exitfuncs()  # noqa: SLF001
    sys.stdout.flush()
    sys.stderr.flush()
    return int(status)
