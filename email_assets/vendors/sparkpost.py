"""SparkPost: <https://developers.sparkpost.com/api>.

Accounts in the EU set `base_url` to `https://api.eu.sparkpost.com`. Messages are events: one
message has several, such as injection, delivery and open. Events are kept for ten days, so a
sync that pauses longer misses some for good. Servers are the sub-accounts; what is theirs stands
in all lists beside what is the account's own.
"""

from datetime import datetime, timedelta
from typing import Any

from dlt.sources.rest_api.typing import IncrementalConfig, JSONLinkPaginatorConfig

from email_assets.vendors import Secret, Vendor

A_DAY = 24 * 60 * 60
REFERENCE = "https://developers.sparkpost.com/api"
FIGURES = (
    "count_sent,count_targeted,count_injected,count_accepted,count_delivered,count_bounce,"
    "count_hard_bounce,count_soft_bounce,count_block_bounce,count_admin_bounce,"
    "count_undetermined_bounce,count_rejected,count_spam_complaint,count_rendered,"
    "count_unique_rendered,count_clicked,count_unique_clicked,count_unsubscribe"
)


def as_midnight(instant: datetime) -> str:
    """The beginning of a day, so that its figures are those of all of it."""
    return instant.strftime("%Y-%m-%dT00:00")


def with_list(row: dict[str, Any]) -> dict[str, Any]:
    """A suppression, which says of which list and sub-account it is only if it is one of any."""
    whose = str(row.get("subaccount_id") or "0")
    return {**row, "list_id": row.get("list_id") or "", "subaccount_id": whose}


NEXT: JSONLinkPaginatorConfig = {"type": "json_link", "next_url_path": "links.next"}
LISTED_NEXT: JSONLinkPaginatorConfig = {
    "type": "json_link",
    "next_url_path": "links[?(@.rel == 'next')].href",
}
BY_TIMESTAMP: IncrementalConfig = {
    "cursor_path": "timestamp",
    "start_param": "from",
    "end_param": "to",
    # without a start, the API gives one day
    "initial_value": timedelta(days=10),
    "lag": A_DAY,
}

