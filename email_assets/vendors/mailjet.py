"""Mailjet: <https://dev.mailjet.com/email/reference>.

Totals are those of a page, so that a list ends where its rows do. There are no servers: `/apikey`
answers with keys and is never asked. Statistics are those of the API key, by the day on which
messages were sent.
"""

from datetime import datetime

from dlt.sources.rest_api.typing import OffsetPaginatorConfig

from email_assets.vendors import Secret, Vendor
from email_assets.vendors.meanings import Sender

A_DAY = 24 * 60 * 60
REFERENCE = "https://dev.mailjet.com/email/reference"


def as_seconds(instant: datetime) -> int:
    """An instant as `FromTS` and `ToTS` want it; the first is no part of what they ask for."""
    return int(instant.timestamp())


def as_seconds_at_midnight(instant: datetime) -> int:
    """The beginning of a day, so that its figures are those of all of it."""
    return int(instant.replace(hour=0, minute=0, second=0).timestamp())


PAGES: OffsetPaginatorConfig = {
    "type": "offset",
    "limit": 1000,
    "limit_param": "Limit",
    "offset_param": "Offset",
    "total_path": None,
}

A_SENDER: Sender = {"field": "SenderID", "resource": "senders", "id": "ID", "name": "Email"}

VENDOR: Vendor = {
    "client": {
        "base_url": "https://api.mailjet.com",
        "auth": {
            "type": "http_basic",
            "username": Secret("sources.email.mailjet.api_key"),
            "password": Secret("sources.email.mailjet.secret_key"),
        },
    },
    "resource_defaults": {
        "primary_key": "ID",
        "write_disposition": "merge",
        "endpoint": {"data_selector": "Data", "paginator": PAGES},
    },
    "resources": [
        {
            "name": "bounces",
            "kind": "event",
            "description": "A message that bounced, and whether for good.",
            "documentation": f"{REFERENCE}/statistics/bounce/",
            "columns": {
                "BouncedAt": {"description": "When it bounced."},
                "ID": {"description": "The message that bounced."},
                "IsStatePermanent": {"description": "Whether it is no use to try again."},
                "StateID": {"description": "Why it bounced, as a number."},
            },
            "endpoint": {
                "path": "/v3/REST/bouncestatistics",
                "incremental": {
                    "cursor_path": "BouncedAt",
                    "start_param": "EventFromTs",
                    "end_param": "EventToTs",
                    # without a start, the API gives the day
                    "initial_value": "2015-01-01",
                    "convert": as_seconds,
                    "lag": A_DAY,
                },
            },
        },
        {
            "name": "messages",
            "kind": "event",
            "description": "A message to one recipient, and the last thing that happened to it.",
            "documentation": f"{REFERENCE}/messages/",
            "columns": {
                "Status": {"description": "How far it is, such as sent, opened or bounce."},
                "ArrivedAt": {"description": "When Mailjet took it over."},
            },
            "endpoint": {
                "path": "/v3/REST/message",
                "params": {
                    "ShowSubject": "true",
                    "ShowContactAlt": "true",
                    "Sort": "ArrivedAt DESC",
                },
                "incremental": {
                    "cursor_path": "ArrivedAt",
                    "start_param": "FromTS",
                    "end_param": "ToTS",
                    "initial_value": "2015-01-01",
                    "convert": as_seconds,
                    # Status changes while a message is opened and clicked
                    "lag": 3 * A_DAY,
                },
            },
        },
        {
            "name": "deliverystats",
            "kind": "event",
            "description": "What became of a day's messages: how many were opened, bounced, …",
            "documentation": f"{REFERENCE}/statistics/stat-counters/",
            "columns": {
                "Timeslice": {"description": "The day."},
                "MessageSentCount": {"description": "Messages that were delivered."},
                "MessageHardBouncedCount": {"description": "Messages that were refused for good."},
            },
            "primary_key": "Timeslice",
            "endpoint": {
                "path": "/v3/REST/statcounters",
                "params": {
                    "CounterSource": "APIKey",
                    "CounterTiming": "Message",
                    "CounterResolution": "Day",
                },
                "incremental": {
                    "cursor_path": "Timeslice",
                    "start_param": "FromTS",
                    "end_param": "ToTS",
                    "initial_value": "2015-01-01",
                    "convert": as_seconds_at_midnight,
                    # figures are those of messages sent on a day, which are opened days later
                    "lag": 7 * A_DAY,
                },
            },
        },
        {
            "name": "domains",
            "kind": "inventory",
            "description": "A domain that the account sends from, and how far it is verified.",
            "documentation": f"{REFERENCE}/sender-addresses-and-domains/dns/",
            "columns": {
                "SPFStatus": {"description": "Whether its SPF record lets Mailjet send."},
                "DKIMStatus": {"description": "Whether its DKIM key is published."},
            },
            "never_load": ["OwnerShipToken"],
            "endpoint": {"path": "/v3/REST/dns"},
        },
        {
            "name": "senders",
            "kind": "inventory",
            "description": "An address, or all of a domain's, that the account may send from.",
            "documentation": f"{REFERENCE}/sender-addresses-and-domains/sender/",
            "columns": {"Status": {"description": "Whether it may send."}},
            "endpoint": {"path": "/v3/REST/sender"},
        },
    ],
    "deliverability": {
        "messages": {
            "time": "ArrivedAt",
            "id": "ID",
            "sender": A_SENDER,
            "recipient": "ContactAlt",
        },
        "bounces": {
            "time": "BouncedAt",
            "message": "ID",
            "type": "IsStatePermanent",
            "hard": ["true"],
            "soft": ["false"],
        },
        "complaints": {
            "resource": "messages",
            "time": "ArrivedAt",
            "type": "Status",
            "message": "ID",
            "sender": A_SENDER,
            "recipient": "ContactAlt",
            "only": {"field": "Status", "values": ["spam"]},
        },
        "domains": {
            "resource": "domains",
            "name": "Domain",
            "spf": "SPFStatus",
            "dkim": "DKIMStatus",
        },
    },
    "events": [
        # of what happened to a message, the last is known, and not when
        {
            "resource": "messages",
            "type": "Status",
            "types": {
                "opened": ["opened"],
                "clicked": ["clicked"],
                "unsubscribed": ["unsub"],
            },
        },
    ],
}
"""Mailjet's API."""
