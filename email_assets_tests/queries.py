"""The places of warehouses, and questions to them in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import pytest

from email_assets_tests.postgres import Database, in_postgres

Place: TypeAlias = "Path | Database"
"""A DuckDB file, or a database of PostgreSQL."""
WAREHOUSES = ["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)]
on_both = pytest.mark.parametrize("warehouse", WAREHOUSES, indirect=True)
"""Marks tests that run once with DuckDB and once with PostgreSQL."""


def fresh_place(folder: Path, request: pytest.FixtureRequest) -> Place:
    """A place for a fresh warehouse, of the kind that the fixture's parameter names, if any."""
    if getattr(request, "param", "duckdb") == "duckdb":
        return folder / "warehouse.duckdb"
    database = request.getfixturevalue("postgres_server").new_database()
    assert isinstance(database, Database)
    return database


def set_place(patch: pytest.MonkeyPatch, place: Place) -> None:
    """Set the destination to a place."""
    if isinstance(place, Path):
        # a module's own warehouse, which others share, may be another one
        patch.delenv("WAREHOUSE__DESTINATION_TYPE", raising=False)
        patch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(place))
    else:
        patch.setenv("WAREHOUSE__DESTINATION_TYPE", "postgres")
        patch.setenv("DESTINATION__POSTGRES__CREDENTIALS", place.url)


@cache
def _duckdb() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@contextmanager
def attached(file: Path, options: str = "") -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a DuckDB file, which is closed after the block.

    A database that is open attaches the file for the moment, which takes DuckDB less than a tenth
    of the time in which it opens another.
    """
    connection = _duckdb()
    connection.execute(f"ATTACH '{file}' AS warehouse {options}")
    try:
        connection.execute("USE warehouse")
        yield connection
    finally:
        connection.execute("USE memory")
        connection.execute("DETACH warehouse")


def ask(place: Place, sql: str) -> list[tuple[Any, ...]]:
    """A warehouse's answer to a question in DuckDB's SQL."""
    if isinstance(place, Database):
        return place.ask(in_postgres(sql))
    with attached(place, "(READ_ONLY)") as connection:
        return connection.execute(sql).fetchall()


def change(place: Place, *statements: str) -> None:
    """Do something to a warehouse by hand, in DuckDB's SQL."""
    if isinstance(place, Database):
        place.change(*map(in_postgres, statements))
        return
    with attached(place) as connection:
        for statement in statements:
            connection.execute(statement)
