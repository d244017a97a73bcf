"""Copies of a DuckDB file for programs that keep it open, which would hold up every sync."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
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
AND NOT starts_with(table_name, '_') AND schema_name NOT IN (
    SELECT schema_name || '_staging' FROM duckdb_schemas() WHERE database_name = current_database())
"""

_NOT_IN_NAMES = re.compile(r"^\.|[%/\\:\0]")
"""Signs that a name of a file may not have, or that would lead elsewhere."""
_OURS = {".parquet", ".partial"}
"""Endings of the files that are removed once there is no table of the name."""


def copy_of(file: Path) -> Path:
    """The file beside a warehouse's that readers open: `warehouse.read.duckdb`."""
    return file.with_name(f"{file.stem}.read{file.suffix}")


def folder_of(file: Path) -> Path:
    """The folder beside a warehouse's file with its tables as Parquet files: `warehouse.read`."""
    return file.with_name(f"{file.stem}.read")


def parquet_of(file: Path, dataset: str, table: str) -> Path:
    """The Parquet file of a table that readers open: `warehouse.read/email/messages.parquet`."""
    return folder_of(file) / _as_name(dataset) / f"{_as_name(table)}.parquet"


def _as_name(name: str) -> str:
    """A name that a file can have: people may call tables of their own anything."""
    return _NOT_IN_NAMES.sub(lambda found: f"%{ord(found[0]):02X}", name)


def copy_for_readers(warehouse: WarehouseSettings, client: SqlClient) -> None:
    """Replace the copies for readers that the settings want, if the warehouse has changed.

    They bear its time, by which they are known to be of it, whatever the clock says meanwhile.
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
    if warehouse.read_copy and _changed(copy) != changed:
        with copied(client, copy, FOR_READERS) as partial:
            _put(partial, copy, file)
    if warehouse.read_parquet:
        _copy_tables(client, file, changed)


def copies_left(warehouse: WarehouseSettings, client: SqlClient) -> Iterator[str]:
    """A sentence for each copy for readers that is written no more, which nobody sees in it."""
    if file := database_file(client):
        for name, copy in (("read_copy", copy_of(file)), ("read_parquet", folder_of(file))):
            if copy.exists() and not getattr(warehouse, name):
                yield f"{copy} is from when {name} was on, and is written no more: delete it."


def _copy_tables(client: SqlClient, file: Path, changed: int) -> None:
    """Write a Parquet file for each table of each dataset, and remove those of tables that went."""
    names = client.execute_sql(_TABLES) or ()
    wanted = {parquet_of(file, *name): name for name in names}
    if any(_changed(place) != changed for place in wanted):
        client.execute_sql("CHECKPOINT")  # else it comes after the copies, which would look old
        for place, name in wanted.items():
            _copy_table(client, name, place, file)
    for found in folder_of(file).glob("*/*"):
        # also what a killed run left
        if found.suffix in _OURS and found.is_file() and found not in wanted:
            found.unlink()


def _copy_table(client: SqlClient, name: Sequence[str], place: Path, warehouse: Path) -> None:
    """Write a table's file, which those can read who can read the warehouse's."""
    mode = warehouse.stat().st_mode & 0o777
    for folder in (place.parent.parent, place.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(mode | (mode & 0o444) >> 2)
    partial = place.with_suffix(".partial")
    escaped = str(partial).replace("'", "''")
    try:
        client.execute_sql(f"COPY {'.'.join(map(quoted, name))} TO '{escaped}' (FORMAT parquet)")
        partial.chmod(mode)
        _put(partial, place, warehouse)
    finally:
        partial.unlink(missing_ok=True)


def _put(partial: Path, place: Path, warehouse: Path) -> None:
    """Put a copy in its place, with the time of the warehouse's file."""
    changed = _changed(warehouse)
    os.utime(partial, ns=(changed, changed))
    os.replace(partial, place)


def _changed(file: Path) -> int:
    """The time at which a file was last written, in nanoseconds, or 0 if there is none."""
    with suppress(FileNotFoundError):
        return file.stat().st_mtime_ns
    return 0
