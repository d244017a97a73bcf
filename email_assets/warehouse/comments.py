"""Comments on tables and columns, in which programs that read a warehouse show what they mean."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from dlt.destinations.exceptions import DatabaseException

from email_assets.warehouse.turn import SqlClient

_DUCKDB = """
WITH shown AS (
    SELECT table_name AS name, comment, 'TABLE' AS kind FROM duckdb_tables()
    WHERE database_name = current_database() AND schema_name = %s
    UNION ALL
    SELECT view_name, comment, 'VIEW' FROM duckdb_views()
    WHERE database_name = current_database() AND schema_name = %s AND NOT internal
)
SELECT name, kind, '', comment FROM shown
UNION ALL
SELECT table_name, '', column_name, comment FROM duckdb_columns()
WHERE database_name = current_database() AND schema_name = %s
    AND (table_name IN (SELECT name FROM shown WHERE kind = 'TABLE') OR 'ducklake' <> (
        SELECT type FROM duckdb_databases() WHERE database_name = current_database()))
"""
"""Without columns of views in a DuckLake, which takes no comments on them."""
_POSTGRES = """
WITH shown AS (
    SELECT oid, relname, relkind FROM pg_class
    WHERE relkind IN ('r', 'p', 'v') AND relnamespace = to_regnamespace(quote_ident(%s))
)
SELECT relname, CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, '',
    obj_description(oid, 'pg_class') FROM shown
UNION ALL
SELECT relname, '', attname, col_description(oid, attnum) FROM shown
JOIN pg_attribute ON attrelid = oid WHERE attnum > 0 AND NOT attisdropped
"""
DIALECTS = {"duckdb": _DUCKDB, "postgres": _POSTGRES}
"""The question for a dataset's tables, columns and comments; others get no comments."""

Notes = Mapping[tuple[str, str], str]
Describe = Callable[[Mapping[str, Collection[str]]], Notes]


def comment(client: SqlClient, describe: Describe, say: Callable[[str], None]) -> None:
    """Write the comments of a dataset's tables and views that are not as they should be.

    A comment of somebody's own stays where there is none to write.

    Args:
        client: Connected to the warehouse, in a turn at the tables.
        describe: Tells the comments from the columns of each table, by table and column; the
            column is empty where the comment is the table's own.
        say: Told why comments cannot be written; nothing else depends on them.
    """
    question = DIALECTS.get(client.capabilities.sqlglot_dialect or "")
    if question is None:
        return
    try:
        _comment(client, question, describe)
    except DatabaseException as error:
        say(f"comments cannot be written on tables: {str(error).partition(chr(10))[0]}")


def _comment(client: SqlClient, question: str, describe: Describe) -> None:
    dataset = client.make_qualified_table_name_path(None, quote=False)[-1]
    found: dict[tuple[str, str], str | None] = {}
    kinds: dict[str, str] = {}
    columns: dict[str, list[str]] = {}
    rows = client.execute_sql(question, *[dataset] * question.count("%s")) or ()
    for table, kind, column, text in rows:
        found[table, column] = text
        if kind:
            kinds[table] = kind
        else:
            columns.setdefault(table, []).append(column)
    wanted = {at: text for at, text in describe(columns).items() if found.get(at, text) != text}
    if wanted:
        with client.begin_transaction():
            if client.capabilities.sqlglot_dialect == "postgres":
                # others wait for this turn, and a VACUUM may hold a table for hours
                client.execute_sql("SET LOCAL lock_timeout = '2s'")
            for (table, column), text in wanted.items():
                _write(client, kinds[table], table, column, text)


def _write(client: SqlClient, kind: str, table: str, column: str, text: str) -> None:
    name = client.make_qualified_table_name(table)
    escaped = client.capabilities.escape_identifier
    what = f"COLUMN {name}.{escaped(column)}" if column else f"{kind} {name}"
    # neither takes a parameter here
    literal = "'" + text.replace("'", "''") + "'"
    client.execute_sql(f"COMMENT ON {what} IS {literal}")
