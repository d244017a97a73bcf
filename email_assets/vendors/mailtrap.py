"""Mailtrap's Email API: <https://docs.mailtrap.io/developers>.

Bounces are the suppressions of every type. Messages are those of the email logs, which are kept
for as long as the plan says. There are no servers. The API allows ten requests a minute for
suppressions.
"""

from datetime import datetime
from typing import Any

from email_assets.vendors import NOW, Secret, Vendor
from email_assets.vendors.meanings import Sender

A_DAY = 24 * 60 * 60
REFERENCE = "https://docs.mailtrap.io/developers"


def as_date(instant: datetime) -> str:
    """An instant as `start_date` and `end_date` want it."""
    return instant.strftime("%Y-%m-%d")


def one_row_a_day(row: dict[str, Any]) -> dict[str, Any]:
    """A day with its figures side by side."""
    return {"date": row["date"], **row["stats"]}


def with_domain(row: dict[str, Any]) -> dict[str, Any]:
    """A message with its domain under one name: the API's documents and clients know two."""
    return {**row, "domain_id": row.get("domain_id") or row.get("sending_domain_id")}


A_DOMAIN: Sender = {
    "field": "domain_id",
    "resource": "domains",
    "id": "id",
    "name": "domain_name",
}

VENDOR: Vendor = {
    "client": {
        "base_url": "https://mailtrap.io",
        "auth": {"type": "bearer", "token": Secret("sources.email.mailtrap.api_key")},
        "requests_per": [{"minute": 10, "below": "/api/suppressions"}, {"minute": 60}],
    },
    "resource_defaults": {"primary_key": "id", "write_disposition": "merge"},
    "resources": [
        {
            "name": "bounces",
            "kind": "event",
            "description": "An address that gets no mail any more, since it bounced or so.",
            "documentation": f"{REFERENCE}/email-sending/suppressions",
            "columns": {
                "type": {"description": "Why: a hard bounce, a spam complaint, …"},
                "created_at": {"description": "When it was suppressed."},
            },
            "endpoint": {
                "path": "/api/suppressions",
                "data_selector": "$",
                "paginator": {
                    "type": "cursor",
                    "cursor_path": "$[-1].id",
                    "cursor_param": "last_id",
                    "stop_after_empty_page": True,
                },
                "incremental": {
                    "cursor_path": "created_at",
                    "start_param": "start_time",
                    "end_param": "end_time",
                    "lag": A_DAY,
                },
            },
        },
        {
            "name": "messages",
            "kind": "event",
            "description": "A message to one recipient, and how far it is.",
            "documentation": f"{REFERENCE}/email-sending/email-logs",
            "total_path": "total_count",
            "columns": {
                "status": {"description": "How far it is, such as delivered."},
                "sent_at": {"description": "When Mailtrap took it over."},
                # their keys are the sender's own, and each would become a column
                "custom_variables": {"data_type": "json"},
                "template_variables": {"data_type": "json"},
            },
            "primary_key": "message_id",
            "processing_steps": [{"map": with_domain}],
            "endpoint": {
                "path": "/api/email_logs",
                "data_selector": "messages",
                "paginator": {
                    "type": "cursor",
                    "cursor_path": "next_page_cursor",
                    "cursor_param": "search_after",
                },
                "incremental": {
                    "cursor_path": "sent_at",
                    "start_param": "filters[sent_after]",
                    "end_param": "filters[sent_before]",
                    # opens and clicks are counted for days
                    "lag": 3 * A_DAY,
                },
            },
        },
        {
            "name": "deliverystats",
            "kind": "event",
            "description": "What happened on a day: how many messages were delivered, opened, …",
            "documentation": f"{REFERENCE}/email-sending/stats",
            "columns": {
                "delivery_count": {"description": "Messages that recipients' servers took."},
                "bounce_count": {"description": "Messages that bounced."},
            },
            "primary_key": "date",
            "processing_steps": [{"map": one_row_a_day}],
            "endpoint": {
                "path": "/api/stats/date",
                "data_selector": "$",
                "paginator": "single_page",
                "incremental": {
                    "cursor_path": "date",
                    "start_param": "start_date",
                    "end_param": "end_date",
                    "initial_value": "2022-01-01",
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
            "documentation": f"{REFERENCE}/email-sending/domains",
            "columns": {"compliance_status": {"description": "Whether it may send."}},
            "endpoint": {
                "path": "/api/domains",
                "data_selector": "data",
                "paginator": "single_page",
            },
        },
    ],
    "deliverability": {
        "messages": {
            "id": "message_id",
            "time": "sent_at",
            "recipient": "to",
            "sender": A_DOMAIN,
            # who had opted out was sent nothing
            "only": {"field": "status", "values": ["delivered", "not_delivered", "enqueued"]},
            "tag": "category",
        },
        "bounces": {
            "time": "created_at",
            "sender": {"field": "domain_name"},
            "type": "type",
            "hard": ["hard bounce"],
            "complaint": ["spam complaint"],
            "recipient": "email",
            "tag": "message_category",
            "reason": "message_esp_response",
        },
        "suppressed": [{"resource": "bounces", "recipient": "email"}],
    },
    "events": [
        # of what happened to a message, the last is known, and not when
        {"resource": "messages", "type": "status", "types": {"delivered": ["delivered"]}},
        {"resource": "bounces", "type": "type", "types": {"unsubscribed": ["unsubscription"]}},
    ],
}
"""Mailtrap's API."""
