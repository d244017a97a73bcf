"""SendGrid: <https://www.twilio.com/docs/sendgrid/api-reference>.

Accounts in the EU set `base_url` to `https://api.eu.sendgrid.com`. Lists of addresses come without
a total, 500 a page. Messages are those of the Email Logs, which are kept for 30 days and given
1,000 at a time without pages, so that they are asked for in stretches of time that hold fewer.
Servers are the subusers. A key reads what belongs to its own account; its scopes are
`suppression.read`, `stats.read`, `whitelabel.read`, `subusers.read` and `messages.read`.
"""

from datetime import datetime, timedelta
from typing import Any

from dlt.sources.rest_api.typing import IncrementalConfig, OffsetPaginatorConfig

from email_assets.vendors import NOW, Secret, Vendor

A_DAY = 24 * 60 * 60
REFERENCE = "https://www.twilio.com/docs/sendgrid/api-reference"


def as_seconds(instant: datetime) -> int:
    """An instant as `start_time` and `end_time` want it."""
    return int(instant.timestamp())


def as_query(start: datetime, end: datetime) -> str:
    """The query for the messages of a stretch of time, of which the end is no part."""
    field, form = "sg_message_id_created_at", 'TIMESTAMP "%Y-%m-%dT%H:%M:%SZ"'
    return f"{field} >= {start.strftime(form)} AND {field} < {end.strftime(form)}"


def one_row_a_day(row: dict[str, Any]) -> dict[str, Any]:
    """A day with its figures side by side; they come as the only item of a list."""
    (only,) = row["stats"]
    others = {field: value for field, value in row.items() if field != "stats"}
    return {**others, **only["metrics"]}


PAGES: OffsetPaginatorConfig = {"type": "offset", "limit": 500, "total_path": None}
BY_CREATED: IncrementalConfig = {
    "cursor_path": "created",
    "start_param": "start_time",
    "end_param": "end_time",
    "convert": as_seconds,
    # rows do not change; the day is for those that appear late
    "lag": A_DAY,
}

