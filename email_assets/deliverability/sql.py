"""The SQL that counts messages and bounces by day and sender, of what the vendor's file names."""

from __future__ import annotations

from email_assets.deliverability.tables import (
    Tables,
    address_in,
    condition_of,
    marks,
    recipient_in,
)
from email_assets.vendors.meanings import Deliverability, Sender
from email_assets.vendors.resource import bounces_of

Row = tuple[str, str | None, str]
"""A row's table, its field that tells the message, and what a query calls the table."""

UNKNOWN = "'unknown'"
"""The SQL of the sender of what names none."""
BY_DAY_AND_SENDER = """
SELECT day, sender, SUM(sent), SUM(hard) + SUM(soft), SUM(hard), SUM(soft), SUM(complaints),
    SUM(other), CASE WHEN SUM(sent) > 0 THEN
        CAST(SUM(hard) + SUM(soft) AS DOUBLE PRECISION) / SUM(sent) END,
    CASE WHEN SUM(sent) > 0 THEN CAST(SUM(complaints) AS DOUBLE PRECISION) / SUM(sent) END
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
    id_ = tables.text("messages", messages["sender"]["field"], "m")
    sender, join = named(id_, messages["sender"], tables, UNKNOWN)
    condition, values = condition_of(messages.get("only"), "messages", "m", tables)
    return (
        f"SELECT {day} AS day, {sender} AS sender, 1 AS sent, 0 AS hard, 0 AS soft, "
        f"0 AS complaints, 0 AS other FROM {tables.name('messages')} AS m{join} WHERE {condition}"
    ), values


def _bounced(mapping: Deliverability, tables: Tables) -> tuple[str, list[str]]:
    bounces, table = mapping["bounces"], bounces_of(mapping)
    day = tables.day(table, bounces["time"], "b")
    counted, listed = kinds_counted(mapping, tables)
    id_, of_message = _sender_of_bounce(mapping, tables)
    by = bounces.get("sender", mapping["messages"]["sender"])
    sender, join = named(id_, by, tables, UNKNOWN)
    query = (
        f"SELECT {day}, {sender}, 0, {', '.join(counted)} "
        f"FROM {tables.name(table)} AS b{of_message}{join}"
    )
    condition, values = condition_of(bounces.get("only"), table, "b", tables)
    return f"{query} WHERE {condition}", [*listed, *values]


def kinds_counted(mapping: Deliverability, tables: Tables) -> tuple[list[str], list[str]]:
    """The SQL that is 1 or 0 for hard, soft, complaints and others, and its parameters."""
    bounces = mapping["bounces"]
    column = type_of(mapping, tables)
    kinds = [bounces.get("hard", []), bounces.get("soft", []), bounces.get("complaint", [])]
    names = ("hard", "soft", "complaints")
    counted = [
        f"{_one_if(column, types, '1', '0')} AS {name}"
        for name, types in zip(names, kinds, strict=True)
    ]
    listed = [type_ for types in kinds for type_ in types]
    return [*counted, f"{_one_if(column, listed, '0', '1')} AS other"], [*listed, *listed]


def type_of(mapping: Deliverability, tables: Tables) -> str:
    """The SQL of the vendor's own type of a bounce.

    Raises:
        MappingError: The table lacks the last of the fields that tell it.
    """
    return _first_of(mapping["bounces"]["type"], bounces_of(mapping), tables)


def _sender_of_bounce(mapping: Deliverability, tables: Tables) -> tuple[str, str]:
    """The SQL of the sender of a bounce, and the join that it takes."""
    messages, bounces, table = mapping["messages"], mapping["bounces"], bounces_of(mapping)
    if "sender" in bounces:
        return tables.text(table, bounces["sender"]["field"], "b"), ""
    if not tables.has("messages"):
        return "CAST(NULL AS VARCHAR)", ""
    row = table, bounces["message"], "b"
    return _of_message(messages["sender"]["field"], "sender", row, mapping, tables)


def of_message(
    field: str | None, called: str, row: Row, mapping: Deliverability, tables: Tables
) -> tuple[str, str] | None:
    """The SQL of a field of the message that a row tells, and the join that it takes.

    Returns:
        None where the tables do not lead there.

    Args:
        field: The field of `messages`.
        called: What the join calls it.
        row: Where it stands.
        mapping: What the vendor's file says.
        tables: The tables.
    """
    (table, message, _), id_ = row, mapping["messages"].get("id")
    if not (field and message and id_ and tables.has(table) and tables.has("messages")):
        return None
    needed = ((table, message), ("messages", id_), ("messages", field))
    if not all(tables.has_column(*one) for one in needed):
        return None
    return _of_message(field, called, (table, message, row[2]), mapping, tables)


def recipient_of(
    field: str | None, row: Row, mapping: Deliverability, tables: Tables
) -> tuple[str, str] | None:
    """The SQL of a row's recipient, or else of its message's, and the join that it takes."""
    table, _, of = row
    if found := recipient_in(table, field, of, tables):
        return found
    found = of_message(mapping["messages"].get("recipient"), "addressed", row, mapping, tables)
    return (address_in(found[0]), found[1]) if found else None


def _of_message(
    field: str, called: str, row: tuple[str, str, str], mapping: Deliverability, tables: Tables
) -> tuple[str, str]:
    """The same of tables that are as the mapping says.

    Raises:
        MappingError: They are not.
    """
    table, message, of = row
    id_ = tables.text("messages", mapping["messages"]["id"], "m")
    found = tables.text("messages", field, "m")
    told = tables.text(table, message, of)
    # grouped, so that no row counts twice should two messages share an id; only of those that
    # rows tell, which takes half the memory
    return f"{called}.found", (
        f" LEFT JOIN (SELECT {id_} AS id, MAX({found}) AS found "
        f"FROM {tables.name('messages')} AS m "
        f"WHERE {id_} IN (SELECT {told} FROM {tables.name(table)} AS {of}) "
        f"GROUP BY {id_}) AS {called} ON {called}.id = {told}"
    )


def named(id_: str, sender: Sender, tables: Tables, otherwise: str = "NULL") -> tuple[str, str]:
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
    key = tables.text(resource, sender["id"], "n")
    name = tables.text(resource, sender["name"], "n")
    return f"COALESCE(n.name, {id_}, {otherwise})", (
        f" LEFT JOIN (SELECT {key} AS id, MAX({name}) AS name FROM {tables.name(resource)} AS n "
        f"GROUP BY {key}) AS n ON n.id = {id_}"
    )


def _first_of(fields: str | list[str], table: str, tables: Tables) -> str:
    """The text of the first field that holds anything; a table may lack all of them but the last.

    Raises:
        MappingError: The table lacks the last.
    """
    *others, last = [fields] if isinstance(fields, str) else fields
    there = [field for field in others if tables.has_column(table, field)]
    columns = [tables.text(table, field, "b") for field in [*there, last]]
    return f"COALESCE({', '.join(columns)})" if there else columns[0]


def _one_if(column: str, types: list[str], then: str, otherwise: str) -> str:
    if not types:
        return otherwise
    return f"CASE WHEN {column} IN ({marks(types)}) THEN {then} ELSE {otherwise} END"
