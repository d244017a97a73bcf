"""Finds what somebody took out of a resource's tables by hand, and makes them whole again."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import dlt
from dlt.common.schema import Schema
from dlt.common.schema.typing import (
    PIPELINE_STATE_TABLE_NAME,
    VERSION_TABLE_NAME,
    TTableSchemaColumns,
)
from dlt.common.schema.utils import get_nested_tables, has_table_seen_data, pipeline_state_table
from dlt.destinations.exceptions import DatabaseUndefinedRelation
from dlt.pipeline.exceptions import PipelineStepFailed

from email_assets.dlt_columns import DLT_ID, ROOT_ID
from email_assets.errors import causes
from email_assets.sentences import UNREADABLE
from email_assets.sync.shown_names import ShownNames
from email_assets.warehouse.dialects import columns_of, in_other_letters, rename_column
from email_assets.warehouse.turn import SqlClient


class StoredColumns:
    """The columns that the warehouse's tables have; of each table it is asked once.

    Args:
        client: Connected to the warehouse, in which nobody else changes a table meanwhile.
    """

    def __init__(self, client: SqlClient) -> None:
        self.client = client
        self._found: dict[str, set[str] | None] = {}

    def of(self, table: str) -> set[str] | None:
        """The columns of a table, or None if there is no such table."""
        if table not in self._found:
            self._found[table] = _columns_of(self.client, table)
        return self._found[table]

    def rename(self, table: str, column: str, to: str) -> None:
        """Give a column another name."""
        rename_column(self.client, table, column, to)
        del self._found[table]

    def drop(self, table: str) -> None:
        """Drop a table."""
        self.client.execute_sql(f"DROP TABLE {self.client.make_qualified_table_name(table)}")
        self._found[table] = None


def _columns_of(client: SqlClient, table: str) -> set[str] | None:
    query = f"SELECT * FROM {client.make_qualified_table_name(table)} WHERE 1 = 0"
    try:
        with client.execute_query(query) as cursor:
            # Snowflake gives the names of columns in capitals, and dlt writes them in small letters
            is_upper = client.capabilities.casefold_identifier is str.upper
            return {name.lower() if is_upper else name for name in columns_of(cursor)}
    except DatabaseUndefinedRelation:
        return None


def nested_tables(schema: Schema, resource: str) -> list[str]:
    """The tables that rows were loaded into from lists in a resource's rows."""
    if resource not in schema.tables:
        return []
    _, *nested = get_nested_tables(schema.tables, resource)
    return [str(table["name"]) for table in nested if has_table_seen_data(table)]


def restore(
    pipeline: dlt.Pipeline, stored: StoredColumns, resource: str, say: Callable[[str], None]
) -> None:
    """Restore what dlt knows of a resource from the warehouse; nothing, if that cannot be read.

    What cannot be read is removed, by which the next load begins from the rows of the table.

    Args:
        pipeline: The resource's pipeline.
        stored: The columns of the warehouse's tables.
        resource: The resource's name, which is its schema's.
        say: Told of tables of dlt's that are made anew.

    Raises:
        PipelineStepFailed: The warehouse cannot be read.
    """
    for table, columns in _tables_of_dlt().items():
        found = stored.of(table)
        lost = [name for name, hints in columns.items() if not hints.get("nullable")]
        # dlt adds others, and a column that must not be null cannot be added to rows
        if found is not None and not found.issuperset(lost):
            stored.drop(table)
            say(f"{resource}: {table} lacked columns that dlt needs, and is made anew")
    try:
        pipeline.sync_destination()
        return
    except PipelineStepFailed as error:
        if not isinstance(causes(error)[-1], UNREADABLE):
            raise
    client = stored.client
    for table, column, value in (
        (PIPELINE_STATE_TABLE_NAME, "pipeline_name", pipeline.pipeline_name),
        (VERSION_TABLE_NAME, "schema_name", resource),
    ):
        name, where = client.make_qualified_table_name(table), client.escape_column_name(column)
        client.execute_sql(f"DELETE FROM {name} WHERE {where} = %s", value)
    pipeline.sync_destination()


def missing_of_dlt(stored: StoredColumns) -> list[str]:
    """Tables and columns that are gone of dlt's own; nothing, if all the tables are."""
    known, missing = _tables_of_dlt(), list[str]()
    for table, columns in known.items():
        found = stored.of(table)
        if found is None:
            missing.append(table)
        else:
            missing += [f"{table}.{column}" for column in columns if column not in found]
    return [] if missing == list(known) else missing


@cache
def _tables_of_dlt() -> dict[str, TTableSchemaColumns]:
    tables = dlt.Schema("any").tables | {
        PIPELINE_STATE_TABLE_NAME: pipeline_state_table(add_dlt_id=True)
    }
    return {name: table["columns"] for name, table in tables.items()}


def rename_back(
    stored: StoredColumns, schema: Schema, resource: str, say: Callable[[str], None]
) -> None:
    """Rename columns back whose names somebody wrote in other letters, small or capital.

    Args:
        stored: The columns of the warehouse's tables, the resource's among them.
        schema: The schema that the warehouse keeps of the tables.
        resource: The resource's name, which is its table's.
        say: Told of columns that are renamed.
    """
    names = ShownNames(schema, resource)
    for table in [resource, *nested_tables(schema, resource)]:
        known, found = schema.get_table_columns(table), stored.of(table) or set()
        for column, other in in_other_letters(found, known).items():
            stored.rename(table, other, column)
            shown = names.of(table, column)
            say(f"{resource}: {shown} was written otherwise, and has its name again")


def missing_parts(stored: StoredColumns, schema: Schema, resource: str) -> list[str]:
    """Tables below a resource's, and columns of any of them, that the warehouse should have.

    They are named as people may see them.

    Args:
        stored: The columns of the warehouse's tables, the resource's among them.
        schema: The schema that the warehouse keeps of the tables.
        resource: The resource's name, which is its table's.
    """
    missing: list[str] = []
    names = ShownNames(schema, resource)
    for table in [resource, *nested_tables(schema, resource)]:
        found = stored.of(table)
        if found is None:
            missing.append(names.table(table))
        else:
            known = schema.get_table_columns(table)
            missing += [names.of(table, column) for column in known if column not in found]
    return missing


def remove_orphans(stored: StoredColumns, schema: Schema, resource: str, since: str) -> None:
    """Delete rows of nested tables whose row of the resource's table is gone.

    dlt deletes nested rows together with the row that they belong to, and would never find these.
    Tables whose columns do not tell are left alone.

    Args:
        stored: The columns of the warehouse's tables, the resource's among them.
        schema: The schema that the warehouse keeps of the tables.
        resource: The resource's name, which is its table's.
        since: The least `_dlt_id` of rows that may come again; of others, nothing is looked at.
    """
    client = stored.client
    roots = client.make_qualified_table_name(resource)
    identity, root_id = client.escape_column_name(DLT_ID), client.escape_column_name(ROOT_ID)
    if DLT_ID not in (stored.of(resource) or ()):
        return
    for name in nested_tables(schema, resource):
        if ROOT_ID in (stored.of(name) or ()):
            table = client.make_qualified_table_name(name)
            # NOT IN would take PostgreSQL hours from some hundred thousand rows on
            client.execute_sql(
                f"DELETE FROM {table} WHERE {root_id} >= %s AND NOT EXISTS "
                f"(SELECT 1 FROM {roots} AS roots WHERE roots.{identity} = {table}.{root_id} "
                f"AND roots.{identity} >= %s)",
                since,
                since,
            )
