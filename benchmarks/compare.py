"""Compares the rows of a warehouse with those that the API has."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from local_api import LocalApi

TYPES = {
    "messages": {
        "id": "VARCHAR",
        "server_id": "BIGINT",
        "domain_id": "BIGINT",
        '"from"': "VARCHAR",
        "subject": "VARCHAR",
        "status": "VARCHAR",
        "tag": "VARCHAR",
        "sent_at": "TIMESTAMPTZ",
        "opens": "BIGINT",
    },
    "bounces": {
        "id": "BIGINT",
        "message_id": "VARCHAR",
        "server_id": "BIGINT",
        '"type"': "VARCHAR",
        "email": "VARCHAR",
        "description": "VARCHAR",
        "bounced_at": "TIMESTAMPTZ",
        "inactive": "BOOLEAN",
    },
    "recipients": {"message_id": "VARCHAR", "email": "VARCHAR", '"type"': "VARCHAR"},
}
"""The columns that are compared. Every variant has them, in a type that casts to this one."""

AS_JSON = """
    SELECT id AS message_id, recipient ->> 'email' AS email, recipient ->> 'type' AS "type"
    FROM (SELECT id, unnest(CAST(recipients AS JSON[])) AS recipient FROM {schema}.messages)
"""
RECIPIENTS = {
    "json": AS_JSON,
    "child table": "SELECT * FROM {schema}.messages__recipients",
    "dlt": """
        SELECT messages.id AS message_id, child.email, child."type"
        FROM {schema}.messages__recipients AS child
        JOIN {schema}.messages ON messages._dlt_id = child._dlt_parent_id
    """,
}
"""For each layout, the query for message, address and type of the nested list."""


class ExpectedRows:
    """The rows of an API at one moment, kept in a DuckDB file.

    Args:
        api: The API.
        folder: An empty folder that is ours.
    """

    def __init__(self, api: LocalApi, folder: Path) -> None:
        self._connection = duckdb.connect()
        self._connection.execute("SET TimeZone = 'UTC'")
        self.count = 0
        for resource in ("messages", "bounces"):
            file = folder / f"{resource}.jsonl"
            with file.open("w") as lines:
                for page in api.rows(resource):
                    self.count += len(page)
                    lines.writelines(json.dumps(row) + "\n" for row in page)
            types = dict(TYPES[resource])
            if resource == "messages":
                types["recipients"] = "JSON"
            columns = ", ".join(
                f"'{name.strip(chr(34))}': '{type_}'" for name, type_ in types.items()
            )
            self._connection.execute(
                f"CREATE TABLE {resource} AS SELECT * FROM "
                f"read_json('{file}', format = 'newline_delimited', columns = {{{columns}}})"
            )
            file.unlink()
        self._connection.execute(f"CREATE TABLE recipients AS {AS_JSON.format(schema='main')}")

    def close(self) -> None:
        """Forget the rows."""
        self._connection.close()

    def difference(self, warehouse: Path, layout: str) -> str | None:
        """The difference between a warehouse and the API, or None if they have the same rows.

        Args:
            warehouse: A DuckDB file whose schema `email` has the tables.
            layout: How it keeps the nested list, one of `RECIPIENTS`.
        """
        try:
            self._connection.execute(f"ATTACH '{warehouse}' AS warehouse (READ_ONLY)")
        except duckdb.Error as error:
            return f"no warehouse ({type(error).__name__})"
        try:
            for table in TYPES:
                missing, other = self._differing(table, layout)
                if missing or other:
                    return f"{table}: {missing:,} missing, {other:,} others"
        except duckdb.Error as error:
            return str(error).partition("\n")[0]
        finally:
            self._connection.execute("DETACH warehouse")
        return None

    def _differing(self, table: str, layout: str) -> tuple[int, int]:
        """The numbers of rows that the warehouse lacks, and that it should not have."""
        source = f"(FROM warehouse.email.{table})"
        if table == "recipients":
            source = f"({RECIPIENTS[layout].format(schema='warehouse.email')})"
        columns = ", ".join(f"CAST({name} AS {type_})" for name, type_ in TYPES[table].items())
        here, there = f"SELECT {columns} FROM {table}", f"SELECT {columns} FROM {source}"
        missing, other = (
            self._connection.sql(f"SELECT count(*) FROM ({a} EXCEPT ALL {b})").fetchall()[0][0]
            for a, b in ((here, there), (there, here))
        )
        return missing, other
