"""The tables of a warehouse as the SQL over them wants them, by the fields of the vendor's API."""

from __future__ import annotations

from collections.abc import Iterable

import dlt
from dlt.common.schema.typing import VERSION_TABLE_NAME

from email_assets.errors import EmailAssetsError
from email_assets.normalizer import column_of
from email_assets.vendors import Sender
from email_assets.warehouse.turn import SqlClient


class MappingError(EmailAssetsError):
    """A table is not what the vendor's file says of it."""


class Tables:
    """The tables that the SQL reads, as they are in the warehouse.

    Args:
        who: The asset that is made of them, for sentences.
        client: Connected to the warehouse.
        names: The tables' names, which are those of resources.
    """

    def __init__(self, who: str, client: SqlClient, names: Iterable[str]) -> None:
        self._who = who
        self._client = client
        self._naming = dlt.Schema(who).naming
        self._types: dict[str, dict[str, str]] = {}
        looked_for = [*names, VERSION_TABLE_NAME]
        rows = client.execute_sql(
            "SELECT table_name, column_name, data_type FROM information_schema.columns "
            f"WHERE table_schema = %s AND table_name IN ({marks(looked_for)})",
            client.make_qualified_table_name_path(None, quote=False)[-1],
            *looked_for,
        )
        for table, column, data_type in rows or ():
            self._types.setdefault(table, {})[column] = data_type

    def has(self, table: str) -> bool:
        """True if there is such a table. A resource without rows has none."""
        return table in self._types

    def was_synced(self, resource: str) -> bool:
        """True if a sync of a resource ever came to its end, be it without rows."""
        if self.has(resource):
            return True
        if not self.has(VERSION_TABLE_NAME):
            return False
        versions = self.name(VERSION_TABLE_NAME)
        query = f"SELECT count(*) FROM {versions} WHERE schema_name = %s"
        rows = self._client.execute_sql(query, resource)
        return bool(rows and rows[0][0])

    def name(self, table: str) -> str:
        """A table's name, as SQL wants it."""
        return self._client.make_qualified_table_name(table)

    def has_column(self, table: str, field: str) -> bool:
        """True if a table has a column for an API's field."""
        return column_of(field, self._naming) in self._types[table]

    def column(self, table: str, field: str, of: str) -> str:
        """The column of an API's field, of a table that the query calls `of`.

        Raises:
            MappingError: The table has no such column.
        """
        column = column_of(field, self._naming)
        if column not in self._types[table]:
            raise MappingError(
                f"{self._who}: the table {table} has no column {column}, of the field {field!r} "
                "that 'deliverability' in the vendor's file names. Correct it there, or "
                f"materialize {table} once the API gives the field."
            )
        return f"{of}.{self._client.escape_column_name(column)}"

    def day(self, table: str, field: str, of: str) -> str:
        """The day in UTC of an API's field, in a session whose time zone is UTC.

        Raises:
            MappingError: The table has no such column, or the column holds no times.
        """
        column = self.column(table, field, of)
        data_type = self._types[table][column_of(field, self._naming)]
        if not data_type.upper().startswith(("TIMESTAMP", "DATE")):
            raise MappingError(
                f"{self._who}: {field!r} of {table} comes as {data_type} and not as a time. "
                "Correct 'deliverability' in the vendor's file."
            )
        return f"CAST({column} AS DATE)"


def named(id_: str, sender: Sender, tables: Tables, otherwise: str) -> tuple[str, str]:
    """The name by which people know a sender, or else its id, and the join that it takes.

    Args:
        id_: The SQL of its id.
        sender: What the vendor's file says of it.
        tables: Where its name may stand.
        otherwise: The SQL of what it is called where there is no id.
    """
    if "resource" not in sender or not tables.has(sender["resource"]):
        return f"COALESCE({id_}, {otherwise})", ""
    resource = sender["resource"]
    key = text(tables.column(resource, sender["id"], "n"))
    name = text(tables.column(resource, sender["name"], "n"))
    return f"COALESCE(n.name, {id_}, {otherwise})", (
        f" LEFT JOIN (SELECT {key} AS id, MAX({name}) AS name FROM {tables.name(resource)} AS n "
        f"GROUP BY {key}) AS n ON n.id = {id_}"
    )


def text(column: str) -> str:
    """The SQL of a column as text."""
    # ids are numbers in one table and text in another, with some APIs, and types are codes
    return f"CAST({column} AS VARCHAR)"


def marks(values: list[str]) -> str:
    """The places of parameters in a list of them."""
    return ", ".join(["%s"] * len(values))
