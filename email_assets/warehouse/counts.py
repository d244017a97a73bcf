"""Counts the rows of a table, and those whose key is missing or shared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import dlt
from dlt.destinations.exceptions import DatabaseUndefinedRelation

from email_assets.settings.warehouse import WarehouseSettings
from email_assets.warehouse.destination import connected
from email_assets.warehouse.dialects import ask, column_in, table_in
from email_assets.warehouse.turn import SqlClient

EXAMPLES = 10
"""Duplicate keys that a key count names."""


@dataclass(frozen=True)
class KeyCount:
    """Counts of a table's rows and primary keys."""

    rows: int
    null_keys: int
    duplicate_keys: int
    """Keys that more than one row has."""
    examples: list[str]
    """Up to ten of the duplicate keys."""


def count_keys(
    warehouse: WarehouseSettings,
    resource: str,
    primary_key: Sequence[str],
    *,
    say: Callable[[str], None],
) -> KeyCount | None:
    """Count the primary keys of the resource's table; None while there is no table.

    Raises:
        WarehouseError: The warehouse cannot be read.
    """
    with connected(warehouse, resource, say, read_only=True) as client:
        if client is not None:
            with suppress(DatabaseUndefinedRelation):
                return _count_keys(client, resource, primary_key)
    return None


def _count_keys(client: SqlClient, resource: str, primary_key: Sequence[str]) -> KeyCount:
    table, naming = table_in(client, resource), dlt.Schema(resource).naming
    columns = [column_in(client, naming.normalize_identifier(name)) for name in primary_key]
    missing = " OR ".join(f"{column} IS NULL" for column in columns)
    key = ", ".join(columns)
    duplicates = (
        f"SELECT {key} FROM {table} WHERE NOT ({missing}) GROUP BY {key} HAVING count(*) > 1"
    )
    ((rows, null_keys),) = ask(
        client, f"SELECT count(*), count(CASE WHEN {missing} THEN 1 END) FROM {table}"
    )
    ((duplicate_keys,),) = ask(client, f"SELECT count(*) FROM ({duplicates}) AS duplicates")
    # looked for only where there are any: it takes as long as counting them
    examples = (
        ask(client, f"{duplicates} ORDER BY {key} LIMIT {EXAMPLES}") if duplicate_keys else []
    )
    return KeyCount(
        rows, null_keys, duplicate_keys, ["/".join(map(str, found)) for found in examples]
    )


def count_table(client: SqlClient, table: str) -> int | None:
    """Rows in a table, over an open connection, or None if there is no such table."""
    try:
        return int(ask(client, f"SELECT count(*) FROM {table_in(client, table)}")[0][0])
    except DatabaseUndefinedRelation:
        return None
