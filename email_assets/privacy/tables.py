"""The tables of a dataset as the warehouse knows them, and the texts in them that name people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from email_assets.privacy.forgotten import SIGNS
from email_assets.privacy.memory import MEMORY
from email_assets.warehouse.postgres_turn import OWNER_TABLE
from email_assets.warehouse.turn import SqlClient

CHUNK = 5_000
"""Rows that are fetched at a time."""
MOST_VALUES = 500
"""Values that one statement compares with."""
_TEXT = ("text", "character", "varchar", "json")
_OF_TEXTS = re.compile("text|char|json|user-defined", re.IGNORECASE)
"""Stands in the names of types that hold texts, those of lists and objects included."""
_COLUMNS = """
SELECT table_name, column_name,
    CASE WHEN data_type = 'ARRAY' THEN udt_name ELSE data_type END
FROM information_schema.columns
WHERE table_schema = %s AND table_catalog = current_database()
AND table_name IN (
    SELECT table_name FROM information_schema.tables
    WHERE table_schema = %s AND table_catalog = current_database() AND table_type = 'BASE TABLE')
ORDER BY table_name, ordinal_position
"""


@dataclass
class Table:
    """A table of a dataset.

    Attributes:
        sql: Its name with its dataset's, quoted.
        columns: The type of each of its columns.
        texts: Those that hold text or JSON, alone or in a list or an object.
    """

    name: str
    sql: str
    columns: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    def is_json(self, column: str) -> bool:
        """True if a column holds JSON."""
        return self.is_plain(column) and self.texts[column].lower().startswith("json")

    def is_plain(self, column: str) -> bool:
        """True if a column holds one text, and no list or object with several, as some people's."""
        data_type = self.texts[column].lower()
        return data_type.startswith(_TEXT) and not data_type.endswith("]")


def tables_of(client: SqlClient, dataset: str, resource: str | None = None) -> list[Table]:
    """The tables of a dataset, but for dlt's own and ours: those hold no rows of the API.

    Args:
        client: Connected to the warehouse.
        dataset: Which dataset.
        resource: The resource whose tables are wanted, or None for all.
    """
    found: dict[str, Table] = {}
    for name, column, data_type in client.execute_sql(_COLUMNS, dataset, dataset) or ():
        if name.startswith("_dlt_") or name in (MEMORY, OWNER_TABLE):
            continue
        if resource and name != resource and not name.startswith(f"{resource}__"):
            continue
        sql = f"{quoted(client, dataset)}.{quoted(client, name)}"
        table = found.setdefault(name, Table(name, sql))
        table.columns[column] = data_type
        if _OF_TEXTS.search(data_type):
            table.texts[column] = data_type
    return list(found.values())


def texts_that_name(client: SqlClient, table: Table, column: str) -> Iterator[tuple[str, int]]:
    """The texts of a column that name anybody, with the number of rows that have each."""
    text = as_text(client, column)
    is_one = " OR ".join(f"lower({text}) LIKE %s ESCAPE '!'" for _ in SIGNS)
    query = f"SELECT {text}, count(*) FROM {table.sql} WHERE {is_one} GROUP BY {text}"
    with client.execute_query(query, *(f"%{sign.replace('%', '!%')}%" for sign in SIGNS)) as cursor:
        while rows := cursor.fetchmany(CHUNK):
            yield from rows


def rows_where(
    client: SqlClient, table: Table, selected: Sequence[str], column: str, values: Iterable[str]
) -> Iterator[Sequence[Any]]:
    """Some columns, as text, of the rows in which a column has one of some values."""
    shown = ", ".join(as_text(client, name) for name in selected)
    for some in chunks([*values]):
        query = (
            f"SELECT {shown} FROM {table.sql} "
            f"WHERE {as_text(client, column)} IN ({', '.join(['%s'] * len(some))})"
        )
        yield from client.execute_sql(query, *some) or ()


def as_text(client: SqlClient, column: str) -> str:
    """A column as text, in SQL."""
    return f"CAST({quoted(client, column)} AS VARCHAR)"


def quoted(client: SqlClient, name: str) -> str:
    """A name of the warehouse's own, in SQL that has parameters.

    dlt and the driver look for the places of parameters within names as well.
    """
    escaped: str = client.capabilities.escape_identifier(name)
    if client.capabilities.sqlglot_dialect == "postgres":
        return escaped.replace("%", "%%")
    return escaped.replace("%s", "%S")  # the same name, whose letters' case DuckDB ignores


def chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The values, as many at a time as one statement takes."""
    for at in range(0, len(values), MOST_VALUES):
        yield values[at : at + MOST_VALUES]
