"""Copies of a DuckDB file, in which nothing is left of what was deleted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dlt.destinations.exceptions import DatabaseException

from email_assets.warehouse.destination import database_file
from email_assets.warehouse.turn import SqlClient

_COPY = "_email_assets_copy"
"""The copy's name within DuckDB, which no file of anybody's has."""


@contextmanager
def copied(client: SqlClient, file: Path, *formats: str) -> Iterator[Path]:
    """A copy of a DuckDB file beside a place, with the modes of the file; gone after the block.

    Args:
        client: Connected to the file, in its turn.
        file: The place that it is to be moved to.
        formats: The versions of DuckDB's storage to try before the one that DuckDB writes now; a
            table may have a type that an older one does not know.
    """
    client.execute_sql("CHECKPOINT")  # else it comes at the end of the turn, after the copy
    partial = Path(f"{file}.partial")
    try:
        for version in formats:
            with suppress(DatabaseException):
                _copy(client, partial, f"(STORAGE_VERSION '{version}')")
                break
        else:
            _copy(client, partial, "")
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def _copy(client: SqlClient, partial: Path, options: str) -> None:
    partial.unlink(missing_ok=True)
    rows = client.execute_sql("SELECT current_database()")
    assert rows  # noqa: S101 (there always is one)
    original = database_file(client)
    assert original  # noqa: S101 (it is a DuckDB file)
    place = str(partial).replace("'", "''")
    client.execute_sql(f"ATTACH '{place}' AS {_COPY} {options}")
    try:
        partial.chmod(original.stat().st_mode & 0o777)  # before there is anything in it
        name = client.capabilities.escape_identifier(rows[0][0])
        client.execute_sql(f"COPY FROM DATABASE {name} TO {_COPY}")
        client.execute_sql(f"CHECKPOINT {_COPY}")
    finally:
        client.execute_sql(f"DETACH {_COPY}")


def rewrite(client: SqlClient) -> None:
    """Put a copy in the place of a DuckDB file, so that the bytes of deleted rows are gone.

    Args:
        client: Connected to the warehouse, in its turn, with which nothing is done afterwards.
    """
    if file := database_file(client):
        file = file.resolve()  # a link goes on leading to it
        with copied(client, file) as copy:
            os.replace(copy, file)
