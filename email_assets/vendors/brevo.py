"""Brevo: <https://developers.brevo.com/reference>.

Messages are the events of transactional mail: one message has several, such as requested, delivered
and opened. Bounces are the blocked contacts: one row for each address and sender that writes to it
no more, whatever the reason. There are no servers. The API allows 300 requests an hour for
transactional mail, and 100 for everything else.
"""

from datetime import datetime, timedelta
from typing import Any

from email_assets.vendors import NOW, Secret, Vendor

A_DAY = 24 * 60 * 60
REFERENCE = "https://developers.brevo.com/reference"


def as_date(instant: datetime) -> str:
    """An instant as `startDate` and `endDate` want it."""
    return instant.strftime("%Y-%m-%d")


def with_time(row: dict[str, Any]) -> dict[str, Any]:
    """An event with its time once more: as a part of the key, `date` is text."""
    return {**row, "happened_at": row.get("date")}


VENDOR: Vendor = {
    "client": {
        "base_url": "https://api.brevo.com/v3",
        "auth": {
            "type": "api_key",
            "name": "api-key",
            "api_key": Secret("sources.email.brevo.api_key"),
            "location": "header",
        },
        "requests_per": [
            {"second": 1000, "below": "/smtp/blockedContacts"},
            {"hour": 300, "below": "/smtp/"},
            {"hour": 100},
        ],
    },
    "resource_defaults": {"write_disposition": "merge"},
    "resources": [
        {
            "name": "bounces",
            "kind": "event",
            "description": "An address that a sender writes to no more, since it bounced or so.",
            "documentation": f"{REFERENCE}/get-transac-blocked-contacts",
            "columns": {
                "blockedAt": {"description": "When it was blocked."},
                "reason__code": {"description": "Why, such as hardBounce."},
            },
            # one for each sender
            "primary_key": ["email", "senderEmail"],
            "may_lack_rows": True,
            "endpoint": {
                "path": "/smtp/blockedContacts",
                "data_selector": "contacts",
                "paginator": {"type": "offset", "limit": 100, "total_path": "count"},
                "incremental": {
                    "cursor_path": "blockedAt",
                    "start_param": "startDate",
                    "end_param": "endDate",
                    "end_value": NOW,
                    "convert": as_date,
                    "lag": A_DAY,
                },
            },
        },
        {
            "name": "messages",
            "kind": "event",
            "description": "Something that happened to a message, such as its delivery.",
            "documentation": f"{REFERENCE}/get-email-event-report",
            "columns": {
                "event": {"description": "What happened, such as requests, delivered or opened."},
                "happened_at": {"data_type": "timestamp", "description": "When it happened."},
            },
            "processing_steps": [{"map": with_time}],
            # an event has no id
            "primary_key": ["messageId", "event", "email", "date"],
            "longest": timedelta(days=90),
            "may_lack_rows": True,
            "endpoint": {
                "path": "/smtp/statistics/events",
                "data_selector": "events",
                "paginator": {"type": "offset", "limit": 2500, "total_path": None},
                "incremental": {
                    "cursor_path": "date",
                    "start_param": "startDate",
                    "end_param": "endDate",
                    "initial_value": timedelta(days=90),
                    "end_value": NOW,
                    "convert": as_date,
                    "lag": A_DAY,
                },
            },
        },
        {
            "name": "deliverystats",
            "kind": "event",
            "description": "What happened on a day: how many messages were delivered, opened, …",
            "documentation": f"{REFERENCE}/get-smtp-report",
            "columns": {
                "requests": {"description": "Messages that Brevo was asked to send."},
                "hardBounces": {"description": "Messages that were refused for good."},
            },
            "primary_key": "date",
            "longest": timedelta(days=30),
            "may_lack_rows": True,
            "endpoint": {
                "path": "/smtp/statistics/reports",
                "data_selector": "reports",
                "paginator": {"type": "offset", "limit": 30, "total_path": None},
                "incremental": {
                    "cursor_path": "date",
                    "start_param": "startDate",
                    "end_param": "endDate",
                    "initial_value": "2023-01-01",
                    "end_value": NOW,
                    "convert": as_date,
                    "lag": 3 * A_DAY,
                },
            },
        },
        {
            "name": "domains",
            "kind": "inventory",
            "description": "A domain that the account sends from, and how far it is verified.",
            "documentation": f"{REFERENCE}/get-domains",
            "columns": {"authenticated": {"description": "Whether its DNS records are right."}},
            "primary_key": "id",
            "may_lack_rows": True,
            "endpoint": {
                "path": "/senders/domains",
                "data_selector": "domains",
                "paginator": "single_page",
            },
        },
    ],
    "deliverability": {
        "messages": {
            "id": "messageId",
            "time": "happened_at",
            "sender": {"field": "from"},
            "only": {"field": "event", "values": ["requests"]},
            "recipient": "email",
            "tag": "tag",
        },
        # what is blocked tells no message
        "bounces": {
            "resource": "messages",
            "time": "happened_at",
            "sender": {"field": "from"},
            "type": "event",
            "only": {
                "field": "event",
                # what was deferred is tried again
                "values": [
                    *("hardBounces", "softBounces", "bounces", "blocked", "invalid", "error"),
                    "spam",
                ],
            },
            "hard": ["hardBounces", "invalid"],
            # bounces alone are not told to be for good
            "soft": ["softBounces", "bounces"],
            "complaint": ["spam"],
            "recipient": "email",
            "tag": "tag",
            "reason": "reason",
        },
        "suppressed": [{"resource": "bounces", "recipient": "email"}],
    },
    "events": [
        {
            "resource": "messages",
            "type": "event",
            "types": {
                "delivered": ["delivered"],
                # a proxy of the mailbox provider, which other vendors count as opened, too
                "opened": ["opened", "loadedByProxy"],
                "clicked": ["clicks"],
                "unsubscribed": ["unsubscribed"],
            },
        },
    ],
}
"""Brevo's API."""
