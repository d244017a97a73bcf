"""The writer's turn at a DuckDB file, which one process at a time can open for writing."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from filelock import FileLock, Timeout

from email_assets import settings
from email_assets.errors import EmailAssetsError
from email_assets.settings import WarehouseSettings

POLL = 0.25
"""Seconds between two attempts to open the file."""

_HOLDER = re.compile(
    r"Could not set lock on file.*?(?:held in (?P<program>.+?) )?\(PID (?P<pid>\d+)"
)

Result = TypeVar("Result")


class WarehouseBusyError(EmailAssetsError):
    """Another process kept the DuckDB file open for longer than a run may wait."""


class Patiently(Protocol):
    """Calls an action again for as long as another process holds the DuckDB file."""

    def __call__(self, action: Callable[[], Result], /) -> Result:
        """What the action returns, once nobody is in its way."""
        ...


@contextmanager
def turn_at(
    database: Path | None,
    *,
    who: str,
    say: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Patiently]:
    """Wait for our own processes at a file lock, then for strangers at DuckDB's own lock.

    Whoever dies frees both locks. A warehouse that is no DuckDB file (`database` None) needs no
    turn.

    Args:
        database: The DuckDB file.
        who: The resource that waits, for sentences.
        say: Told once who holds the file, when there is somebody to wait for.
        sleep: Waits so many seconds between two attempts.

    Raises:
        WarehouseBusyError: The wait took longer than `lock_timeout`.
    """

    def patiently(action: Callable[[], Result]) -> Result:
        timeout, waited = settings.load(WarehouseSettings).lock_timeout, 0.0
        while True:
            try:
                return action()
            except Exception as error:
                holder = _holder_named_by(error)
                if holder is None:
                    raise
            assert database is not None  # noqa: S101 (only a DuckDB file has a holder)
            if waited >= timeout:
                raise WarehouseBusyError(
                    f"{who}: {holder} kept {database.name} open for {timeout:g} s. Close it, or "
                    "set a longer lock_timeout. "
                    + settings.where_to_set(WarehouseSettings, "lock_timeout")
                )
            if not waited:
                say(f"{who}: waiting up to {timeout:g} s for {database.name}, held by {holder}")
            sleep(POLL)
            waited += POLL

    if database is None:
        yield lambda action: action()
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{database}.lock")
    patiently(lambda: lock.acquire(timeout=0))
    try:
        yield patiently
    finally:
        lock.release()


def _holder_named_by(error: BaseException | None) -> str | None:
    """Who holds the file, if that is what the error or one of its causes says."""
    while error is not None:
        if isinstance(error, Timeout):
            return "another run of email_assets"
        if found := _HOLDER.search(str(error)):
            return f"{found['program'] or 'a process'} (PID {found['pid']})"
        error = error.__cause__ or error.__context__
    return None