VENDOR: Vendor = {
    "client": {
        "base_url": "https://api.sendgrid.com",
        "headers": {"Accept": "application/json"},
        "auth": {"type": "bearer", "token": Secret("sources.email.sendgrid.api_key")},
    },
    "resource_defaults": {
        "primary_key": "email",
        "write_disposition": "merge",
        "columns": {"created": {"data_type": "timestamp"}},
        "endpoint": {"data_selector": "$", "paginator": PAGES},
    },
    "resources": [
        {
            "name": "bounces",
            "kind": "event",
            "description": "An address that bounced, to which nothing is sent any more.",
            "documentation": f"{REFERENCE}/bounces-api/retrieve-all-bounces",
            "columns": {
                "created": {"data_type": "timestamp", "description": "When it bounced last."},
                "reason": {"description": "What the recipient's server said."},
                "status": {"description": "The enhanced SMTP status."},
            },
            "endpoint": {"path": "/v3/suppression/bounces", "incremental": BY_CREATED},
        },
        {
            "name": "messages",
            "kind": "event",
            "description": "A message to one recipient, and the last thing that happened to it.",
            "documentation": f"{REFERENCE}/email-logs",
            "columns": {
                "status": {"description": "How far it is, such as delivered, bounced or blocked."},
                "sg_message_id_created_at": {"description": "When SendGrid took it over."},
            },
            "primary_key": "sg_message_id",
            "maximum_rows": 1000,
            "endpoint": {
                "path": "/v3/logs",
                "method": "POST",
                "json": {"limit": 1000},
                "data_selector": "messages",
                "paginator": "single_page",
                "incremental": {
                    "cursor_path": "sg_message_id_created_at",
                    "start_param": "query",
                    "end_param": "query",
                    "convert": as_query,
                    "initial_value": timedelta(days=30),
                    "end_value": NOW,
                    # status changes for as long as delivery is tried again
                    "lag": 3 * A_DAY,
                },
            },
        },
        {
            "name": "deliverystats",
            "kind": "event",
            "description": "What happened on a day: how many messages were delivered, opened, …",
            "documentation": f"{REFERENCE}/stats/retrieve-global-email-statistics",
            "columns": {
                "requests": {"description": "Messages that SendGrid was asked to send."},
                "delivered": {"description": "Messages that recipients' servers took."},
                "bounces": {"description": "Messages that were refused for good."},
                "blocks": {"description": "Messages that were refused for now."},
            },
            "primary_key": "date",
            "processing_steps": [{"map": one_row_a_day}],
            "endpoint": {
                "path": "/v3/stats",
                "params": {"aggregated_by": "day"},
                "incremental": {
                    "cursor_path": "date",
                    "start_param": "start_date",
                    "end_param": "end_date",
                    "convert": "{:%Y-%m-%d}".format,
                    "initial_value": "2015-01-01",
                    "end_value": NOW,
                    "lag": 3 * A_DAY,
                },
            },
        },
        {
            "name": "servers",
            "kind": "inventory",
            "description": "A subuser, with mail, statistics and suppressions of its own.",
            "documentation": f"{REFERENCE}/subusers-api/list-all-subusers",
            "columns": {"disabled": {"description": "Whether it may not send."}},
            "primary_key": "id",
            "endpoint": {"path": "/v3/subusers"},
        },
        {
            "name": "domains",
            "kind": "inventory",
            "description": "A domain that the account sends from, and how far it is verified.",
            "documentation": f"{REFERENCE}/domain-authentication/list-all-authenticated-domains",
            "columns": {"valid": {"description": "Whether its DNS records are right."}},
            "primary_key": "id",
            "endpoint": {"path": "/v3/whitelabel/domains"},
        },
        {
            "name": "blocks",
            "kind": "event",
            "description": "A message that a recipient's server refused for now.",
            "documentation": f"{REFERENCE}/blocks-api/retrieve-all-blocks",
            "endpoint": {"path": "/v3/suppression/blocks", "incremental": BY_CREATED},
        },
        {
            "name": "complaints",
            "kind": "event",
            "description": "An address whose owner called a message spam.",
            "documentation": f"{REFERENCE}/spam-reports-api/retrieve-all-spam-reports",
            "endpoint": {"path": "/v3/suppression/spam_reports", "incremental": BY_CREATED},
        },
        {
            "name": "invalid_emails",
            "kind": "event",
            "description": "An address that is none, to which nothing was sent.",
            "documentation": f"{REFERENCE}/invalid-e-mails-api/retrieve-all-invalid-emails",
            "endpoint": {"path": "/v3/suppression/invalid_emails", "incremental": BY_CREATED},
        },
        {
            "name": "unsubscribes",
            "kind": "event",
            "description": "An address whose owner wants no mail at all (a global suppression).",
            "documentation": f"{REFERENCE}/suppressions-global-suppressions",
            "endpoint": {"path": "/v3/suppression/unsubscribes", "incremental": BY_CREATED},
        },
    ],
    "deliverability": {
        "messages": {
            "id": "sg_message_id",
            "time": "sg_message_id_created_at",
            "sender": {"field": "from_email"},
            # what was dropped was not sent
            "only": {
                "field": "status",
                "values": ["processed", "delivered", "deferred", "bounced", "blocked"],
            },
            "recipient": "to_email",
        },
        # what bounced tells no message; the messages tell what became of them
        "bounces": {
            "resource": "messages",
            "time": "sg_message_id_created_at",
            "sender": {"field": "from_email"},
            "type": "status",
            "only": {"field": "status", "values": ["bounced", "blocked"]},
            "hard": ["bounced"],
            "soft": ["blocked"],
            "recipient": "to_email",
            "reason": "reason",
        },
        # they tell neither a message nor a sender
        "complaints": {"resource": "complaints", "time": "created", "recipient": "email"},
        "suppressed": [
            {"resource": resource, "recipient": "email"}
            for resource in ("bounces", "complaints", "invalid_emails", "unsubscribes")
        ],
        "domains": {
            "resource": "domains",
            "name": "domain",
            "dkim": "dns.dkim1.valid",
            "return_path": "dns.mail_cname.valid",
        },
    },
    "events": [
        # of what happened to a message, the last is known, and not when
        {"resource": "messages", "type": "status", "types": {"delivered": ["delivered"]}},
        {
            "resource": "unsubscribes",
            "time": "created",
            "event": "unsubscribed",
            "recipient": "email",
        },
    ],
}
"""SendGrid's API."""
