"""Mailgun: <https://documentation.mailgun.com/docs/mailgun/api-reference>.

Accounts in the EU set `base_url` to `https://api.eu.mailgun.net`. Bounces are kept for each domain
apart, so that every domain of the account is read. Messages are the events of the log: one message
has several, such as accepted, delivered and opened. Servers are the sub-accounts, which not every
plan has: the log and the statistics hold what is theirs, too, and `mailgun_subaccounts` the rest.
How long events are kept depends on the plan; rows that vanish there stay in the warehouse.
"""

from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from dlt.common.schema.typing import TColumnSchema
from dlt.sources.rest_api.typing import OffsetPaginatorConfig

from email_assets.instants import as_utc
from email_assets.vendors import ForEach, Secret, Vendor, VendorResource
from email_assets.vendors.meanings import Sender

AN_HOUR = 60 * 60
A_DAY = 24 * AN_HOUR
REFERENCE = "https://documentation.mailgun.com/docs/mailgun/api-reference"

FIGURES = [
    f"{name}_count"
    for name in (
        *("accepted_outgoing", "delivered", "permanent_failed", "temporary_failed"),
        *("hard_bounces", "soft_bounces", "complained", "unsubscribed"),
        *("unique_opened", "unique_clicked"),
    )
]


def at_midnight(instant: datetime) -> str:
    """The beginning of a day, so that its figures are those of all of it."""
    return format_datetime(instant.replace(hour=0, minute=0, second=0, microsecond=0))


def with_time(row: dict[str, Any]) -> dict[str, Any]:
    """An event with its time once more: as a part of the key, `@timestamp` is text."""
    return {**row, "happened_at": row.get("@timestamp")}


def one_row_a_day_and_domain(row: dict[str, Any]) -> dict[str, Any]:
    """Figures side by side, with the day and the domain that they are of."""
    of = {part["dimension"]: part["value"] for part in row["dimensions"]}
    return {"time": as_utc(of["time"]).date().isoformat(), "domain": of["domain"], **row["metrics"]}


EACH_DOMAIN: ForEach = {"resource": "domains", "id": "name", "label": "domain"}
A_DOMAIN: Sender = {"field": "domain.name"}
SKIPPING: OffsetPaginatorConfig = {"type": "offset", "limit": 1000, "offset_param": "skip"}


def addresses(
    name: str, description: str, columns: dict[str, TColumnSchema] | None = None
) -> VendorResource:
    """A domain's list of addresses: sorted by them and without a filter for time, so read whole."""
    return {
        "name": name,
        "kind": "event",
        "description": description,
        "documentation": REFERENCE,
        "columns": {"created_at": {"data_type": "timestamp"}, **(columns or {})},
        "primary_key": ["domain", "address"],
        "for_each": EACH_DOMAIN,
        "endpoint": {
            "path": f"/v3/{{domain}}/{name}",
            "params": {"limit": 1000},
            # there always is a next page, empty in the end
            "paginator": {"type": "json_link", "next_url_path": "paging.next"},
        },
    }


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
        addresses(
            "bounces",
            "An address that bounced, to which a domain sends nothing any more.",
            {
                "code": {"description": "The SMTP status that the recipient's server gave."},
                "created_at": {"data_type": "timestamp", "description": "When it bounced."},
            },
        ),
        {
            "name": "messages",
            "kind": "event",
            "description": "Something that happened to a message, such as its delivery.",
            "documentation": REFERENCE,
            # an id is unique within a day
            "primary_key": ["id", "@timestamp"],
            "columns": {
                "event": {"description": "What happened, such as accepted, delivered or failed."},
                "happened_at": {"data_type": "timestamp", "description": "When it happened."},
                # its keys are the sender's own, and each would become a column
                "user-variables": {"data_type": "json"},
            },
            "processing_steps": [{"map": with_time}],
            "total_path": "pagination.total",
            "endpoint": {
                "path": "/v1/analytics/logs",
                "method": "POST",
                "json": {
                    "include_subaccounts": True,
                    "include_totals": True,
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
                    # without a start, the API gives one day
                    "initial_value": "2000-01-01",
                    # events of the last half hour may still be missing
                    "lag": AN_HOUR,
                },
            },
        },
        {
            "name": "deliverystats",
            "kind": "event",
            "description": "What happened on a day at a domain: how many were delivered, opened, …",
            "documentation": REFERENCE,
            "columns": {
                "time": {"description": "The day, in UTC."},
                "permanent_failed_count": {"description": "Messages that failed for good."},
            },
            "primary_key": ["time", "domain"],
            "processing_steps": [{"map": one_row_a_day_and_domain}],
            "endpoint": {
                "path": "/v1/analytics/metrics",
                "method": "POST",
                "json": {
                    "resolution": "day",
                    "dimensions": ["time", "domain"],
                    "metrics": FIGURES,
                    "include_subaccounts": True,
                    "pagination": {"sort": "time:asc"},
                },
                "paginator": {
                    "type": "offset",
                    "limit": 100,
                    "offset_body_path": "pagination.skip",
                    "limit_body_path": "pagination.limit",
                    "total_path": "pagination.total",
                },
                "incremental": {
                    "cursor_path": "time",
                    "start_param": "start",
                    "end_param": "end",
                    "convert": at_midnight,
                    # without a start, the API gives seven days
                    "initial_value": timedelta(days=365),
                    "lag": 3 * A_DAY,
                },
            },
        },
        addresses("complaints", "An address whose owner called a message of a domain spam."),
        addresses(
            "unsubscribes",
            "An address whose owner wants no mail of a domain, or not of some tags.",
            {"tags": {"data_type": "json"}},
        ),
        {
            "name": "servers",
            "kind": "inventory",
            "description": "A sub-account, with domains, messages and keys of its own.",
            "documentation": REFERENCE,
            "endpoint": {
                "path": "/v5/accounts/subaccounts",
                "data_selector": "subaccounts",
                "paginator": {**SKIPPING, "total_path": "total"},
            },
        },
        {
            "name": "domains",
            "kind": "inventory",
            "description": "A domain that the account sends from, and how far it is verified.",
            "documentation": REFERENCE,
            "columns": {"state": {"description": "Whether it may send."}},
            "never_load": ["smtp_password"],
            "endpoint": {
                "path": "/v4/domains",
                "paginator": {**SKIPPING, "total_path": "total_count"},
            },
        },
    ],
    "deliverability": {
        # an event has no more than its kind needs
        "optional": True,
        "messages": {
            "id": "message.headers.message-id",
            "time": "happened_at",
            "sender": A_DOMAIN,
            "only": {"field": "event", "values": ["accepted"]},
            "recipient": "recipient",
        },
        # a list of addresses tells no message
        "bounces": {
            "resource": "messages",
            "time": "happened_at",
            "sender": A_DOMAIN,
            # what failed is permanent or temporary, which is a delay
            "type": ["severity", "event"],
            "only": {"field": "event", "values": ["failed", "complained"]},
            "hard": ["permanent"],
            "complaint": ["complained"],
            "recipient": "recipient",
            "reason": ["delivery-status.message", "delivery-status.description"],
        },
        "suppressed": [
            {"resource": resource, "recipient": "address"}
            for resource in ("bounces", "complaints", "unsubscribes")
        ],
    },
    "events": [
        {
            "resource": "messages",
            "type": "event",
            "types": {name: [name] for name in ("delivered", "opened", "clicked", "unsubscribed")},
        },
    ],
}
"""Mailgun's API."""
