"""The views `email_events` and `recipients`: what happened to messages, in one shape for all.

They are views, so that they take no room, are never older than the tables, and hold no address
longer than those do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from dlt.common.schema.typing import C_DLT_ID

from email_assets.account import Account
from email_assets.deliverability.addresses import address_in
from email_assets.deliverability.sql import named
from email_assets.deliverability.tables import MappingError, Tables, lists_in, text_of
from email_assets.vendors.meanings import Events
from email_assets.warehouse.turn import SqlClient
from email_assets.warehouse.views import EVENTS, RECIPIENTS, tables_of_their_names

NOTHING = "CAST(NULL AS VARCHAR)"

EVENT_COLUMNS = {
    "time": ("TIMESTAMP WITH TIME ZONE", "When it happened."),
    "type": (
        "VARCHAR",
        "sent, delivered, opened, clicked, bounced, complained or unsubscribed.",
    ),
    "account": ("VARCHAR", "The account's name in the settings; empty where there is one only."),
    "vendor": ("VARCHAR", "The vendor, as the settings name it."),
    "message": ("VARCHAR", "The message; NULL where the vendor tells of an address only."),
    "recipient": ("VARCHAR", "The recipient's address alone, in small letters."),
    "sender": ("VARCHAR", "The domain, address or server that sent it."),
    "subtype": ("VARCHAR", "What the vendor calls it."),
    "reason": ("VARCHAR", "The words in which a server or a person said why."),
}
"""The columns of `email_events`: type and meaning."""
RECIPIENT_COLUMNS = {
    "recipient": ("VARCHAR", "The address, in small letters."),
    **{
        name: ("BIGINT", f"Messages to it that were {name}.")
        for name in ("sent", "delivered", "opened", "clicked", "bounced", "complained")
    },
    "unsubscribed": ("BIGINT", "Times that it was unsubscribed."),
    "first_event": ("TIMESTAMP WITH TIME ZONE", "When anything happened first."),
    "last_event": ("TIMESTAMP WITH TIME ZONE", "When anything happened last."),
    "last_bounced": ("TIMESTAMP WITH TIME ZONE", "When a message to it bounced last."),
}
"""The columns of `recipients`: type and meaning."""
COUNTED = [name for name, (type_, _) in RECIPIENT_COLUMNS.items() if type_ == "BIGINT"]


def make_views(account: Account, client: SqlClient, say: Callable[[str], None]) -> list[str]:
    """Make both views anew, of the tables as they are now; what reads them stays.

    Args:
        account: Whose mail.
        client: Connected to the warehouse, in a transaction.
        say: Told which of them cannot be read, and why.

    Returns:
        The views that were made: both, or none where nothing that tells of events is loaded.
    """
    parts = []
    mapping = account.vendor.get("events", [])
    if mapping and (taken := tables_of_their_names(client)):
        say(f"{' and '.join(taken)}: a table has this name already, and no view is made.")
        return []
    tables = Tables(EVENTS, client, _read(mapping))
    for events in mapping:
        if not tables.has(events["resource"]):
            continue
        try:
            parts.append(_part(account, events, tables))
        except MappingError as error:
            say(str(error))
    if not parts:
        return []
    names = {name: client.escape_column_name(name) for name in EVENT_COLUMNS}
    # cast, since a view that is replaced has to keep its columns' types
    typed = [f"CAST({names[name]} AS {type_})" for name, (type_, _) in EVENT_COLUMNS.items()]
    columns = ", ".join(names.values())
    view = client.make_qualified_table_name(EVENTS)
    client.execute_sql(
        f"CREATE OR REPLACE VIEW {view} ({columns}) AS SELECT {', '.join(typed)} "
        f"FROM ({' UNION ALL '.join(parts)}) AS happened ({columns})"
    )
    by_recipient = _by_recipient(client, view)
    view = client.make_qualified_table_name(RECIPIENTS)
    client.execute_sql(f"CREATE OR REPLACE VIEW {view} AS {by_recipient}")
    return [EVENTS, RECIPIENTS]


def _read(mapping: list[Events]) -> list[str]:
    """The tables that events are read from, whether they are there or not."""
    found = []
    for events in mapping:
        found.append(events["resource"])
        if "recipient" in events:
            found += lists_in(events["resource"], events["recipient"])
        if "resource" in events.get("sender", {}):
            found.append(events["sender"]["resource"])
    return list(dict.fromkeys(found))


def _part(account: Account, events: Events, tables: Tables) -> str:
    """The query for the events that one resource's rows tell of.

    Raises:
        MappingError: The table has no column of times for them.
    """
    table = events["resource"]
    happened = tables.time(table, events["time"], "t")
    subtype, event, condition = _event(events, tables)
    recipient, of_list = _recipient(events, tables)
    sender, of_sender = _sender(account, events, tables)
    message = _optional(events.get("message"), table, tables)
    reason = _optional(events.get("reason"), table, tables)
    columns = [
        happened,
        event,
        *map(_literal, (account.name or "", account.vendor_name)),
        message,
        recipient,
        sender,
        subtype,
        reason,
    ]
    return (
        f"SELECT {', '.join(columns)} FROM {tables.name(table)} AS t{of_list}{of_sender}"
        f"{_where(condition, events, tables)}"
    )


def _event(events: Events, tables: Tables) -> tuple[str, str, str]:
    """An event by the vendor's name and by ours, and the condition that there is one."""
    table = events["resource"]
    fields = events.get("type", [])
    subtype = NOTHING
    if tables.has_any(table, fields):
        subtype = tables.first_there(table, fields, "t")
    if always := events.get("event"):
        return subtype, _literal(always), ""
    cases = "".join(
        f" WHEN {subtype} IN ({_list(values)}) THEN {_literal(event)}"
        for event, values in events["types"].items()
    )
    known = [value for values in events["types"].values() for value in values]
    return subtype, f"CASE{cases} END", f"{subtype} IN ({_list(known)})"


