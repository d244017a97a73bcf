"""Deletes rows that are older than `[privacy] keep_days`, and counts those that should be gone."""

from __future__ import annotations

from datetime import datetime

import dlt

from email_assets.dlt_columns import DLT_ID, ROOT_ID
from email_assets.errors import WarehouseError
from email_assets.normalizer import column_of
from email_assets.privacy.tables import Table, quoted, tables_of
from email_assets.warehouse.turn import SqlClient


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
        is_older = _is_older(client, root, time)
        with client.begin_transaction():
            deleted = _count(client, root, is_older, before)
            old = f"SELECT {quoted(client, DLT_ID)} FROM {root.sql} WHERE {is_older}"
            for table in tables.values():
                if ROOT_ID in table.columns:
                    root_id = quoted(client, ROOT_ID)
                    client.execute_sql(
                        f"DELETE FROM {table.sql} WHERE {root_id} IN ({old})", before
                    )
            client.execute_sql(f"DELETE FROM {root.sql} WHERE {is_older}", before)
    return deleted


def count_older(client: SqlClient, resource: str, time: str, before: datetime) -> int:
    """The rows of a resource's table from before an instant.

    Raises:
        WarehouseError: The field is no time in the warehouse.
    """
    for table in tables_of(client, client.dataset_name, resource):
        if table.name == resource:
            return _count(client, table, _is_older(client, table, time), before)
    return 0


def _count(client: SqlClient, table: Table, is_older: str, before: datetime) -> int:
    rows = client.execute_sql(f"SELECT count(*) FROM {table.sql} WHERE {is_older}", before)
    assert rows  # noqa: S101 (a count always gives one row)
    return int(rows[0][0])


def _is_older(client: SqlClient, table: Table, time: str) -> str:
    column = column_of(time, dlt.Schema("any").naming)
    if not table.columns.get(column, "").lower().startswith("timestamp"):
        raise WarehouseError(
            f"{table.name}: {time}, by which keep_days deletes rows, is no column of times in the "
            "warehouse. Set another cursor_path of the resource, or say in the vendor's file that "
            "the data_type of the column is timestamp."
        )
    return f"{quoted(client, column)} < %s"
