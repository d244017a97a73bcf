"""Indexes on PostgreSQL's tables, so that what is new costs no more as the tables grow."""

from __future__ import annotations

from hashlib import sha256

from dlt.common.schema import Schema

from email_assets.account import Account
from email_assets.dlt_columns import ROOT_ID
from email_assets.normalizer import column_of
from email_assets.sync.repair import nested_tables
from email_assets.vendors.resource import labels_of, primary_key
from email_assets.warehouse.turn import SqlClient


def index(
    client: SqlClient, account: Account, name: str, schema: Schema, cursor_path: str | None
) -> None:
    """Make the indexes that a resource's tables lack, if it is read by time.

    Other warehouses keep each column apart, and know which values lie in each part of it.

    Args:
        client: Connected to the warehouse, in its turn.
        account: Whose resource it is.
        name: The resource, of which rows were just loaded.
        schema: The schema that they were loaded with.
        cursor_path: The field that says when a row came about, or None.
    """
    if client.capabilities.sqlglot_dialect != "postgres" or cursor_path is None:
        return
    resource = account.resources[name]
    owners = labels_of(resource, account.resources)
    parts = primary_key(resource)
    key = next((field for field in parts if field not in owners), parts[-1])
    # what is asked for, and what a merge deletes by. A hash of the key, since a tree would refuse
    # rows with a text of more than 2,700 bytes
    wanted = [(name, column_of(key, schema.naming), "hash")]
    wanted += [(name, column_of(cursor_path, schema.naming), "btree")]
    wanted += [(table, ROOT_ID, "btree") for table in nested_tables(schema, name)]
    for table, column, kind in wanted:
        if column in schema.tables[table]["columns"]:
            digest = sha256(f"{table}.{column}".encode()).hexdigest()
            client.execute_sql(
                f"CREATE INDEX IF NOT EXISTS email_assets_{digest[:16]} "
                f"ON {client.make_qualified_table_name(table)} "
                f"USING {kind} ({client.escape_column_name(column)})"
            )