def _where(condition: str, events: Events, tables: Tables) -> str:
    conditions = [condition] if condition else []
    if only := events.get("only"):
        column = text_of(tables.column(events["resource"], only["field"], "t"))
        conditions.append(f"{column} IN ({_list(only['values'])})")
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _recipient(events: Events, tables: Tables) -> tuple[str, str]:
    """The SQL of the recipient, and the join that it takes where a message has a list of them."""
    table, field = events["resource"], events.get("recipient")
    if field is None:
        return NOTHING, ""
    if tables.has_column(table, field):
        return address_in(tables.column(table, field, "t")), ""
    found = tables.items(table, field)
    if found is None:
        return NOTHING, ""
    items, column = found
    return address_in(f"r.{column}"), f" LEFT JOIN {items} AS r ON r._dlt_parent_id = t.{C_DLT_ID}"


def _sender(account: Account, events: Events, tables: Tables) -> tuple[str, str]:
    """The SQL of the sender, and the join that it takes."""
    table = events["resource"]
    if by := events.get("sender"):
        if not tables.has_column(table, by["field"]):
            return NOTHING, ""
        return named(text_of(tables.column(table, by["field"], "t")), by, tables, NOTHING)
    sent = next(_sent_messages(account, tables), None)
    if sent is None or "message" not in events or not tables.has_column(table, events["message"]):
        return NOTHING, ""
    by, messages = sent["sender"], sent["resource"]
    id_ = text_of(tables.column(messages, sent["message"], "m"))
    field = text_of(tables.column(messages, by["field"], "m"))
    sender, of_name = named("m.sender", by, tables, NOTHING)
    message = text_of(tables.column(table, events["message"], "t"))
    # grouped, so that no event comes twice should two messages share an id
    return sender, (
        f" LEFT JOIN (SELECT {id_} AS id, MAX({field}) AS sender FROM {tables.name(messages)} AS m "
        f"GROUP BY {id_}) AS m ON m.id = {message}{of_name}"
    )


def _sent_messages(account: Account, tables: Tables) -> Iterator[Events]:
    """The entries that tell of messages that were sent, by whom."""
    for events in account.vendor.get("events", []):
        table = events["resource"]
        if events.get("event") == "sent" and "sender" in events and tables.has(table):
            needed = (events.get("message"), events["sender"]["field"])
            if all(field and tables.has_column(table, field) for field in needed):
                yield events


def _optional(field: str | None, table: str, tables: Tables) -> str:
    if field is None or not tables.has_column(table, field):
        return NOTHING
    return text_of(tables.column(table, field, "t"))


def _by_recipient(client: SqlClient, events: str) -> str:
    type_, time, recipient = map(client.escape_column_name, ("type", "time", "recipient"))
    counts = [
        f"COUNT(CASE WHEN {type_} = '{name}' THEN 1 END) AS {client.escape_column_name(name)}"
        for name in COUNTED
    ]
    return (
        f"SELECT {recipient}, {', '.join(counts)}, MIN({time}) AS first_event, "
        f"MAX({time}) AS last_event, "
        f"MAX(CASE WHEN {type_} = 'bounced' THEN {time} END) AS last_bounced "
        f"FROM {events} WHERE {recipient} IS NOT NULL GROUP BY {recipient}"
    )


def _list(values: list[str]) -> str:
    return ", ".join(map(_literal, values))


def _literal(value: str) -> str:
    # a view has no parameters; the values are a vendor's file's
    return "'" + value.replace("'", "''") + "'"
