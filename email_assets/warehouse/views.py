"""The views that are made of loaded tables, and go before a table that they read is dropped."""

from __future__ import annotations

from email_assets.warehouse.dialects import dialect_of
from email_assets.warehouse.turn import SqlClient

EVENTS = "email_events"
RECIPIENTS = "recipients"
VIEWS = (EVENTS, RECIPIENTS)

_HAVE_VIEWS = ("duckdb", "postgres")
_TABLES_OF_THEIR_NAME = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = %s AND table_name IN (%s, %s) AND table_type = 'BASE TABLE'
"""


def has_views(client: SqlClient) -> bool:
    """True if the views are made in a client's warehouse."""
    return dialect_of(client) in _HAVE_VIEWS


def tables_of_their_names(client: SqlClient) -> list[str]:
    """The names of the views that tables have, which somebody else made."""
    schema = client.make_qualified_table_name_path(None, quote=False)[-1]
    return [name for (name,) in client.execute_sql(_TABLES_OF_THEIR_NAME, schema, *VIEWS) or ()]


def drop_views(client: SqlClient) -> None:
    """Take the views away: PostgreSQL drops no table that a view reads."""
    if not has_views(client) or tables_of_their_names(client):
        return
    for view in reversed(VIEWS):
        client.execute_sql(f"DROP VIEW IF EXISTS {client.make_qualified_table_name(view)}")