VENDOR: Vendor = {
    "client": {
        "base_url": "https://api.sparkpost.com",
        "auth": {
            "type": "api_key",
            "name": "Authorization",
            "api_key": Secret("sources.email.sparkpost.api_key"),
            "location": "header",
        },
    },
    "resource_defaults": {
        "primary_key": "event_id",
        "write_disposition": "merge",
        "endpoint": {"data_selector": "results", "paginator": NEXT},
    },
    "resources": [
        {
            "name": "bounces",
            "kind": "event",
            "description": "A message that bounced, when it was sent or later.",
            "documentation": f"{REFERENCE}/events/",
            "total_path": "total_count",
            "columns": {
                "bounce_class": {"description": "Why it bounced, as a number."},
                "raw_reason": {"description": "What the recipient's server said."},
                "rcpt_meta": {"data_type": "json"},
                "rcpt_tags": {"data_type": "json"},
            },
            "endpoint": {
                "path": "/api/v1/events/message",
                "params": {"cursor": "initial", "per_page": 10000, "events": "bounce,out_of_band"},
                "incremental": BY_TIMESTAMP,
            },
        },
        {
            "name": "messages",
            "kind": "event",
            "description": "Something that happened to a message, such as its delivery.",
            "documentation": f"{REFERENCE}/events/",
            "total_path": "total_count",
            "columns": {
                "type": {"description": "What happened, such as injection, delivery or open."},
                "timestamp": {"description": "When it happened."},
                # their keys are the sender's own, and each would become a column
                "rcpt_meta": {"data_type": "json"},
                "rcpt_tags": {"data_type": "json"},
            },
            "endpoint": {
                "path": "/api/v1/events/message",
                "params": {"cursor": "initial", "per_page": 10000},
                "incremental": BY_TIMESTAMP,
            },
        },
        {
            "name": "deliverystats",
            "kind": "event",
            "description": "What happened on a day: how many messages were delivered, opened, …",
            "documentation": f"{REFERENCE}/metrics/",
            "columns": {"ts": {"description": "The day, in UTC."}},
            "primary_key": "ts",
            "endpoint": {
                "path": "/api/v1/metrics/deliverability/time-series",
                "params": {"precision": "day", "timezone": "UTC", "metrics": FIGURES},
                "paginator": "single_page",
                "incremental": {
                    "cursor_path": "ts",
                    "start_param": "from",
                    "end_param": "to",
                    "initial_value": timedelta(days=180),
                    "convert": as_midnight,
                    "lag": 3 * A_DAY,
                },
            },
        },
        {
            "name": "servers",
            "kind": "inventory",
            "description": "A sub-account, with mail and statistics of its own.",
            "documentation": f"{REFERENCE}/subaccounts/",
            "columns": {"status": {"description": "Whether it may send."}},
            "primary_key": "id",
            "endpoint": {"path": "/api/v1/subaccounts", "params": {"per_page": 100}},
        },
        {
            "name": "domains",
            "kind": "inventory",
            "description": "A domain that the account sends from, and how far it is verified.",
            "documentation": f"{REFERENCE}/sending-domains/",
            "columns": {"status__dkim_status": {"description": "Whether its DKIM key is valid."}},
            "primary_key": "domain",
            "never_load": ["dkim.private"],
            "endpoint": {"path": "/api/v1/sending-domains", "paginator": "single_page"},
        },
        {
            "name": "suppressions",
            "kind": "event",
            "description": "An address that gets no mail any more, or none of one kind.",
            "documentation": f"{REFERENCE}/suppression-list/",
            "columns": {
                "source": {"description": "Why, such as Bounce Rule or Spam Complaint."},
                "subaccount_id": {"description": "The sub-account; 0 is the account itself."},
            },
            "primary_key": ["recipient", "type", "list_id", "subaccount_id"],
            "processing_steps": [{"map": with_list}],
            "total_path": "total_count",
            "endpoint": {
                "path": "/api/v1/suppression-list",
                "params": {"cursor": "initial", "per_page": 10000},
                "paginator": LISTED_NEXT,
                "incremental": {
                    "cursor_path": "updated",
                    "start_param": "from",
                    "end_param": "to",
                    "lag": A_DAY,
                },
            },
        },
    ],
    "deliverability": {
        "messages": {
            "id": "message_id",
            "time": "timestamp",
            "sender": {"field": "friendly_from"},
            "only": {"field": "type", "values": ["injection"]},
            "recipient": "rcpt_to",
            "tag": "campaign_id",
        },
        # among the events of messages are complaints, too
        "bounces": {
            "resource": "messages",
            "time": "timestamp",
            "sender": {"field": "friendly_from"},
            "type": ["bounce_class", "type"],
            "only": {"field": "type", "values": ["bounce", "out_of_band", "spam_complaint"]},
            "hard": ["10", "30", "90"],
            "soft": [
                *("20", "21", "22", "23", "24", "40", "60", "70", "100"),
                *("50", "51", "52", "53", "54"),  # blocks
            ],
            "complaint": ["spam_complaint"],
            "recipient": "rcpt_to",
            "tag": "campaign_id",
            "reason": ["raw_reason", "reason"],
        },
        "suppressed": [{"resource": "suppressions", "recipient": "recipient"}],
        "domains": {"resource": "domains", "name": "domain", "dkim": "status.dkim_status"},
    },
    "events": [
        {
            "resource": "messages",
            "type": "type",
            "types": {
                "delivered": ["delivery"],
                "opened": ["open", "initial_open", "amp_open", "amp_initial_open"],
                "clicked": ["click", "amp_click"],
                "unsubscribed": ["list_unsubscribe", "link_unsubscribe"],
            },
        },
    ],
}
"""SparkPost's API."""
