"""A few rows of a table for people to look at, if a setting asks for them."""

from __future__ import annotations

from email_assets.redaction import redact
from email_assets.sync.dlt_columns import DLT_ID, LOAD_ID
from email_assets.sync.shown_names import ShownNames
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
    query = (
        f"SELECT * FROM {client.make_qualified_table_name(table)} "
        f"ORDER BY {client.escape_column_name(LOAD_ID)} DESC LIMIT {count}"
    )
    with client.execute_query(query) as cursor:
        columns = [column[0] for column in cursor.description]
        rows = cursor.fetchall()
    return [
        {
            names.column(table, name): redact(str(value))[:LONGEST]
            for name, value in zip(columns, row, strict=True)
            if name not in (DLT_ID, LOAD_ID) and value is not None
        }
        for row in rows
    ]
