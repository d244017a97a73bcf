"""A few rows of a table for people to look at, if a setting asks for them."""

from __future__ import annotations

from email_assets.dlt_columns import DLT_ID, LOAD_ID
from email_assets.redaction import redact
from email_assets.sync.shown_names import ShownNames
from email_assets.warehouse.dialects import (
    column_in,
    columns_of,
    dialect_of,
    in_dialect,
    table_in,
)
from email_assets.warehouse.turn import SqlClient

LONGEST = 80
"""Characters of a value that are shown."""


def preview_of(
    client: SqlClient, table: str, count: int, names: ShownNames
) -> list[dict[str, str]]:
    """Rows that were loaded last, as text.

    Addresses are masked; whatever else a row holds is shown, so there are none by default.

    Args:
        client: Connected to the warehouse.
        table: The name of the table.
        count: Rows at the most, by `[catalog] preview_rows`.
        names: Of its columns, without addresses.
    """
    if count == 0:
        return []
    query, _ = in_dialect(
        f"SELECT * FROM {table_in(client, table)} "
        f"ORDER BY {column_in(client, LOAD_ID)} DESC LIMIT {count}",
        dialect_of(client),
    )
    with client.execute_query(query) as cursor:
        columns = columns_of(cursor)
        rows = cursor.fetchall()
    return [
        {
            names.column(table, name): redact(str(value))[:LONGEST]
            for name, value in zip(columns, row, strict=True)
            if name not in (DLT_ID, LOAD_ID) and value is not None
        }
        for row in rows
    ]
