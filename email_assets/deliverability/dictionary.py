"""The meaning of the tables and views that are made of others, and of their columns."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from email_assets.deliverability.events import EVENT_COLUMNS, RECIPIENT_COLUMNS
from email_assets.vendors.dictionary import TABLE, Notes
from email_assets.vendors.resource import DAILY
from email_assets.warehouse.views import EVENTS, RECIPIENTS

DAILY_COLUMNS = {
    "day": ("DATE", "A day in UTC."),
    "sender": ("VARCHAR", "The domain or server that sent, or its id while it has no name."),
    "sent": ("BIGINT", "Messages sent on that day."),
    "bounced": ("BIGINT", "Hard and soft bounces that came on that day, of messages of any day."),
    "hard": ("BIGINT", "Bounces of addresses that it is no use to write to again."),
    "soft": ("BIGINT", "Bounces of addresses that may take a later message."),
    "complaints": ("BIGINT", "Messages that their recipients called spam."),
    "other": ("BIGINT", "What else came back, such as delays and automatic replies."),
    "bounce_rate": ("DOUBLE PRECISION", "bounced / sent; NULL where nothing was sent."),
    "complaint_rate": (
        "DOUBLE PRECISION",
        "complaints / sent; NULL where nothing was sent, or the API tells of no complaints.",
    ),
}
"""The columns of `deliverability_daily`: type and meaning of each."""
MADE: dict[str, tuple[str, Mapping[str, tuple[str, str]]]] = {
    DAILY: ("What each sender sent on each day, and what of it came back.", DAILY_COLUMNS),
    EVENTS: ("What happened to a message and a recipient.", EVENT_COLUMNS),
    RECIPIENTS: ("What happened to the messages to an address.", RECIPIENT_COLUMNS),
}
"""The meaning of a row, and the type and meaning of each column."""


def notes_of_made(tables: Mapping[str, Collection[str]]) -> Notes:
    """The meanings of those that there are, by table and column.

    Args:
        tables: The columns of each table; one of another shape is somebody else's.
    """
    notes: Notes = {}
    for table, (meaning, columns) in MADE.items():
        if {*tables.get(table, ())} == columns.keys():
            notes[table, TABLE] = meaning
            notes |= {(table, name): text for name, (_, text) in columns.items()}
    return notes
