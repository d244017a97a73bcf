"""The SQL that counts messages and bounces by day and sender, of what the vendor's file names."""

from __future__ import annotations

from email_assets.deliverability.complaints import complained_by_sender
from email_assets.deliverability.joins import UNKNOWN, named, of_known_message
from email_assets.deliverability.tables import NOTHING, Tables, condition_of, marks
from email_assets.vendors.meanings import Deliverability
from email_assets.vendors.resource import bounces_of

BY_DAY_AND_SENDER = """
SELECT day, sender, SUM(sent), SUM(hard) + SUM(soft), SUM(hard), SUM(soft), SUM(complaints),
    SUM(other), CASE WHEN SUM(sent) > 0 THEN
        CAST(SUM(hard) + SUM(soft) AS DOUBLE PRECISION) / SUM(sent) END,
    {}
FROM ({}) AS happened WHERE day IS NOT NULL GROUP BY day, sender ORDER BY day, sender
"""
"""The table's rows, with the SQL of the complaint rate, of what `happenings` gives."""
COMPLAINT_RATE = (
    "CASE WHEN SUM(sent) > 0 THEN CAST(SUM(complaints) AS DOUBLE PRECISION) / SUM(sent) END"
)
UNTOLD_RATE = "CAST(NULL AS DOUBLE PRECISION)"
"""The SQL of the complaint rate where nothing tells of complaints: none is no 0 %."""
WITHOUT_DAY = "SELECT count(*) FROM ({}) AS happened WHERE day IS NULL"
"""Counts those that tell no day, and are in no row."""


def happenings(mapping: Deliverability, tables: Tables) -> tuple[str, list[str]] | None:
    """The query for a row of each message, bounce and complaint, and its parameters.

    Returns:
        None where nothing is loaded.

    Raises:
        MappingError: A table is not what the mapping says.
    """
    parts: list[str] = []
    parameters: list[str] = []
    made = [("messages", _sent), (bounces_of(mapping), _bounced)]
    if complaints := mapping.get("complaints"):
        made.append((complaints["resource"], complained_by_sender))
    for resource, make in made:
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
        return NOTHING, ""
    row = table, bounces["message"], "b"
    return of_known_message(messages["sender"]["field"], "sender", row, mapping, tables)


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
