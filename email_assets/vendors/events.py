"""The events that a vendor's rows tell of: those of its `deliverability`, and what else it names.

Messages that were sent, bounces and complaints are told by `deliverability` alone, so that no count
of events differs from the counts of a day that are made of it.
"""

from __future__ import annotations

from typing import cast

from email_assets.vendors import Vendor
from email_assets.vendors.meanings import BouncedMessages, Deliverability, Events, SentMessages
from email_assets.vendors.resource import bounces_of, deliverability_of

OF_A_ROW = ("time", "message", "recipient", "sender")
"""The fields that all events of a resource share, unless an entry has others."""


def events_of(vendor: Vendor) -> list[Events]:
    """All events of a vendor; none where nothing tells how its mail is delivered."""
    mapping = deliverability_of(vendor)
    if mapping is None:
        return []
    return [
        *known_events(mapping),
        *(completed(events, mapping) for events in vendor.get("events", ())),
    ]


def known_events(mapping: Deliverability) -> list[Events]:
    """The messages that were sent, and what of `deliverability` came back."""
    bounces = mapping["bounces"]
    types = {
        "bounced": [*bounces.get("hard", []), *bounces.get("soft", [])],
        "complained": bounces.get("complaint", []),
    }
    sent: Events = {**_of_a_row("messages", mapping), "event": "sent"}
    came_back: Events = {
        **_of_a_row(bounces_of(mapping), mapping),
        **_shared(bounces, "message"),
        "type": bounces["type"],
        "types": {event: values for event, values in types.items() if values},
    }
    if "only" in mapping["messages"]:
        sent["only"] = mapping["messages"]["only"]
    if "only" in bounces:
        came_back["only"] = bounces["only"]
    if "reason" in bounces:
        came_back["reason"] = bounces["reason"]
    found = [sent, came_back] if came_back["types"] else [sent]
    if "complaints" in mapping:
        found.append(cast(Events, {**mapping["complaints"], "event": "complained"}))
    return found


def completed(events: Events, mapping: Deliverability) -> Events:
    """An entry of `events`, with what `deliverability` says of the rows of the same resource."""
    return cast(Events, {**_of_a_row(events["resource"], mapping), **events})


def tells_of(mapping: Deliverability | None, resource: str) -> bool:
    """True if `deliverability` says when something of a resource's rows happened."""
    return mapping is not None and resource in ("messages", bounces_of(mapping))


def _of_a_row(resource: str, mapping: Deliverability) -> Events:
    """The fields that tell time, message, recipient and sender in the rows of a resource."""
    found: Events = {"resource": resource}
    if resource == "messages":
        found = {**found, **_shared(mapping["messages"], "id")}
    elif resource == bounces_of(mapping):
        found = {**found, **_shared(mapping["bounces"], "message")}
    return found


def _shared(of: SentMessages | BouncedMessages, message: str) -> Events:
    fields = {**of, "message": of.get(message)}
    return cast(Events, {name: fields[name] for name in OF_A_ROW if fields.get(name)})
