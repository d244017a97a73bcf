"""The tables that the SQL of deliverability reads, and the parts that its queries share."""

from __future__ import annotations

from collections.abc import Iterable

import dlt
from dlt.common.schema.typing import VERSION_TABLE_NAME

from email_assets.dlt_columns import DLT_ID, PARENT_ID
from email_assets.errors import EmailAssetsError
from email_assets.normalizer import column_of
from email_assets.settings.warehouse import WarehouseSettings
from email_assets.vendors.meanings import Only
from email_assets.warehouse.destination import stored_types
from email_assets.warehouse.dialects import ask, column_in, table_in
from email_assets.warehouse.turn import SqlClient

NOTHING = "CAST(NULL AS VARCHAR)"
"""The SQL of what no field tells."""


class MappingError(EmailAssetsError):
    """A table is not what the vendor's file says of it."""


class Tables:
    """The tables that the SQL reads, as they are in the warehouse.

    Args:
        who: The asset that is made of them, for sentences.
        warehouse: The warehouse.
        client: Connected to it.
        names: The tables' names, which are those of resources.
    """

    def __init__(
        self, who: str, warehouse: WarehouseSettings, client: SqlClient, names: Iterable[str]
    ) -> None:
        self._who = who
        self._client = client
        self._naming = dlt.Schema(who).naming
        self._types = stored_types(warehouse, client, [*names, VERSION_TABLE_NAME])

    def has(self, table: str) -> bool:
        """True if there is such a table. A resource without rows has none."""
        return table in self._types

    def was_synced(self, resource: str) -> bool:
        """True if a sync of a resource ever came to its end, be it without rows."""
        if self.has(resource):
            return True
        if not self.has(VERSION_TABLE_NAME):
            return False
        versions, name = self.name(VERSION_TABLE_NAME), column_in(self._client, "schema_name")
        query = f"SELECT count(*) FROM {versions} WHERE {name} = %s"
        return bool(ask(self._client, query, resource)[0][0])

    def name(self, table: str) -> str:
        """A table's name, as SQL wants it."""
        return table_in(self._client, table)

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
        return f"{of}.{column_in(self._client, column)}"

    def text(self, table: str, field: str, of: str) -> str:
        """The same as text: an id is a number in one table and text in another, with some APIs.

        Raises:
            MappingError: As `column`.
        """
        column = self.column(table, field, of)
        if self._types[table][column_of(field, self._naming)] == "bool":  # some give 1, some fail
            return f"CASE WHEN {column} THEN 'true' WHEN NOT {column} THEN 'false' END"
        return text_of(column)

    def has_any(self, table: str, fields: str | list[str]) -> bool:
        """True if a table has a column for one of several fields."""
        return any(self.has_column(table, field) for field in _listed(fields))

    def first_there(self, table: str, fields: str | list[str], of: str) -> str:
        """The text of the first field that holds anything, of those that the table has."""
        there = [field for field in _listed(fields) if self.has_column(table, field)]
        columns = [self.text(table, field, of) for field in there]
        return f"COALESCE({', '.join(columns)})" if len(columns) > 1 else columns[0]

    def items(self, table: str, field: str) -> tuple[str, str] | None:
        """The table and the column of the items of a list, or None if there is no such table.

        Args:
            table: That of the rows with the list.
            field: The list, or a field of its items as a dotted path.
        """
        *path, last = field.split(".")
        for of_list, of_item in ((path, last), ([*path, last], "value")):
            child = self._naming.make_path(table, *map(self._naming.normalize_identifier, of_list))
            if of_list and self.has(child) and self.has_column(child, of_item):
                column = column_of(of_item, self._naming)
                return self.name(child), column_in(self._client, column)
        return None

    def time(self, table: str, field: str, of: str) -> str:
        """The column of an API's field that holds times.

        Raises:
            MappingError: The table has no such column, or the column holds no times.
        """
        column = self.column(table, field, of)
        data_type = self._types[table][column_of(field, self._naming)]
        if data_type not in ("timestamp", "date"):
            raise MappingError(
                f"{self._who}: {field!r} of {table} comes as {data_type} and not as a time. "
                "Correct 'deliverability' in the vendor's file."
            )
        return column

    def day(self, table: str, field: str, of: str) -> str:
        """The day in UTC of an API's field, in a session whose time zone is UTC.

        Raises:
            MappingError: As `time`.
        """
        return f"CAST({self.time(table, field, of)} AS DATE)"


def recipient_in(table: str, field: str | None, of: str, tables: Tables) -> tuple[str, str] | None:
    """The SQL of recipients' addresses alone, and the join that it takes where a row has a list.

    Returns:
        None where the table does not tell them.

    Args:
        table: The table.
        field: The field with the address; of a list of recipients, that of its items.
        of: What the query calls the table.
        tables: The tables that are there.
    """
    if field is None or not tables.has(table):
        return None
    if tables.has_column(table, field):
        return address_in(tables.column(table, field, of)), ""
    items = tables.items(table, field)
    if items is None:
        return None
    name, column = items
    return address_in(f"r.{column}"), f" LEFT JOIN {name} AS r ON r.{PARENT_ID} = {of}.{DLT_ID}"


def address_in(column: str) -> str:
    """The SQL of an address alone, in small letters, of one that may stand beside a name."""
    return f"LOWER(regexp_replace({text_of(column)}, '^.*<([^<>]*)>.*$', '\\1'))"


def lists_in(table: str, field: str) -> list[str]:
    """The tables in which the items of a field may stand, if it is a list."""
    naming = dlt.Schema(table).naming
    parts = [*map(naming.normalize_identifier, field.split("."))]
    return [naming.make_path(table, *parts[:length]) for length in range(1, len(parts) + 1)]


def condition_of(only: Only | None, table: str, of: str, tables: Tables) -> tuple[str, list[str]]:
    """The SQL that is true for the rows that count, and its parameters."""
    if only is None:
        return "TRUE", []
    column = tables.text(table, only["field"], of)
    return f"{column} IN ({marks(only['values'])})", [*only["values"]]


def text_of(column: str) -> str:
    """A column as text."""
    return f"CAST({column} AS VARCHAR)"


def marks(values: list[str]) -> str:
    """A place for each of several parameters."""
    return ", ".join(["%s"] * len(values))


def _listed(fields: str | list[str]) -> list[str]:
    return [fields] if isinstance(fields, str) else fields
