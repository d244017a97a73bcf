"""Deletes rows that are older than `[privacy] keep_days`, and counts those that should be gone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import dlt

from email_assets.dlt_columns import DLT_ID, ROOT_ID
from email_assets.errors import WarehouseError
from email_assets.normalizer import column_of
from email_assets.privacy.tables import Table, as_text, quoted, tables_of
from email_assets.warehouse.turn import SqlClient

A_DAY = "____-__-__"
"""A day in text, as APIs write those of their statistics; their order is that of the texts."""


def delete_older(client: SqlClient, resource: str, time: str, before: datetime) -> int:
    """Delete a resource's rows from before an instant, with those of their nested tables.

    Args:
        client: Connected to the warehouse, in a turn at the resource's tables.
        resource: The resource's name.
        time: The field that says when a row came about.
        before: The instant. Rows without a time stay.

    Returns:
        The rows of the resource's own table that were deleted.

    Raises:
        WarehouseError: The field is no time in the warehouse.
    """
    deleted = 0
    for dataset in (client.staging_dataset_name, client.dataset_name):
        tables = {table.name: table for table in tables_of(client, dataset, resource)}
        root = tables.pop(resource, None)
        if root is None:
            continue
        is_older, limit = _older(client, root, time, before)
        with client.begin_transaction():
            deleted = _count(client, root, is_older, limit)
            old = f"SELECT {quoted(client, DLT_ID)} FROM {root.sql} WHERE {is_older}"
            for table in tables.values():
                if ROOT_ID in table.columns:
                    root_id = quoted(client, ROOT_ID)
                    client.execute_sql(f"DELETE FROM {table.sql} WHERE {root_id} IN ({old})", limit)
            client.execute_sql(f"DELETE FROM {root.sql} WHERE {is_older}", limit)
    return deleted


def count_older(client: SqlClient, resource: str, time: str, before: datetime) -> int:
    """The rows of a resource's table from before an instant.

    Raises:
        WarehouseError: The field is no time in the warehouse.
    """
    for table in tables_of(client, client.dataset_name, resource):
        if table.name == resource:
            return _count(client, table, *_older(client, table, time, before))
    return 0


def _count(client: SqlClient, table: Table, condition: str, parameter: Any) -> int:
    rows = client.execute_sql(f"SELECT count(*) FROM {table.sql} WHERE {condition}", parameter)
    assert rows  # noqa: S101 (a count always gives one row)
    return int(rows[0][0])


def _older(client: SqlClient, table: Table, time: str, before: datetime) -> tuple[str, Any]:
    """The SQL that is true for rows from before an instant, and its parameter."""
    column = column_of(time, dlt.Schema("any").naming)
    data_type = table.columns.get(column, "").lower()
    if data_type.startswith("timestamp"):
        return f"{quoted(client, column)} < %s", before
    if data_type == "date" or column in table.texts:
        text = as_text(client, column)
        if not _count(client, table, f"{text} NOT LIKE %s", A_DAY):
            # a day begins with its midnight in UTC
            return f"{text} <= %s", before.date().isoformat()
    raise WarehouseError(
        f"{table.name}: {time}, by which keep_days deletes rows, is no column of times or days in "
        "the warehouse. Set another cursor_path of the resource, or say in the vendor's file that "
        "the data_type of the column is timestamp."
    )
