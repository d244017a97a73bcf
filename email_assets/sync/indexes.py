"""Indexes on PostgreSQL's tables, so that what is new costs no more as the tables grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import sha256

from dlt.common.schema import Schema
from dlt.destinations.exceptions import DatabaseException

from email_assets.account import Account
from email_assets.dlt_columns import ROOT_ID
from email_assets.normalizer import column_of
from email_assets.sync.listing import Listing
from email_assets.sync.repair import nested_tables
from email_assets.vendors.resource import labels_of, primary_key
from email_assets.warehouse.turn import SqlClient

_THERE = "SELECT indexname FROM pg_indexes WHERE schemaname = %s"


def index(
    client: SqlClient, account: Account, listing: Listing, say: Callable[[str], None]
) -> None:
    """Make the indexes that a resource's tables lack, if it is read by time.

    Other warehouses keep each column apart, and know which values lie in each part of it.

    Args:
        client: Connected to the warehouse, in its turn.
        account: Whose resource it is.
        listing: The reading of the resource, of which rows were just loaded.
        say: Told why indexes cannot be made; nothing but time depends on them.
    """
    name, cursor_path = listing.resource.name, listing.rows.cursor_path
    if client.capabilities.sqlglot_dialect != "postgres" or cursor_path is None:
        return
    dataset = client.make_qualified_table_name_path(None, quote=False)[-1]
    try:
        there = {found for (found,) in client.execute_sql(_THERE, dataset) or ()}
        for table, column, kind in _wanted(account, name, listing.source.schema, cursor_path):
            digest = sha256(f"{table}.{column}".encode()).hexdigest()
            if (named := f"email_assets_{digest[:16]}") not in there:
                with client.begin_transaction():
                    # others wait for this turn, and a VACUUM may hold a table for hours
                    client.execute_sql("SET LOCAL lock_timeout = '2s'")
                    client.execute_sql(
                        f"CREATE INDEX {named} ON {client.make_qualified_table_name(table)} "
                        f"USING {kind} ({client.escape_column_name(column)})"
                    )
    except DatabaseException as error:
        reason = str(error).partition("\n")[0]
        say(f"{name}: indexes cannot be made, without which syncs take longer: {reason}")


def _wanted(
    account: Account, name: str, schema: Schema, cursor_path: str
) -> Iterator[tuple[str, str, str]]:
    """Tables, columns and kinds of index: what a sync asks for, and what a merge deletes by."""
    resource = account.resources[name]
    owners, parts = labels_of(resource, account.resources), primary_key(resource)
    key = next((field for field in parts if field not in owners), parts[-1])
    found = [
        # a tree would refuse rows with a text of more than 2,700 bytes
        (name, column_of(key, schema.naming), "hash"),
        (name, column_of(cursor_path, schema.naming), "btree"),
        *((table, ROOT_ID, "btree") for table in nested_tables(schema, name)),
    ]
    for table, column, kind in found:
        if column in schema.tables[table]["columns"]:
            yield table, column, kind
