"""Our SQL, which is written as DuckDB takes it, in the words of whatever warehouse is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import count
from typing import Any

import sqlglot
from sqlglot import exp

from email_assets.warehouse.turn import SqlClient

OURS = "duckdb"
HAVE_OUR_PATTERNS = ("duckdb", "postgres", "bigquery", "clickhouse")
"""Dialects whose `regexp_replace` understands the patterns of our SQL as DuckDB does."""
ZONES = {
    "duckdb": "SET TimeZone = 'UTC'",
    "postgres": "SET TimeZone = 'UTC'",
    "redshift": "SET TimeZone = 'UTC'",
    "databricks": "SET TIME ZONE 'UTC'",
}
"""The statement for a session in UTC; with others a time has its own zone, and dlt writes UTC."""
TEXT = {"postgres": "VARCHAR", "tsql": "NVARCHAR(MAX)", "fabric": "VARCHAR(8000)"}
"""The type of a text where sqlglot's is another than that of dlt's columns, or knows no umlauts."""

_PLACE = re.compile(r"__place_(\d+)__")


def dialect_of(client: SqlClient) -> str:
    """The name by which sqlglot knows the SQL of a client's warehouse."""
    return client.capabilities.sqlglot_dialect or OURS


def ask(client: SqlClient, statement: str, *parameters: Any) -> Sequence[Sequence[Any]]:
    """Execute a statement of DuckDB's SQL in a warehouse, and return the rows that it gives.

    Args:
        client: Connected to the warehouse.
        statement: With a `%s` for each parameter, and with names by `table_in` and `column_in`.
        parameters: In the order of their places.
    """
    translated, order = in_dialect(statement, dialect_of(client))
    return client.execute_sql(translated, *(parameters[at] for at in order)) or ()


@lru_cache(maxsize=64)
def in_dialect(statement: str, dialect: str) -> tuple[str, tuple[int, ...]]:
    """A statement in another dialect, and which parameter belongs at each of its places."""
    if dialect == OURS:
        return statement, tuple(range(statement.count("%s")))
    number = count()
    numbered = re.sub("%s", lambda _: f"${next(number)}", statement)
    parsed = sqlglot.parse_one(numbered, read=OURS).transform(_words_of, dialect)
    # quoted, as some names are words of a dialect
    translated = parsed.sql(dialect=dialect, identify=True)
    if dialect == "clickhouse" and isinstance(parsed, exp.Create) and parsed.kind == "TABLE":
        translated += " ENGINE = MergeTree ORDER BY tuple()"
    # an expression that a dialect has to say twice has its parameters twice
    order = tuple(int(place) for place in _PLACE.findall(translated))
    return _PLACE.sub("%s", translated), order


def _words_of(node: exp.Expr, dialect: str) -> exp.Expr:
    if isinstance(node, exp.Placeholder):
        return exp.var(f"__place_{node.name}__")
    if isinstance(node, exp.Identifier) and not node.quoted and dialect == "snowflake":
        return exp.to_identifier(node.name.upper(), quoted=True)
    if isinstance(node, exp.DataType) and node.this is exp.DataType.Type.TEXT and dialect in TEXT:
        return exp.DataType.build(TEXT[dialect], dialect=dialect)
    return node


def columns_of(cursor: Any) -> list[str]:
    """The names of the columns that a question gives."""
    found = cursor.native_cursor
    # dlt's for SQLAlchemy has keys instead
    return [*found.keys()] if hasattr(found, "keys") else [of[0] for of in found.description]


def tables_of(client: SqlClient) -> list[str]:
    """The names of the dataset's tables and views, as dlt writes them."""
    if dialect_of(client) == "sqlite":  # which has no `information_schema`
        of_dataset = client.escape_column_name(client.dataset_name)
        query = f"SELECT name FROM {of_dataset}.sqlite_master WHERE type IN ('table', 'view')"
        found = client.execute_sql(query)
    else:
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s"
        found = client.execute_sql(query, client.dataset_name)
    # Snowflake gives them in capitals
    is_upper = client.capabilities.casefold_identifier is str.upper
    return [str(name).lower() if is_upper else str(name) for (name,) in found or ()]


def table_in(client: SqlClient, name: str) -> str:
    """A table's name with its dataset's, in DuckDB's SQL."""
    return ".".join(map(quoted, client.make_qualified_table_name_path(name, quote=False)))


def column_in(client: SqlClient, name: str) -> str:
    """A column's name, in DuckDB's SQL."""
    return quoted(client.escape_column_name(name, quote=False))


def found_in(client: SqlClient, name: str) -> str:
    """A column that somebody may have made, as the warehouse spells it, in DuckDB's SQL.

    Args:
        client: Connected to the warehouse.
        name: Its name, as `stored_types` gives it.
    """
    is_upper = client.capabilities.casefold_identifier is str.upper
    return quoted(name.upper() if is_upper else name)


def quoted(name: str) -> str:
    """A name in DuckDB's SQL."""
    return '"' + name.replace('"', '""') + '"'


def in_other_letters(found: Iterable[str], wanted: Iterable[str]) -> dict[str, str]:
    """Names that differ from wanted ones in the case of letters alone, by those.

    dlt and DuckDB take the two for one: what is wanted is neither found nor can it be added.
    """
    known, named = set(found), set(wanted)
    others = {name.lower(): name for name in known - named}
    return {name: others[name.lower()] for name in sorted(named - known) if name.lower() in others}


def rename_column(client: SqlClient, table: str, column: str, to: str) -> None:
    """Give a column another name.

    Args:
        client: Connected to the warehouse.
        table: The table's name.
        column: The column's name, as `stored_types` gives it.
        to: Its new name, as dlt writes it.
    """
    names = f"{found_in(client, column)} TO {column_in(client, to)}"
    ask(client, f"ALTER TABLE {table_in(client, table)} RENAME COLUMN {names}")


def count_days_in_utc(client: SqlClient) -> None:
    """Make the days of a session begin at midnight in UTC, whatever the server thinks."""
    if statement := ZONES.get(dialect_of(client)):
        client.execute_sql(statement)
