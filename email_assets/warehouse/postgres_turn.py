"""The turn at a resource's tables on a PostgreSQL server, where loads of several hosts meet.

dlt's staging dataset is shared by all loads of a table: of two at once, the second empties what the
first has staged, whose rows are lost while it reports success.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from dlt.common.schema.typing import LOADS_TABLE_NAME, PIPELINE_STATE_TABLE_NAME, VERSION_TABLE_NAME
from dlt.destinations.exceptions import DatabaseException
from dlt.destinations.impl.postgres.configuration import PostgresCredentials
from dlt.destinations.sql_client import SqlClientBase

from email_assets.warehouse.patience import Patience

_LOCKED = "SELECT pg_try_advisory_lock{}(hashtextextended(%s, 0))"
_HOLDERS = """
SELECT application_name, pid FROM pg_stat_activity WHERE pid IN (
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
    AND (classid::bigint << 32) | objid::bigint = hashtextextended(%s, 0)
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
    AND pid <> pg_backend_pid()
"""
_TABLES_OF_ALL = """
SELECT count(*) FROM information_schema.tables
WHERE (table_schema = %s AND table_name IN (%s, %s, %s)) OR (table_schema = %s AND table_name = %s)
    OR (table_schema = %s AND table_name = %s)
"""
OWNER_TABLE = "_email_account"
"""Says which account a dataset was loaded for."""

SqlClient = SqlClientBase[Any]


@contextmanager
def turn_on_server(
    client: SqlClient,
    *,
    who: str,
    timeout: float,
    say: Callable[[str], None],
    sleep: Callable[[float], None],
    alone: bool = False,
) -> Iterator[None]:
    """A turn at the tables of a resource, by an advisory lock of a connection of its own.

    PostgreSQL frees the lock when the turn is over, and, once it notices that the connection has
    ended, when the process dies. While the tables that all resources share are not all there, dlt's
    own and the one that names the account, nobody else makes them: two that did would fail. Other
    servers have no such locks, and there whoever starts runs has to keep them apart.

    Args:
        client: Not connected yet to the warehouse.
        who: The resource, or the asset, whose tables are about to change.
        timeout: Seconds to wait, by `[warehouse] lock_timeout`.
        say: Told who has the turn, when there is somebody to wait for.
        sleep: Waits so many seconds between two attempts.
        alone: Whether nobody else is to have a turn at any table of the dataset.

    Raises:
        WarehouseBusyError: The wait took longer than `lock_timeout`.
    """
    is_native = isinstance(client.credentials, PostgresCredentials)
    if not is_native or client.capabilities.sqlglot_dialect != "postgres":
        yield
        return
    # another connection: after any error dlt resets its own, by which PostgreSQL frees its locks
    make: Any = type(client)
    keeper: SqlClient = make(
        client.dataset_name, client.staging_dataset_name, client.credentials, client.capabilities
    )
    with keeper:
        name = f"email_assets {who} on {socket.gethostname()}"[:50] + f" {os.getpid()}"
        keeper.execute_sql("SELECT set_config('application_name', %s, false)", name)
        patience = Patience(who, timeout, say, sleep)
        dataset = keeper.dataset_name
        _lock(keeper, dataset, patience, shared=not alone and _has_shared_tables(keeper))
        _lock(keeper, f"{dataset}.{who}", patience)
        try:
            yield
        finally:
            # the server notices in its own time that a connection ends, and who comes next may be
            # quicker: it would wait for nobody
            with suppress(DatabaseException):
                keeper.execute_sql("SELECT pg_advisory_unlock_all()")


def _lock(client: SqlClient, name: str, patience: Patience, *, shared: bool = False) -> None:
    """Get a lock, beside others that share it or alone.

    Raises:
        WarehouseBusyError: There is no time left to wait.
    """
    query = _LOCKED.format("_shared" if shared else "")
    while not _is_true(client, query, name):
        holder = _holder_of(client, name)
        patience.wait(
            holder,
            awaited=f"{name}, which {holder} is loading",
            kept=f"kept its turn at {name} in {client.database_name}",
            remedy="End it",
        )


def _has_shared_tables(client: SqlClient) -> bool:
    dataset, staging = client.dataset_name, client.staging_dataset_name
    own = (VERSION_TABLE_NAME, LOADS_TABLE_NAME, PIPELINE_STATE_TABLE_NAME)
    rows = client.execute_sql(
        _TABLES_OF_ALL, dataset, *own, staging, VERSION_TABLE_NAME, dataset, OWNER_TABLE
    )
    return bool(rows and rows[0][0] == len(own) + 2)


def _is_true(client: SqlClient, query: str, name: str) -> bool:
    rows = client.execute_sql(query, name)
    return bool(rows and rows[0][0])


def _holder_of(client: SqlClient, name: str) -> str:
    """The run that has the lock, as far as this user may see it."""
    rows = client.execute_sql(_HOLDERS, name)
    if not rows:
        return "another run"
    application, pid = rows[0]
    return f"{application or 'another run'} (PostgreSQL process {pid})"
