"""Copies of a DuckDB file for programs that keep it open, which would hold up every sync."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from email_assets.settings.warehouse import WarehouseSettings
from email_assets.warehouse.copies import copied
from email_assets.warehouse.destination import database_file
from email_assets.warehouse.dialects import quoted
from email_assets.warehouse.turn import SqlClient

FOR_READERS = "v1.2.0"
"""The format of the copy: programs to look at data bring a DuckDB that is a year or more old."""

_TABLES = """
SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = current_database()
AND NOT starts_with(table_name, '_') AND NOT ends_with(schema_name, '_staging')
"""


def copy_of(file: Path) -> Path:
    """The file beside a warehouse's that readers open: `warehouse.read.duckdb`."""
    return file.with_name(f"{file.stem}.read{file.suffix}")


def parquet_of(file: Path, dataset: str, table: str) -> Path:
    """The Parquet file of a table that readers open: `warehouse.read/email/messages.parquet`."""
    return file.with_name(f"{file.stem}.read") / dataset / f"{table}.parquet"


def copy_for_readers(warehouse: WarehouseSettings, client: SqlClient) -> None:
    """Replace the copies for readers that the settings want, if the warehouse has changed.

    Whoever has an old copy open goes on reading it; whoever opens it anew gets the new one.

    Args:
        warehouse: Says which copies there are to be.
        client: Connected to the warehouse, in its turn.
    """
    file = database_file(client)
    if file is None:
        return
    changed = max(_changed(file), _changed(Path(f"{file}.wal")))
    copy = copy_of(file)
    if warehouse.read_copy and _changed(copy) < changed:
        with copied(client, copy, FOR_READERS) as partial:
            os.replace(partial, copy)
    if warehouse.read_parquet:
        _copy_tables(client, file, changed)


def _copy_tables(client: SqlClient, file: Path, changed: int) -> None:
    """Write a Parquet file for each table of each dataset, and remove those of tables that went."""
    names = client.execute_sql(_TABLES) or ()
    wanted = {parquet_of(file, *name): name for name in names}
    if any(_changed(place) < changed for place in wanted):
        client.execute_sql("CHECKPOINT")  # else it comes after the copies, which would look old
        for place, name in wanted.items():
            _copy_table(client, name, place, file.stat().st_mode & 0o777)
    for found in file.with_name(f"{file.stem}.read").glob("*/*"):
        if found not in wanted:  # also what a killed run left
            found.unlink()


def _copy_table(client: SqlClient, name: Sequence[str], place: Path, mode: int) -> None:
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = place.with_suffix(".partial")
    escaped = str(partial).replace("'", "''")
    client.execute_sql(f"COPY {'.'.join(map(quoted, name))} TO '{escaped}' (FORMAT parquet)")
    partial.chmod(mode)
    os.replace(partial, place)


def _changed(file: Path) -> int:
    """The time at which a file was last written, in nanoseconds, or 0 if there is none."""
    with suppress(FileNotFoundError):
        return file.stat().st_mtime_ns
    return 0
