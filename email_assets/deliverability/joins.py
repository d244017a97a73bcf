"""The SQL that leads from a row to its message, its recipient and its sender's name."""

from __future__ import annotations

from email_assets.deliverability.tables import Tables, address_in, recipient_in
from email_assets.vendors.meanings import Deliverability, Sender

Row = tuple[str, str | None, str]
"""A row's table, its field that tells the message, and what a query calls the table."""
UNKNOWN_SENDER = "unknown"
"""The sender of what names none."""
UNKNOWN = f"'{UNKNOWN_SENDER}'"
"""The same as SQL."""


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
    return of_known_message(field, called, (table, message, row[2]), mapping, tables)


def recipient_of(
    field: str | None, row: Row, mapping: Deliverability, tables: Tables
) -> tuple[str, str] | None:
    """The SQL of a row's recipient, or else of its message's, and the join that it takes."""
    table, _, of = row
    if found := recipient_in(table, field, of, tables):
        return found
    found = of_message(mapping["messages"].get("recipient"), "addressed", row, mapping, tables)
    return (address_in(found[0]), found[1]) if found else None


def of_known_message(
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
