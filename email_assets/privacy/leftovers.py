"""Values that stand in the warehouse as they came, of fields to be hashed or dropped by now."""

from __future__ import annotations

from collections.abc import Sequence

import dlt

from email_assets.privacy.paths import readings
from email_assets.privacy.pseudonyms import MARK
from email_assets.privacy.tables import Table, as_text, tables_of
from email_assets.settings.privacy import PrivateFields
from email_assets.warehouse.turn import SqlClient


def leftovers(client: SqlClient, resource: str, fields: PrivateFields) -> dict[str, int]:
    """The rows that were loaded before `[privacy]` named a field of theirs, by field.

    Args:
        client: Connected to the warehouse.
        resource: The resource's name.
        fields: Its private fields.
    """
    tables = tables_of(client, client.dataset_name, resource)
    found: dict[str, int] = {}
    for paths, may_hold in ((fields.hashed, f"%{MARK}%"), (fields.dropped, None)):
        for path in paths:
            columns = _columns_of(tables, resource, path)
            rows = sum(_count(client, table, column, may_hold) for table, column in columns)
            if rows:
                found[".".join((resource, *path))] = rows
    return found


def _columns_of(
    tables: Sequence[Table], resource: str, path: Sequence[str]
) -> list[tuple[Table, str]]:
    """The columns that dlt made of a field and of what is in it, in whichever table."""
    naming = dlt.Schema("any").naming
    for reading in readings(path):
        whole = naming.make_path(*map(naming.normalize_identifier, (resource, *reading)))
        found = [
            (table, column)
            for table in tables
            for column in table.columns
            if f"{table.name}__{column}__".startswith(f"{whole}__")
            and not column.startswith("_dlt_")
        ]
        if found:  # `user_email` may be of `user.email` only where there is no `email` in `user`
            return found
    return []


def _count(client: SqlClient, table: Table, column: str, may_hold: str | None) -> int:
    """The rows in which a column holds something other than a pseudonym, or anything at all."""
    text = as_text(client, column)
    is_left = f"{text} <> %s" + (f" AND {text} NOT LIKE %s" if may_hold else "")
    query = f"SELECT count(*) FROM {table.sql} WHERE {is_left}"
    rows = client.execute_sql(query, "", *([may_hold] if may_hold else []))
    assert rows  # noqa: S101 (a count always gives one row)
    return int(rows[0][0])
