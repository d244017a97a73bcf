"""The SQL that counts messages and bounces by day and sender, of what the vendor's file names."""

from __future__ import annotations

from collections.abc import Iterable

import dlt
from dlt.common.schema.typing import VERSION_TABLE_NAME

from email_assets.errors import EmailAssetsError
from email_assets.normalizer import column_of
from email_assets.vendors import Deliverability, Only, Sender
from email_assets.vendors.resource import bounces_of
from email_assets.warehouse.turn import SqlClient

UNKNOWN = "unknown"
"""The sender of what names none."""


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
            f"WHERE table_schema = %s AND table_name IN ({_marks(looked_for)})",
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


BY_DAY_AND_SENDER = """
SELECT day, sender, SUM(sent), SUM(hard) + SUM(soft), SUM(hard), SUM(soft), SUM(complaints),
    SUM(other), CASE WHEN SUM(sent) > 0 THEN
        CAST(SUM(hard) + SUM(soft) AS DOUBLE PRECISION) / SUM(sent) END
FROM ({}) AS happened WHERE day IS NOT NULL GROUP BY day, sender ORDER BY day, sender
"""
"""The table's rows, of what `happenings` gives."""
WITHOUT_DAY = "SELECT count(*) FROM ({}) AS happened WHERE day IS NULL"
"""Counts those that tell no day, and are in no row."""


def happenings(mapping: Deliverability, tables: Tables) -> tuple[str, list[str]] | None:
    """The query for a row of each message and bounce, and its parameters.

    Returns:
        None where nothing is loaded.

    Raises:
        MappingError: A table is not what the mapping says.
    """
    parts: list[str] = []
    parameters: list[str] = []
    for resource, make in (("messages", _sent), (bounces_of(mapping), _bounced)):
        if tables.has(resource):
            query, needed = make(mapping, tables)
            parts.append(query)
            parameters += needed
    if not parts:
        return None
    return " UNION ALL ".join(parts), parameters


def _sent(mapping: Deliverability, tables: Tables) -> tuple[str, list[str]]:
    messages = mapping["messages"]
    day = tables.day("messages", messages["time"], "m")
    id_ = _text(tables.column("messages", messages["sender"]["field"], "m"))
    sender, join = _named(id_, messages["sender"], tables)
    condition, values = _condition(messages.get("only"), "messages", "m", tables)
    return (
        f"SELECT {day} AS day, {sender} AS sender, 1 AS sent, 0 AS hard, 0 AS soft, "
        f"0 AS complaints, 0 AS other FROM {tables.name('messages')} AS m{join}{condition}"
    ), values


def _bounced(mapping: Deliverability, tables: Tables) -> tuple[str, list[str]]:
    bounces, table = mapping["bounces"], bounces_of(mapping)
    day = tables.day(table, bounces["time"], "b")
    column = _first_of(bounces["type"], table, tables)
    kinds = [bounces.get("hard", []), bounces.get("soft", []), bounces.get("complaint", [])]
    counted = [_one_if(column, types, "1", "0") for types in kinds]
    listed = [type_ for types in kinds for type_ in types]
    counted.append(_one_if(column, listed, "0", "1"))
    id_, of_message = _sender_of_bounce(mapping, tables)
    by = bounces.get("sender", mapping["messages"]["sender"])
    sender, join = _named(id_, by, tables)
    query = (
        f"SELECT {day}, {sender}, 0, {', '.join(counted)} "
        f"FROM {tables.name(table)} AS b{of_message}{join}"
    )
    condition, values = _condition(bounces.get("only"), table, "b", tables)
    return query + condition, [*listed, *listed, *values]


def _sender_of_bounce(mapping: Deliverability, tables: Tables) -> tuple[str, str]:
    """The SQL of the sender of a bounce, and the join that it takes."""
    messages, bounces, table = mapping["messages"], mapping["bounces"], bounces_of(mapping)
    if "sender" in bounces:
        return _text(tables.column(table, bounces["sender"]["field"], "b")), ""
    if not tables.has("messages"):
        return "CAST(NULL AS VARCHAR)", ""
    message = _text(tables.column(table, bounces["message"], "b"))
    id_ = _text(tables.column("messages", messages["id"], "m"))
    sender = _text(tables.column("messages", messages["sender"]["field"], "m"))
    bounced = tables.name(table)
    # grouped, so that no bounce counts twice should two messages share an id; only of those that
    # bounced, which takes half the memory
    return "m.sender", (
        f" LEFT JOIN (SELECT {id_} AS id, MAX({sender}) AS sender "
        f"FROM {tables.name('messages')} AS m "
        f"WHERE {id_} IN (SELECT {message} FROM {bounced} AS b) "
        f"GROUP BY {id_}) AS m ON m.id = {message}"
    )


def _named(id_: str, sender: Sender, tables: Tables) -> tuple[str, str]:
    """The name by which people know a sender, or else its id, and the join that it takes."""
    if "resource" not in sender or not tables.has(sender["resource"]):
        return f"COALESCE({id_}, '{UNKNOWN}')", ""
    resource = sender["resource"]
    key = _text(tables.column(resource, sender["id"], "n"))
    name = _text(tables.column(resource, sender["name"], "n"))
    return f"COALESCE(n.name, {id_}, '{UNKNOWN}')", (
        f" LEFT JOIN (SELECT {key} AS id, MAX({name}) AS name FROM {tables.name(resource)} AS n "
        f"GROUP BY {key}) AS n ON n.id = {id_}"
    )


def _condition(only: Only | None, table: str, of: str, tables: Tables) -> tuple[str, list[str]]:
    """The SQL that leaves only the rows that count, and its parameters."""
    if only is None:
        return "", []
    column = _text(tables.column(table, only["field"], of))
    return f" WHERE {column} IN ({_marks(only['values'])})", only["values"]


def _first_of(fields: str | list[str], table: str, tables: Tables) -> str:
    """The text of the first field that holds anything; a table may lack all of them but the last.

    Raises:
        MappingError: The table lacks the last.
    """
    *others, last = [fields] if isinstance(fields, str) else fields
    there = [field for field in others if tables.has_column(table, field)]
    columns = [_text(tables.column(table, field, "b")) for field in [*there, last]]
    return f"COALESCE({', '.join(columns)})" if there else columns[0]


def _one_if(column: str, types: list[str], then: str, otherwise: str) -> str:
    if not types:
        return otherwise
    return f"CASE WHEN {column} IN ({_marks(types)}) THEN {then} ELSE {otherwise} END"


def _text(column: str) -> str:
    # ids are numbers in one table and text in another, with some APIs, and types are codes
    return f"CAST({column} AS VARCHAR)"


def _marks(values: list[str]) -> str:
    return ", ".join(["%s"] * len(values))
