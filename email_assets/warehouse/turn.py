"""The writer's turn at a DuckDB file, which one process at a time can open for writing."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlt.destinations.sql_client import SqlClientBase
from filelock import FileLock, Timeout

from email_assets.errors import WarehouseBusyError, causes
from email_assets.settings.resolve import where_to_set
from email_assets.settings.warehouse import WarehouseSettings
from email_assets.warehouse.server_turn import turn_on_server

POLL = 0.25
"""Seconds between two attempts to open the file."""

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
) -> Iterator[None]:
    """Connects the client, once nobody else holds the DuckDB file.

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

    Raises:
        WarehouseBusyError: The wait took longer than `lock_timeout`.
    """
    if database is None:
        with turn_on_server(client, who=who, timeout=timeout, say=say, sleep=sleep), client:
            yield
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(f"{database}.lock")
    patience = _Patience(database, who, timeout, say, sleep)
    patience.until_done(lambda: lock.acquire(timeout=0))
    try:
        patience.until_done(client.open_connection)
        try:
            yield
        finally:
            client.close_connection()
    finally:
        lock.release()


@dataclass
class _Patience:
    """Waits for those who hold a DuckDB file, so many seconds in all, and says for whom."""

    database: Path
    who: str
    timeout: float
    say: Callable[[str], None]
    sleep: Callable[[float], None]
    waited: float = 0.0
    told: str = ""

    def until_done(self, action: Callable[[], object]) -> None:
        """Try something until nobody else holds the file.

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
            self._wait_for(holder)

    def _wait_for(self, holder: str) -> None:
        if self.waited >= self.timeout:
            raise WarehouseBusyError(
                f"{self.who}: {holder} kept {self.database.name} open for {self.timeout:g} s. "
                "Close it, or set a longer lock_timeout. "
                + where_to_set(WarehouseSettings, "lock_timeout")
            )
        if holder != self.told:
            self.told = holder
            self.say(
                f"{self.who}: waiting up to {self.timeout:g} s for {self.database.name}, "
                f"held by {holder}"
            )
        self.sleep(POLL)
        self.waited += POLL


def _holder_named_by(error: BaseException) -> str | None:
    """The program that holds the file, if the error or one of its causes names it."""
    for cause in causes(error):
        if isinstance(cause, Timeout):
            return "another run of email_assets"
        if found := _HOLDER.search(str(cause)):
            program = found["program"] or "another program"
            return f"{program} (PID {found['pid']})" if found["pid"] else program
    return None
