"""Mailchimp Transactional (Mandrill): <https://mailchimp.com/developer/transactional/api>.

Every request is a `POST` with the key in its body. Lists have no pages: messages come 1,000 at a
time, so that they are asked for in stretches of time that hold fewer, and more than 1,000 rejected
addresses or sub-accounts are an error. Bounces are the rejected addresses. Statistics are those of
an hour, of the last 30 days. The API allows 20 searches a minute.
"""

from datetime import datetime, timedelta
from typing import Any

from email_assets.vendors import NOW, Secret, Vendor

A_DAY = 24 * 60 * 60
REFERENCE = "https://mailchimp.com/developer/transactional/api"


def as_utc_time(instant: datetime) -> str:
    """An instant as `date_from` and `date_to` want it, and as Mandrill writes its own."""
    return instant.strftime("%Y-%m-%d %H:%M:%S")


def with_subaccount(row: dict[str, Any]) -> dict[str, Any]:
    """A rejected address, which says of which sub-account it is only if it is one of any."""
    return {**row, "subaccount": row.get("subaccount") or ""}


VENDOR: Vendor = {
    "client": {
        "base_url": "https://mandrillapp.com/api/1.3",
        "auth": {
            "type": "api_key",
            "name": "key",
            "api_key": Secret("sources.email.mandrill.api_key"),
            "location": "body",
        },
        "requests_per": [{"minute": 20, "below": "/messages/search"}],
    },
    "resource_defaults": {
        "write_disposition": "merge",
        "endpoint": {
            "method": "POST",
            "data_selector": "$",
            "paginator": "single_page",
        },
    },
    "resources": [
        {
            "name": "bounces",
            "kind": "event",
            "description": "An address that bounced or so, to which nothing is sent any more.",
            "documentation": f"{REFERENCE}/allowlists-denylists",
            "columns": {
                "reason": {"description": "Why: hard-bounce, soft-bounce, spam, unsub or custom."},
                "last_event_at": {"description": "When that happened last."},
            },
            "primary_key": ["email", "subaccount"],
            "processing_steps": [{"map": with_subaccount}],
            "maximum_rows": 1000,
            "endpoint": {"path": "/rejects/list", "json": {"include_expired": True}},
        },
        {
            "name": "messages",
            "kind": "event",
            "description": "A message to one recipient, and the last thing that happened to it.",
            "documentation": f"{REFERENCE}/messages",
            "columns": {
                "ts": {"data_type": "timestamp", "description": "When it was sent."},
                "state": {"description": "How far it is, such as sent, bounced or rejected."},
                # its keys are the sender's own, and each would become a column
                "metadata": {"data_type": "json"},
            },
            "primary_key": "_id",
            "maximum_rows": 1000,
            "endpoint": {
                "path": "/messages/search",
                "json": {"query": "*", "limit": 1000},
                "incremental": {
                    "cursor_path": "ts",
                    "start_param": "date_from",
                    "end_param": "date_to",
                    # without a start, the API gives seven days
                    "initial_value": timedelta(days=30),
                    "end_value": NOW,
                    "convert": as_utc_time,
                    # opens and clicks are counted for days
                    "lag": 3 * A_DAY,
                },
            },
        },
        {
            "name": "deliverystats",
            "kind": "event",
            "description": "What happened in an hour: how many messages were sent, opened, …",
            "documentation": f"{REFERENCE}/tags",
            "columns": {"time": {"description": "The beginning of the hour, in UTC."}},
            "primary_key": "time",
            "endpoint": {"path": "/tags/all-time-series"},
        },
        {
            "name": "servers",
            "kind": "inventory",
            "description": "A sub-account, with a reputation and a quota of its own.",
            "documentation": f"{REFERENCE}/subaccounts",
            "columns": {"status": {"description": "Whether it may send."}},
            "primary_key": "id",
            "maximum_rows": 1000,
            "endpoint": {"path": "/subaccounts/list"},
        },
        {
            "name": "domains",
            "kind": "inventory",
            "description": "A domain that the account sends from, and how far it is verified.",
            "documentation": f"{REFERENCE}/senders",
            "columns": {"valid_signing": {"description": "Whether it may sign messages."}},
            "primary_key": "domain",
            "endpoint": {"path": "/senders/domains"},
        },
    ],
    "deliverability": {
        "messages": {
            "id": "_id",
            "time": "ts",
            "sender": {"field": "sender"},
            # what was rejected was not sent
            "only": {
                "field": "state",
                "values": ["sent", "deferred", "bounced", "soft-bounced", "spam", "unsub"],
            },
            "recipient": "email",
        },
        # a list of addresses tells no message
        "bounces": {
            "resource": "messages",
            "time": "ts",
            "sender": {"field": "sender"},
            "type": "state",
            "only": {"field": "state", "values": ["bounced", "soft-bounced", "spam"]},
            "hard": ["bounced"],
            "soft": ["soft-bounced"],
            "complaint": ["spam"],
            "recipient": "email",
            "reason": "diag",
        },
        "suppressed": [{"resource": "bounces", "recipient": "email"}],
    },
    "events": [
        # of what happened to a message, the last is known, and not when
        {
            "resource": "messages",
            "type": "state",
            "types": {"delivered": ["sent"], "unsubscribed": ["unsub"]},
        },
    ],
}
"""Mailchimp Transactional's API."""
