"""Resend: <https://resend.com/docs/api-reference>.

Lists come newest first, 100 rows a page, and cannot be asked for a stretch of time, so a sync
reads from the newest row back to where the last one left off; statistics can. Bounces are the
addresses that are suppressed since they bounced. There are no servers. An API key needs full
access: one that may only send is refused (401). Five requests a second are allowed; beyond, a 429
says how long to wait.
"""

from email_assets.vendors import Secret, Vendor

A_DAY = 24 * 60 * 60

VENDOR: Vendor = {
    "client": {
        "base_url": "https://api.resend.com",
        "auth": {"type": "bearer", "token": Secret("sources.email.resend.api_key")},
    },
    "resource_defaults": {
        "primary_key": "id",
        "write_disposition": "merge",
        "endpoint": {
            "data_selector": "data",
            "params": {"limit": 100},
            "paginator": {
                "type": "cursor",
                "cursor_path": "data[-1].id",
                "cursor_param": "after",
                "has_more_path": "has_more",
            },
        },
    },
    "resources": [
        {
            "name": "bounces",
            "kind": "event",
            "description": "An address that bounced, to which nothing is sent any more.",
            "columns": {
                "email": {"description": "The address that bounced."},
                "created_at": {"description": "When it was suppressed."},
            },
            "endpoint": {
                "path": "/suppressions",
                "params": {"limit": 100, "origin": "bounce"},
                # rows do not change; the day is for those that appear late
                "incremental": {"cursor_path": "created_at", "row_order": "desc", "lag": A_DAY},
            },
        },
        {
            "name": "messages",
            "kind": "event",
            "description": "A message that was sent, and the last thing that happened to it.",
            "documentation": "https://resend.com/docs/api-reference/emails/list-emails",
            # null in most accounts: without a type, dlt warns at every sync
            "columns": {
                "last_event": {"description": "What happened to it last, such as delivered."},
                "created_at": {"description": "When Resend took it over."},
                "cc": {"data_type": "json"},
                "bcc": {"data_type": "json"},
                "reply_to": {"data_type": "json"},
                "scheduled_at": {"data_type": "timestamp"},
            },
            "endpoint": {
                "path": "/emails",
                # last_event changes while a message is delivered, opened and clicked
                "incremental": {"cursor_path": "created_at", "row_order": "desc", "lag": 3 * A_DAY},
            },
        },
        {
            "name": "deliverystats",
            "kind": "event",
            "description": "What happened on a day at a domain: how many were delivered, opened, …",
            "documentation": "https://resend.com/docs/api-reference/emails/get-metrics",
            "columns": {
                "period": {"description": "The day, in UTC."},
                "sent": {"description": "Messages that were sent."},
                "bounced_permanent": {"description": "Messages that were refused for good."},
            },
            "primary_key": ["period", "domain_id"],
            "endpoint": {
                "path": "/emails/metrics",
                "params": {"dimensions": "period,domain", "granularity": "daily"},
                "paginator": "single_page",
                "incremental": {
                    "cursor_path": "period",
                    "start_param": "start_date",
                    "end_param": "end_date",
                    # without a start, the API gives seven days; it gives what the plan keeps
                    "initial_value": "2023-01-01",
                    "convert": "{:%Y-%m-%d}".format,
                    "lag": 3 * A_DAY,
                },
            },
        },
        {
            "name": "received",
            "kind": "event",
            "description": "A message that came in, without what it says.",
            "documentation": "https://resend.com/docs/api-reference/emails/list-received-emails",
            "columns": {
                "created_at": {"description": "When it came."},
                "cc": {"data_type": "json"},
                "bcc": {"data_type": "json"},
                "reply_to": {"data_type": "json"},
                "attachments": {"data_type": "json"},
            },
            "endpoint": {
                "path": "/emails/receiving",
                # rows do not change; the day is for those that appear late
                "incremental": {"cursor_path": "created_at", "row_order": "desc", "lag": A_DAY},
            },
        },
        {
            "name": "domains",
            "kind": "inventory",
            "description": "A domain that the account sends from, and how far it is verified.",
            "documentation": "https://resend.com/docs/api-reference/domains/list-domains",
            "columns": {
                "status": {"description": "How far it is verified."},
            },
            "endpoint": {"path": "/domains"},
        },
    ],
    "deliverability": {
        "messages": {
            "id": "id",
            "time": "created_at",
            "sender": {"field": "from"},
            "recipient": "to",
        },
        # a list of addresses tells no message; of a message, its last event is known
        "bounces": {
            "resource": "messages",
            "time": "created_at",
            "sender": {"field": "from"},
            "type": "last_event",
            "only": {"field": "last_event", "values": ["bounced", "complained"]},
            "hard": ["bounced"],
            "complaint": ["complained"],
            "recipient": "to",
        },
        "suppressed": [{"resource": "bounces", "recipient": "email"}],
    },
    "events": [
        # of what happened to a message, the last is known, and not when
        {
            "resource": "messages",
            "type": "last_event",
            "types": {name: [name] for name in ("delivered", "opened", "clicked")},
        },
    ],
}
"""Resend's API."""
