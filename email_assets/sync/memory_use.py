"""Memory: how Python looks for garbage during a sync, and how much DuckDB takes for a load."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from dlt.destinations.impl.duckdb.configuration import DuckDbCredentials

from email_assets.warehouse.turn import SqlClient

OBJECTS = 50_000
"""New objects after which a sync looks for garbage; Python by itself does after some hundreds."""
USUAL_THRESHOLDS = gc.get_threshold()
MEMORY_LIMIT = "256MB"
"""Memory that DuckDB may take for narrow rows; beyond it, it works on the disk."""
THREADS = 2
"""Threads that load narrow rows: each holds some of its own, and four fail within that limit."""
NARROW = 4096
"""Bytes of a narrow row at the most."""


@contextmanager
def collecting_less_garbage() -> Iterator[None]:
    """Let Python look for garbage more seldom, and only in what is made from here on.

    A sync makes so many objects that Python would search, again and again, all that a Dagster
    process holds anyway, which takes a tenth of the time, and then the rows at hand, which takes a
    twentieth. It looks for objects that refer to one another; rows and pages do not. The thresholds
    are the process's: of two syncs in threads, the first to end resets them for both.
    """
    gc.freeze()
    gc.set_threshold(OBJECTS, *USUAL_THRESHOLDS[1:])
    try:
        yield
    finally:
        gc.set_threshold(*USUAL_THRESHOLDS)
        gc.unfreeze()


def limit_memory(client: SqlClient, bytes_per_row: float) -> None:
    """Let DuckDB load narrow rows in little memory, unless its own settings say what it has.

    By itself it takes up to four fifths of what the machine has, and a thread per core. Wide
    rows are left to that: it loads 2,048 at a time, whatever their size, and fails where they do
    not fit.

    Args:
        client: Connected to the warehouse.
        bytes_per_row: How large a row is on average, as JSON.
    """
    credentials = client.credentials
    if not isinstance(credentials, DuckDbCredentials) or bytes_per_row > NARROW:
        return
    if not {"memory_limit", "threads"} & set(credentials.global_config or {}):
        client.execute_sql(f"SET GLOBAL memory_limit = '{MEMORY_LIMIT}'")
        client.execute_sql(f"SET GLOBAL threads = {THREADS}")
