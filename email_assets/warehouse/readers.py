"""A copy of the DuckDB file for programs that keep it open, which would hold up every sync."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from email_assets.settings.warehouse import WarehouseSettings
from email_assets.warehouse.copies import copied
from email_assets.warehouse.destination import database_file
from email_assets.warehouse.turn import SqlClient

FOR_READERS = "v1.2.0"
"""The format of the copy: programs to look at data bring a DuckDB that is a year or more old."""


def copy_of(file: Path) -> Path:
    """The file beside a warehouse's that readers open: `warehouse.read.duckdb`."""
    return file.with_name(f"{file.stem}.read{file.suffix}")


def copy_for_readers(warehouse: WarehouseSettings, client: SqlClient) -> None:
    """Replace the copy for readers, if the settings want one and the warehouse has changed.

    Whoever has the old copy open goes on reading it; whoever opens it anew gets the new one.

    Args:
        warehouse: Says whether there is to be a copy.
        client: Connected to the warehouse, in its turn.
    """
    file = database_file(client)
    if not warehouse.read_copy or file is None:
        return
    copy = copy_of(file)
    if _changed(copy) >= max(_changed(file), _changed(Path(f"{file}.wal"))):
        return
    with copied(client, copy, FOR_READERS) as partial:
        os.replace(partial, copy)


def _changed(file: Path) -> int:
    """The time at which a file was last written, in nanoseconds, or 0 if there is none."""
    with suppress(FileNotFoundError):
        return file.stat().st_mtime_ns
    return 0
