"""MailerSend: <https://developers.mailersend.com>.

Messages are the activity of every domain: one message has several rows, such as sent, delivered
and opened. The API keeps a day, seven, 14 or 30 of it, as the plan says, and refuses who asks for
older rows; a first sync reads seven. There are no servers, and no statistics are read. The API
allows ten requests a minute for the activity, and 60 for the rest.
"""

from datetime import datetime, timedelta

from dlt.sources.rest_api.typing import PageNumberPaginatorConfig

from email_assets.vendors import NOW, Secret, Vendor
from email_assets.vendors.meanings import Sender

AN_HOUR = 60 * 60
REFERENCE = "https://developers.mailersend.com/api/v1"


def as_seconds(instant: datetime) -> int:
    """An instant as `date_from` and `date_to` want it."""
    return int(instant.timestamp())


PAGES: PageNumberPaginatorConfig = {
    "type": "page_number",
    "base_page": 1,
    "total_path": None,
}

A_DOMAIN: Sender = {"field": "domain_id", "resource": "domains", "id": "id", "name": "name"}

COMPLAINTS = ["spam_complaint", "spam_complaints"]
"""Its webhooks know the one, its SDKs the other."""
SOFT = ["soft_bounced", "junk"]
"""Those that are tried again, `deferred`, are no bounces."""

VENDOR: Vendor = {
    "client": {
        "base_url": "https://api.mailersend.com/v1",
        "auth": {"type": "bearer", "token": Secret("sources.email.mailersend.api_key")},
        "requests_per": [{"minute": 10, "below": "/activity/"}, {"minute": 60}],
    },
    "resource_defaults": {
        "primary_key": "id",
        "write_disposition": "merge",
        "columns": {"created_at": {"data_type": "timestamp"}},
        "endpoint": {"data_selector": "data", "params": {"limit": 100}, "paginator": PAGES},
    },
    "resources": [
        {
            "name": "bounces",
            "kind": "event",
            "description": "An address that bounced for good, to which nothing is sent any more.",
            "documentation": f"{REFERENCE}/recipients",
            "endpoint": {"path": "/suppressions/hard-bounces"},
        },
        {
            "name": "messages",
            "kind": "event",
            "description": "Something that happened to a message, such as its delivery.",
            "documentation": f"{REFERENCE}/activity",
            "columns": {
                "created_at": {"data_type": "timestamp", "description": "When it happened."},
                "type": {"description": "What happened, such as sent, delivered or opened."},
            },
            "never_load": ["email.html", "email.text"],
            "for_each": {"resource": "domains", "id": "id", "label": "domain_id"},
            "endpoint": {
                "path": "/activity/{domain_id}",
                "incremental": {
                    "cursor_path": "created_at",
                    "start_param": "date_from",
                    "end_param": "date_to",
                    "initial_value": timedelta(days=7),
                    "end_value": NOW,
                    "convert": as_seconds,
                    "lag": AN_HOUR,
                },
            },
        },
        {
            "name": "domains",
            "kind": "inventory",
            "description": "A domain that the account sends from, and how far it is verified.",
            "documentation": f"{REFERENCE}/domains",
            "columns": {"is_verified": {"description": "Whether it may send."}},
            "endpoint": {"path": "/domains"},
        },
        {
            "name": "complaints",
            "kind": "event",
            "description": "An address whose owner called a message spam.",
            "documentation": f"{REFERENCE}/recipients",
            "endpoint": {"path": "/suppressions/spam-complaints"},
        },
        {
            "name": "unsubscribes",
            "kind": "event",
            "description": "An address whose owner wants no mail any more.",
            "documentation": f"{REFERENCE}/recipients",
            "endpoint": {"path": "/suppressions/unsubscribes"},
        },
    ],
    "deliverability": {
        "messages": {
            "id": "email.id",
            "time": "created_at",
            "sender": A_DOMAIN,
            "only": {"field": "type", "values": ["sent"]},
            "recipient": "email.recipient.email",
        },
        # a list of addresses tells no message
        "bounces": {
            "resource": "messages",
            "time": "created_at",
            "sender": A_DOMAIN,
            "type": "type",
            "only": {
                "field": "type",
                "values": ["hard_bounced", *SOFT, *COMPLAINTS],
            },
            "hard": ["hard_bounced"],
            "soft": SOFT,
            "complaint": COMPLAINTS,
            "message": "email.id",
            "recipient": "email.recipient.email",
        },
        "suppressed": [
            {"resource": resource, "recipient": "recipient.email"}
            for resource in ("bounces", "complaints", "unsubscribes")
        ],
    },
    "events": [
        {
            "resource": "messages",
            "type": "type",
            "types": {
                "delivered": ["delivered"],
                "opened": ["opened"],
                "clicked": ["clicked"],
                "unsubscribed": ["unsubscribed"],
            },
        },
    ],
}
"""MailerSend's API."""
