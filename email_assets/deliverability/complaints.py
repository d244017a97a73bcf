"""The SQL of complaints that a resource of their own tells of."""

from __future__ import annotations

from email_assets.deliverability.joins import UNKNOWN, named, of_message, recipient_of
from email_assets.deliverability.tables import NOTHING, Tables, condition_of
from email_assets.vendors.meanings import Deliverability


def complained_by_sender(mapping: Deliverability, tables: Tables) -> tuple[str, list[str]]:
    """The query for day, sender and counts of each, as `sql.happenings` has them.

    Raises:
        MappingError: The table is not what the mapping says.
    """
    complaints = mapping["complaints"]
    table, by = complaints["resource"], mapping["messages"]["sender"]
    day = tables.day(table, complaints["time"], "c")
    id_, of_row = NOTHING, ""
    if "sender" in complaints:
        by = complaints["sender"]
        id_ = tables.text(table, by["field"], "c")
    else:
        row = table, complaints.get("message"), "c"
        id_, of_row = of_message(by["field"], "sent", row, mapping, tables) or (id_, of_row)
    sender, join = named(id_, by, tables, UNKNOWN)
    condition, values = condition_of(complaints.get("only"), table, "c", tables)
    return (
        f"SELECT {day}, {sender}, 0, 0, 0, 1, 0 FROM {tables.name(table)} AS c{of_row}{join} "
        f"WHERE {condition}"
    ), values


def complained_to(
    mapping: Deliverability, tables: Tables, tag: str | None, days: list[str]
) -> tuple[str, list[str]] | None:
    """The query for recipients and counts of complaints, and its parameters.

    Returns:
        None where the table does not tell them.

    Args:
        mapping: What the vendor's file says.
        tables: The tables.
        tag: The field of `messages` that tells the tag, or none.
        days: The first and the last that count.
    """
    complaints = mapping.get("complaints")
    if not complaints or not tables.has(complaints["resource"]):
        return None
    table = complaints["resource"]
    row = table, complaints.get("message"), "c"
    address = recipient_of(complaints.get("recipient"), row, mapping, tables)
    if address is None:
        return None
    label, of_tag = of_message(tag, "tagged", row, mapping, tables) or (NOTHING, "")
    condition, values = condition_of(complaints.get("only"), table, "c", tables)
    day = tables.day(table, complaints["time"], "c")
    return (
        f"SELECT {address[0]} AS address, {label} AS tag, 0 AS sent, 0 AS hard, 0 AS soft, "
        f"1 AS complaints, 0 AS other FROM {tables.name(table)} AS c{address[1]}{of_tag} "
        f"WHERE {condition} AND {day} BETWEEN CAST(%s AS DATE) AND CAST(%s AS DATE)"
    ), [*values, *days]
