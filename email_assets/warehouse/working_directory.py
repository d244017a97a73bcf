"""The folders that pipelines work in: one for each run, below one private folder of the user."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from email_assets.errors import EmailAssetsError
from email_assets.settings.warehouse import WarehouseSettings
from email_assets.warehouse.patience import Patience

IN_USE = "in-use.lock"
"""Locked in a working directory for as long as its run lives."""
TURN = ".lock"
"""Locked in the parent while a working directory is made, or while dead ones are removed."""


class WorkingDirectoryError(EmailAssetsError):
    """There is no private folder to work in."""


@contextmanager
def working_directory(
    resource: str,
    *,
    timeout: float = WarehouseSettings.lock_timeout,
    say: Callable[[str], None] = print,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Path]:
    """A directory that goes with its run. Those of runs that were killed are removed first.

    Args:
        resource: The resource that the run is of.
        timeout: Seconds to wait while other runs make theirs, by `[warehouse] lock_timeout`.
        say: Told when there is somebody to wait for.
        sleep: Waits so many seconds between two attempts.

    Raises:
        WorkingDirectoryError: The parent of all working directories is not this user's alone, or
            dlt cannot write below it.
        WarehouseBusyError: The wait took longer than `lock_timeout`.
    """
    parent = _parent()
    # so that nobody takes a directory for a dead one between its making and its lock
    turn = FileLock(parent / TURN)
    _acquire(turn, Patience(resource, timeout, say, sleep))
    try:
        _remove_dead(parent)
        directory = Path(tempfile.mkdtemp(prefix=f"{resource}-", dir=parent))
        in_use = FileLock(directory / IN_USE)
        in_use.acquire()
    finally:
        turn.release()
    try:
        yield directory
    finally:
        in_use.release()
        shutil.rmtree(directory, ignore_errors=True)


def _parent() -> Path:
    """The folder in which all working directories of this user are made, and nothing else is."""
    user = os.geteuid()
    parent = Path(tempfile.gettempdir()) / f"email_assets.{user}"
    if "%" in str(parent):  # dlt puts numbers into the names of files by Python's % operator
        raise WorkingDirectoryError(
            f"{parent} has a % in its name, for which dlt would put something else. Set TMPDIR to "
            "another folder for temporary files."
        )
    with suppress(FileExistsError):
        parent.mkdir(mode=0o700)
    status = parent.lstat()  # a link to a folder is none
    is_private = status.st_uid == user and not status.st_mode & 0o077
    if not (stat.S_ISDIR(status.st_mode) and is_private):
        raise WorkingDirectoryError(
            f"{parent} is not a folder that you alone can open. Remove it, or set TMPDIR to "
            "another folder for temporary files."
        )
    return parent


def _acquire(turn: FileLock, patience: Patience) -> None:
    """Take the turn once no other run has it.

    Raises:
        WarehouseBusyError: There is no time left to wait.
    """
    file = turn.lock_file
    while True:
        with suppress(Timeout):
            turn.acquire(timeout=0)
            return
        patience.wait(
            "another run of email_assets",
            awaited=f"{file}, locked by another run of email_assets that makes its folder",
            kept=f"kept the lock of {file}",
            # such as one that was stopped by a debugger, or whose disk does not answer
            remedy=f"End it (`fuser {file}` tells its PID)",
        )


def _remove_dead(parent: Path) -> None:
    """Remove the directories whose runs are dead: nobody holds their lock any more."""
    for entry in os.scandir(parent):
        if entry.is_dir(follow_symlinks=False):
            with suppress(OSError, Timeout), FileLock(Path(entry) / IN_USE, timeout=0):
                shutil.rmtree(entry)
