"""Checks what a vendor's file says of the events of messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from email_assets.vendors.events import tells_of
from email_assets.vendors.meanings import EventType
from email_assets.vendors.resource import tells_of_complaints

EVENT_TYPES = get_args(EventType)
VIEWS = ("email_events", "recipients")
"""The views that are made of events, whose names no resource can have then."""


def mistakes_of_events(vendor: Any, at: int, resources: list[Any]) -> Iterator[str]:
    """The mistakes of an entry of `events`.

    Args:
        vendor: The file.
        at: The place of the entry.
        resources: The names of the file's resources.
    """
    where, events = f"VENDOR['events'][{at}]", vendor["events"][at]
    mapping = vendor.get("deliverability")
    if events["resource"] not in resources:
        yield f"{where} has the 'resource' {events['resource']!r}, which is no resource"
    if mapping is None:
        yield f"{where} needs a 'deliverability' beside it, which tells what was sent and bounced"
    if "time" not in events and not tells_of(mapping, events["resource"]):
        yield f"{where} needs a 'time', since 'deliverability' names none of its resource"
    if ("event" in events) == ("types" in events):
        yield f"{where} needs an 'event' that each row tells of, or 'types', and not both"
    if "types" in events and "type" not in events:
        yield f"{where} needs the 'type' whose values 'types' has"
    for name in (events.get("event"), *events.get("types", ())):
        if name is not None and name not in EVENT_TYPES:
            yield f"{where} has {name!r}, which is none of {', '.join(EVENT_TYPES)}"
        if name == "complained" and mapping and not tells_of_complaints(mapping):
            # else the view would have complaints that no day counts
            yield f"{where} has {name!r}, which belongs into 'complaints' of 'deliverability'"
        if name in ("sent", "bounced", "complained"):
            yield f"{where} has {name!r}, which 'deliverability' tells already: leave it out"
    sender = events.get("sender", {})
    lookup = [key for key in ("resource", "id", "name") if sender.get(key)]
    if lookup and (len(lookup) < 3 or sender["resource"] not in resources):
        yield f"{where} needs a 'sender' with a 'resource' of this file, its 'id' and its 'name'"
    for name in {*VIEWS} & {*resources}:
        yield f"{where} makes a view {name!r}, which is the name of a resource: give that another"
