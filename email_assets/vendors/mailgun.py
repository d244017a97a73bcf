"""Mailgun: <https://documentation.mailgun.com/docs/mailgun/api-reference>.

Accounts in the EU set `base_url` to `https://api.eu.mailgun.net`. Bounces are kept for each domain
apart, so that every domain of the account is read. Messages are the events of the log: one message
has several, such as accepted, delivered and opened. Servers are the sub-accounts, which not every
plan has; what belongs to a sub-account is read with a key of its own. How long events are kept
depends on the plan; rows that vanish there stay in the warehouse.
"""

from email.utils import format_datetime

from email_assets.vendors import Secret, Vendor

AN_HOUR = 60 * 60
REFERENCE = "https://documentation.mailgun.com/docs/mailgun/api-reference"

VENDOR: Vendor = {
    "client": {
        "base_url": "https://api.mailgun.net",
        "auth": {
            "type": "http_basic",
            "username": "api",
            "password": Secret("sources.email.mailgun.api_key"),
        },
    },
    "resource_defaults": {
        "primary_key": "id",
        "write_disposition": "merge",
        "endpoint": {"data_selector": "items"},
    },
    "resources": [
        {
            "name": "bounces",
            "kind": "event",
            "description": "An address that bounced, to which a domain sends nothing any more.",
            "documentation": REFERENCE,
            "columns": {
                "code": {"description": "The SMTP status that the recipient's server gave."},
                "created_at": {"description": "When it bounced."},
            },
            "primary_key": ["domain", "address"],
            "for_each": {"resource": "domains", "id": "name", "label": "domain"},
            "endpoint": {
                # sorted by address and without a filter for time, so it is read whole
                "path": "/v3/{domain}/bounces",
                "params": {"limit": 1000},
                # there always is a next page, empty in the end
                "paginator": {"type": "json_link", "next_url_path": "paging.next"},
            },
        },
        {
            "name": "messages",
            "kind": "event",
            "description": "Something that happened to a message, such as its delivery.",
            "documentation": REFERENCE,
            # an id is unique within a day
            "primary_key": ["id", "@timestamp"],
            # its keys are the sender's own, and each would become a column
            "columns": {
                "event": {"description": "What happened, such as accepted, delivered or failed."},
                "@timestamp": {"description": "When it happened."},
                "user-variables": {"data_type": "json"},
            },
            "endpoint": {
                "path": "/v1/analytics/logs",
                "method": "POST",
                "json": {
                    # without a start, the API gives one day
                    "start": "Sat, 01 Jan 2000 00:00:00 +0000",
                    "pagination": {"sort": "timestamp:desc", "limit": 100},
                },
                "paginator": {
                    "type": "cursor",
                    "cursor_path": "pagination.next",
                    "cursor_body_path": "pagination.token",
                    "stop_after_empty_page": True,
                },
                "incremental": {
                    "cursor_path": "@timestamp",
                    "start_param": "start",
                    "end_param": "end",
                    "convert": format_datetime,
                    # events of the last half hour may still be missing
                    "lag": AN_HOUR,
                },
            },
        },
        {
            "name": "servers",
            "kind": "inventory",
            "description": "A sub-account, with domains, messages and keys of its own.",
            "documentation": REFERENCE,
            "endpoint": {
                "path": "/v5/accounts/subaccounts",
                "data_selector": "subaccounts",
                "paginator": {
                    "type": "offset",
                    "limit": 1000,
                    "offset_param": "skip",
                    "total_path": "total",
                },
            },
        },
        {
            "name": "domains",
            "kind": "inventory",
            "description": "A domain that the account sends from, and how far it is verified.",
            "documentation": REFERENCE,
            "columns": {
                "state": {"description": "Whether it may send."},
            },
            "never_load": ["smtp_password"],
            "endpoint": {
                "path": "/v4/domains",
                "paginator": {
                    "type": "offset",
                    "limit": 1000,
                    "offset_param": "skip",
                    "total_path": "total_count",
                },
            },
        },
    ],
}
"""Mailgun's API."""
