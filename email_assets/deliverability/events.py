"""The views `email_events` and `recipients`: what happened to messages, in one shape for all.

They are views, so that they take no room, are never older than the tables, and hold no address
longer than those do.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from email_assets.account import Account
from email_assets.deliverability.joins import Row, named, of_message, recipient_of
from email_assets.deliverability.tables import NOTHING, MappingError, Tables, lists_in
from email_assets.vendors.events import events_of
from email_assets.vendors.meanings import Deliverability, Events
from email_assets.warehouse.dialects import ask, column_in, table_in
from email_assets.warehouse.turn import SqlClient
from email_assets.warehouse.views import (
    EVENTS,
    RECIPIENTS,
    VIEWS,
    has_views,
    tables_of_their_names,
)

UNTOLD = (NOTHING, "")
"""The SQL of what no field tells, and no join."""

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
        name: ("BIGINT", f"How often a message to it was {name}.")
        for name in ("sent", "delivered", "opened", "clicked", "bounced")
    },
    "complained": ("BIGINT", "How often a message to it was called spam."),
    "unsubscribed": ("BIGINT", "Times that it was unsubscribed."),
    "first_event": ("TIMESTAMP WITH TIME ZONE", "When anything happened first."),
    "last_event": ("TIMESTAMP WITH TIME ZONE", "When anything happened last."),
    "last_bounced": ("TIMESTAMP WITH TIME ZONE", "When a message to it bounced last."),
}
"""The columns of `recipients`: type and meaning."""
COUNTED = [name for name, (type_, _) in RECIPIENT_COLUMNS.items() if type_ == "BIGINT"]


def make_views(account: Account, client: SqlClient, say: Callable[[str], None]) -> None:
    """Make both views anew, of the tables as they are now; what reads them stays.

    Args:
        account: Whose mail.
        client: Connected to the warehouse, in a transaction.
        say: Told why a view or a part of it cannot be made.
    """
    if not has_views(client):
        say(
            f"{' and '.join(VIEWS)} are made in DuckDB and PostgreSQL only, whose SQL finds the "
            "address in a recipient as it is written; everything else is made."
        )
        return
    events = events_of(account.vendor)
    taken = [*tables_of_their_names(client), *({*VIEWS} & account.resources.keys())]
    if taken:
        named = " and ".join(dict.fromkeys(taken))
        say(f"{named}: a table has this name already, and no view is made.")
        return
    tables = Tables(EVENTS, account.warehouse, client, _read(events))
    parts = []
    for one in events:
        if tables.has(one["resource"]):
            try:
                parts.append(_part(account, one, tables))
            except MappingError as error:
                say(str(error))
    if parts:
        _make(client, parts)


def _make(client: SqlClient, parts: list[str]) -> None:
    names = {name: column_in(client, name) for name in EVENT_COLUMNS}
    # cast, since a view that is replaced has to keep its columns' types
    typed = [f"CAST({names[name]} AS {type_})" for name, (type_, _) in EVENT_COLUMNS.items()]
    columns = ", ".join(names.values())
    view = table_in(client, EVENTS)
    ask(
        client,
        f"CREATE OR REPLACE VIEW {view} ({columns}) AS SELECT {', '.join(typed)} "
        f"FROM ({' UNION ALL '.join(parts)}) AS happened ({columns})",
    )
    by_recipient = _by_recipient(client, view)
    ask(client, f"CREATE OR REPLACE VIEW {table_in(client, RECIPIENTS)} AS {by_recipient}")


def _read(events: list[Events]) -> list[str]:
    """The tables that events are read from, whether they are there or not."""
    found = []
    for one in events:
        found.append(one["resource"])
        if "recipient" in one:
            found += lists_in(one["resource"], one["recipient"])
        if "resource" in one.get("sender", {}):
            found.append(one["sender"]["resource"])
    return list(dict.fromkeys(found))


def _part(account: Account, events: Events, tables: Tables) -> str:
    """The query for the events that one resource's rows tell of.

    Raises:
        MappingError: The table has no column of times for them.
    """
    mapping = account.deliverability
    assert mapping  # noqa: S101 (without it, there are no events)
    table = events["resource"]
    row: Row = table, events.get("message"), "t"
    happened = tables.time(table, events["time"], "t")
    subtype, event, condition = _event(events, tables)
    recipient, of_list = recipient_of(events.get("recipient"), row, mapping, tables) or UNTOLD
    sender, of_sender = _sender(events, row, mapping, tables)
    columns = [
        happened,
        event,
        *map(_literal, (account.name or "", account.vendor_name)),
        _optional(events.get("message"), table, tables),
        recipient,
        sender,
        subtype,
        _optional(events.get("reason"), table, tables),
    ]
    return (
        f"SELECT {', '.join(columns)} FROM {tables.name(table)} AS t{of_list}{of_sender}"
        f"{_where(condition, events, tables)}"
    )


def _event(events: Events, tables: Tables) -> tuple[str, str, str]:
    """An event by the vendor's name and by ours, and the condition that there is one."""
    subtype = _optional(events.get("type"), events["resource"], tables)
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
        column = tables.text(events["resource"], only["field"], "t")
        conditions.append(f"{column} IN ({_list(only['values'])})")
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""


def _sender(events: Events, row: Row, mapping: Deliverability, tables: Tables) -> tuple[str, str]:
    """The SQL of the sender, and the join that it takes."""
    if by := events.get("sender"):
        if not tables.has_column(events["resource"], by["field"]):
            return UNTOLD
        return named(tables.text(events["resource"], by["field"], "t"), by, tables)
    by = mapping["messages"]["sender"]
    found = of_message(by["field"], "sent", row, mapping, tables)
    if found is None:
        return UNTOLD
    sender, of_name = named(found[0], by, tables)
    return sender, found[1] + of_name


def _optional(fields: str | list[str] | None, table: str, tables: Tables) -> str:
    """The text of the first of some fields that holds anything, or NULL."""
    if fields is None or not tables.has_any(table, fields):
        return NOTHING
    return tables.first_there(table, fields, "t")


def _by_recipient(client: SqlClient, events: str) -> str:
    type_, time, recipient = map(partial(column_in, client), ("type", "time", "recipient"))
    counts = [
        f"COUNT(CASE WHEN {type_} = '{name}' THEN 1 END) AS {column_in(client, name)}"
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
