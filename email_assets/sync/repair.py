"""Finds what somebody took out of a resource's tables by hand, and makes them whole again."""

from __future__ import annotations

import zlib

import dlt
from dlt.common.schema import Schema
from dlt.common.schema.typing import (
    LOADS_TABLE_NAME,
    PIPELINE_STATE_TABLE_NAME,
    VERSION_TABLE_NAME,
)
from dlt.common.schema.utils import get_nested_tables, has_table_seen_data
from dlt.destinations.exceptions import DatabaseUndefinedRelation
from dlt.pipeline.exceptions import PipelineStepFailed

from email_assets.sentences import causes
from email_assets.sync.shown_names import ShownNames
from email_assets.warehouse.turn import SqlClient

TABLES_OF_DLT = (VERSION_TABLE_NAME, LOADS_TABLE_NAME, PIPELINE_STATE_TABLE_NAME)
DLT_ID = "_dlt_id"
ROOT_ID = "_dlt_root_id"
"""The column of a nested table that holds the `_dlt_id` of the row of the resource's table."""


def nested_tables(schema: Schema, resource: str) -> list[str]:
    """The tables that rows were loaded into from lists in a resource's rows."""
    if resource not in schema.tables:
        return []
    _, *nested = get_nested_tables(schema.tables, resource)
    return [str(table["name"]) for table in nested if has_table_seen_data(table)]


def restore(pipeline: dlt.Pipeline, client: SqlClient, resource: str) -> None:
    """Restore what dlt knows of a resource from the warehouse; nothing, if that cannot be read.

    What cannot be read is removed, by which the next load begins from the rows of the table.

    Args:
        pipeline: The resource's pipeline.
        client: Connected to the warehouse.
        resource: The resource's name, which is its schema's.

    Raises:
        PipelineStepFailed: dlt's own tables are not what they should be.
    """
    try:
        pipeline.sync_destination()
        return
    except PipelineStepFailed as error:
        if not isinstance(causes(error)[-1], (ValueError, zlib.error)):
            raise
    for table, column, value in (
        (PIPELINE_STATE_TABLE_NAME, "pipeline_name", pipeline.pipeline_name),
        (VERSION_TABLE_NAME, "schema_name", resource),
    ):
        name, where = client.make_qualified_table_name(table), client.escape_column_name(column)
        client.execute_sql(f"DELETE FROM {name} WHERE {where} = %s", value)
    pipeline.sync_destination()


def missing_tables_of_dlt(client: SqlClient) -> list[str]:
    """Tables in which dlt keeps what it did, if some of them are there and others are not."""
    missing = [table for table in TABLES_OF_DLT if columns_of(client, table) is None]
    return missing if len(missing) < len(TABLES_OF_DLT) else []


def missing_parts(client: SqlClient, schema: Schema, resource: str) -> list[str]:
    """Tables below a resource's, and columns of any of them, that the warehouse should have.

    They are named as people may see them.

    Args:
        client: Connected to the warehouse, where the resource's table is.
        schema: The schema that the warehouse keeps of the tables.
        resource: The resource's name, which is its table's.
    """
    missing: list[str] = []
    names = ShownNames(schema, resource)
    for table in [resource, *nested_tables(schema, resource)]:
        found = columns_of(client, table)
        if found is None:
            missing.append(names.table(table))
        else:
            known = schema.get_table_columns(table)
            missing += [names.of(table, column) for column in known if column not in found]
    return missing


def columns_of(client: SqlClient, table: str) -> set[str] | None:
    """The columns of a table, or None if there is no such table."""
    query = f"SELECT * FROM {client.make_qualified_table_name(table)} WHERE 1 = 0"
    try:
        with client.execute_query(query) as cursor:
            return {column[0] for column in cursor.description}
    except DatabaseUndefinedRelation:
        return None


def remove_orphans(client: SqlClient, schema: Schema, resource: str) -> None:
    """Delete rows of nested tables whose row of the resource's table is gone.

    dlt deletes nested rows together with the row that they belong to, and would never find these.
    """
    roots = client.make_qualified_table_name(resource)
    identity, root_id = client.escape_column_name(DLT_ID), client.escape_column_name(ROOT_ID)
    for name in nested_tables(schema, resource):
        table = client.make_qualified_table_name(name)
        client.execute_sql(
            f"DELETE FROM {table} WHERE {root_id} NOT IN (SELECT {identity} FROM {roots})"
        )
