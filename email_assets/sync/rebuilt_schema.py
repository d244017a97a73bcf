"""Makes the schema of a resource anew from its tables, where dlt's own note of it is lost.

Without one, dlt would take the type of each column from the rows that come next, and the warehouse
would cast their values into the types that its columns have.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any, cast

import dlt
from dlt.common.schema.typing import TColumnSchema, TPartialTableSchema
from dlt.destinations.job_client_impl import SqlJobClientBase

from email_assets.dlt_columns import DLT_ID, PARENT_ID, ROOT_ID
from email_assets.sync.places import A_VARIANT
from email_assets.warehouse.dialects import tables_of
from email_assets.warehouse.turn import SqlClient

HINTS: dict[str, dict[str, Any]] = {
    DLT_ID: {"row_key": True, "unique": True},
    ROOT_ID: {"root_key": True},
    PARENT_ID: {"parent_key": True},
}
"""The hints that dlt gives its own columns."""


def describe_tables(
    schema: dlt.Schema, pipeline: dlt.Pipeline, client: SqlClient, resource: str
) -> None:
    """Let a schema know the tables of a resource, and those of lists in its rows, as they are.

    Args:
        schema: The schema, without these tables.
        pipeline: The resource's pipeline, which knows the types of the destination.
        client: Connected to the warehouse, where the resource's table is.
        resource: The resource's name, which is its table's.
    """
    described: list[str] = []
    with pipeline.destination_client() as job_client:
        assert isinstance(job_client, SqlJobClientBase)  # noqa: S101 (it has an SQL client)
        found = job_client.get_storage_tables(_tables_of(client, resource))
        for name, columns in sorted(found, key=itemgetter(0)):
            if name != resource and ROOT_ID not in columns:
                continue
            table: TPartialTableSchema = {
                "name": name,
                "columns": {column: _described(column, of) for column, of in columns.items()},
            }
            if name != resource:
                above = [other for other in described if name.startswith(f"{other}__")]
                table["parent"] = max(above, key=len)
            cast(dict[str, Any], table)["x-normalizer"] = {"seen-data": True}
            schema.update_table(table, normalize_identifiers=False)
            described.append(name)


def _tables_of(client: SqlClient, resource: str) -> list[str]:
    """The resource's table, and those whose names may say that they are below it."""
    return [resource, *(name for name in tables_of(client) if name.startswith(f"{resource}__"))]


def _described(name: str, found: TColumnSchema) -> TColumnSchema:
    column: dict[str, Any] = {
        hint: value
        for hint, value in found.items()
        if hint in ("name", "data_type", "nullable", "precision", "scale")
    }
    if A_VARIANT.fullmatch(name):
        column["variant"] = True
    return cast(TColumnSchema, {**column, **HINTS.get(name, {})})
