"""Opens and clicks by who keeps the mailboxes, as far as the vendor tells of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from email_assets.deliverability.blocks import Block, Heading, Table, Text
from email_assets.deliverability.events import EVENT_COLUMNS
from email_assets.deliverability.figures import percent
from email_assets.deliverability.mailboxes import OTHERS, provider_of
from email_assets.deliverability.tables import Tables
from email_assets.vendors import Vendor
from email_assets.vendors.events import events_of
from email_assets.warehouse.views import EVENTS

OPENED, CLICKED = "opened", "clicked"


@dataclass(frozen=True)
class Engagement:
    """Counts of messages to recipients; one that was clicked was opened."""

    sent: int
    opened: int
    clicked: int


def tells_of_opens(vendor: Vendor) -> bool:
    """True if the vendor's file says what rows tell of opens or clicks, and of which message."""
    mapping = vendor.get("deliverability")
    return bool(mapping and mapping["messages"].get("id")) and any(
        {OPENED, CLICKED} & {events.get("event"), *events.get("types", {})}
        for events in events_of(vendor)
    )


def by_domain(tables: Tables, since: date, until: date) -> tuple[str, list[Any]] | None:
    """The query for recipients' domains, and what was sent to, opened and clicked at each.

    A message that was sent in the period counts once for each recipient. One without an id does
    not count, since nothing tells whether it was opened.

    Returns:
        None where there is no such view, or one that is somebody else's.
    """
    if not tables.has(EVENTS) or not all(tables.has_column(EVENTS, name) for name in EVENT_COLUMNS):
        return None
    counted = {"sent": ["sent"], OPENED: [OPENED, CLICKED], CLICKED: [CLICKED]}
    happened = ", ".join(
        f"MAX(CASE WHEN {' OR '.join(f'e.type = {_quoted(one)}' for one in types)} "
        f"THEN 1 ELSE 0 END) AS was_{name}"
        for name, types in counted.items()
    )
    sums = ", ".join(f"COUNT(CASE WHEN was_{name} = 1 THEN 1 END) AS {name}" for name in counted)
    types = ", ".join(map(_quoted, counted))
    return (
        f"SELECT domain, {sums} FROM (SELECT regexp_replace(e.recipient, '^.*@', '') AS domain, "
        f"{happened} FROM {tables.name(EVENTS)} AS e WHERE e.type IN ({types}) "
        "AND e.message IS NOT NULL AND e.time >= %s AND e.time < %s "
        "GROUP BY e.message, e.recipient) AS mails WHERE was_sent = 1 "
        "GROUP BY domain"
    ), [since, until + timedelta(days=1)]


def by_provider(rows: Iterable[Sequence[Any]]) -> dict[str, Engagement]:
    """The counts of domains added up, the largest provider first; none, if nothing was opened."""
    found: dict[str, Engagement] = {}
    for domain, *counts in rows:
        provider = provider_of(domain or "")
        before = found.get(provider, Engagement(0, 0, 0))
        of_before = before.sent, before.opened, before.clicked
        found[provider] = Engagement(*(a + b for a, b in zip(of_before, counts, strict=True)))
    if not any(of.opened for of in found.values()):
        return {}
    return dict(sorted(found.items(), key=lambda pair: (pair[0] == OTHERS, -pair[1].sent)))


def of_opens(counts: Mapping[str, Engagement]) -> list[Block]:
    """The section of the report, if there is anything to tell."""
    if not counts:
        return []
    found = counts.values()
    in_all = Engagement(
        sum(of.sent for of in found),
        sum(of.opened for of in found),
        sum(of.clicked for of in found),
    )
    return [
        Heading("Opens and clicks"),
        Table(
            ["Mailboxes at", "Sent", "Opened", "Open rate", "Clicked", "Click rate"],
            [_row(name, of) for name, of in {**counts, "all": in_all}.items()],
        ),
        Text(
            "A message counts once for each recipient, and only if it was sent, and opened or "
            "clicked, in the period. Some programs for mail open all of it by themselves, so what "
            "tells most is a provider whose rates are far below the others': it may put your "
            "mail into spam."
        ),
    ]


def _row(name: str, of: Engagement) -> list[str]:
    share = [count / of.sent if of.sent else None for count in (of.opened, of.clicked)]
    opened, clicked = map(percent, share)
    return [name, f"{of.sent:,}", f"{of.opened:,}", opened, f"{of.clicked:,}", clicked]


def _quoted(word: str) -> str:
    return f"'{word}'"
