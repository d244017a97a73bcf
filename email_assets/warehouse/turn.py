"""The writer's turn at a DuckDB file, which one process at a time can open for writing."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dlt.destinations.sql_client import SqlClientBase
from filelock import FileLock, Timeout

from email_assets.errors import causes
from email_assets.warehouse.patience import Patience
from email_assets.warehouse.postgres_turn import turn_on_server

_HOLDER = re.compile(
    r"Could not set lock on file(?:.*? held in (?P<program>.*?) ?\(?PID (?P<pid>[1-9]\d*))?"
)

SqlClient = SqlClientBase[Any]


@contextmanager
def turn_at(
    database: Path | None,
    client: SqlClient,
    *,
    who: str,
    timeout: float,
    say: Callable[[str], None],
    sleep: Callable[[float], None] = time.sleep,
    alone: bool = False,
) -> Iterator[None]:
    """Connects the client, once nobody else holds the DuckDB file, which its user alone can open.

    It waits for our own processes at a file lock, then for strangers at DuckDB's own lock. The
    connection keeps strangers out for as long as the turn lasts: dlt opens and closes the file
    several times in one load, and each time somebody else could take it. Whoever dies frees both.

    Args:
        database: The DuckDB file, or None if the warehouse is a server.
        client: Connects to the warehouse.
        who: The resource that waits, for sentences.
        timeout: Seconds to wait, by `[warehouse] lock_timeout`.
        say: Told who holds the file, when there is somebody to wait for.
        sleep: Waits so many seconds between two attempts.
        alone: Whether on a server, too, nobody else is to have a turn at any table of the dataset.

    Raises:
        WarehouseBusyError: The wait took longer than `lock_timeout`.
    """
    if database is None:
        with (
            turn_on_server(client, who=who, timeout=timeout, say=say, sleep=sleep, alone=alone),
            client,
        ):
            yield
        return
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_new = not database.exists()
    lock = FileLock(f"{database}.lock")
    patience = Patience(who, timeout, say, sleep)
    _when_free(lambda: lock.acquire(timeout=0), database.name, patience)
    try:
        _when_free(client.open_connection, database.name, patience)
        try:
            if is_new:
                database.chmod(0o600)  # it is to hold people's addresses
            yield
        finally:
            client.close_connection()
    finally:
        lock.release()


def _when_free(action: Callable[[], object], file: str, patience: Patience) -> None:
    """Do something once nobody else holds the file.

    Raises:
        WarehouseBusyError: There is no time left to wait.
    """
    while True:
        try:
            action()
            return
        except Exception as error:
            holder = _holder_named_by(error)
            if holder is None:
                raise
        patience.wait(
            holder, awaited=f"{file}, held by {holder}", kept=f"kept {file} open", remedy="Close it"
        )


def _holder_named_by(error: BaseException) -> str | None:
    """The program that holds the file, if the error or one of its causes names it."""
    for cause in causes(error):
        if isinstance(cause, Timeout):
            return "another run of email_assets"
        if found := _HOLDER.search(str(cause)):
            program = found["program"] or "another program"
            return f"{program} (PID {found['pid']})" if found["pid"] else program
    return None
