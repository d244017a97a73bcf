"""Postmark: <https://postmarkapp.com/developer/api/overview>.

Servers and domains belong to the account and want its token, everything else belongs to a server
and wants the server's. With `server_token` set, that server is read. With `account_token` alone,
every server of the account is, each with the first of its own tokens, which `/servers` gives.

Limits, as the API documents them: pages of 500; `count` + `offset` up to 10,000 for bounces and
messages, so that a stretch of time that holds more is read in parts. Rows vanish when the server's
retention ends, after 45 days by default, and stay in the warehouse. Asked without a
`messagestream`, the API may give the stream `outbound` alone, so that bounces and messages are read
stream by stream: every server's, archived ones too, but for inbound ones.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

from dlt.common.schema.typing import TColumnSchema
from dlt.sources.rest_api import typing as rest_api

from email_assets.vendors import Vendor
from email_assets.vendors.meanings import Sender
from email_assets.vendors.postmark_owners import ACCOUNT_TOKEN, EACH_SERVER, EACH_STREAM, token_of

EASTERN = ZoneInfo("America/New_York")
A_DAY = 24 * 60 * 60


def as_eastern(instant: datetime) -> str:
    """An instant as `fromdate` and `todate` want it: US Eastern wall time without an offset.

    The API finds nothing at all for a time with an offset.
    """
    return instant.astimezone(EASTERN).strftime("%Y-%m-%dT%H:%M:%S")


EVERY_ROW: rest_api.OffsetPaginatorConfig = {
    "type": "offset",
    "limit": 500,
    "limit_param": "count",
    "total_path": "TotalCount",
}
OF_A_STREAM: rest_api.Endpoint = {
    "params": {"messagestream": "{MessageStream}"},
    "paginator": {**EVERY_ROW, "maximum_offset": 10_000},
}
BY_DATE: rest_api.IncrementalConfig = {
    "start_param": "fromdate",
    "end_param": "todate",
    "convert": as_eastern,
}
# their addresses may hold a user and a password
HOOKS = [f"{event}HookUrl" for event in ("Inbound", "Bounce", "Open", "Delivery", "Click")]
# whoever knows it can write to the server's inbox
INBOX = ["InboundHash", "InboundAddress"]
IN_ONE: rest_api.Endpoint = {"paginator": "single_page"}
DAYS: rest_api.Endpoint = {**IN_ONE, "data_selector": "Days"}
A_DATE: TColumnSchema = {"description": "The day, in US Eastern time."}
STATS = "https://postmarkapp.com/developer/api/stats-api"

A_SERVER: Sender = {"field": "ServerID", "resource": "servers", "id": "ID", "name": "Name"}

# Transient is a delay, and what SpamNotification tells of was delivered
SOFT = ["SoftBounce", "Blocked", "DnsError", "DMARCPolicy"]
VENDOR: Vendor = {
    "client": {
        "base_url": "https://api.postmarkapp.com",
        "headers": {"Accept": "application/json"},
        "auth": token_of("server"),
    },
    "resource_defaults": {
        "primary_key": "ID",
        "write_disposition": "merge",
        "endpoint": {"paginator": EVERY_ROW},
    },
    "resources": [
        {
            "name": "bounces",
            "kind": "event",
            "description": "A message that bounced, and whether its address is inactive since.",
            "documentation": "https://postmarkapp.com/developer/api/bounce-api",
            "columns": {
                "Type": {"description": "Why it bounced, such as HardBounce."},
                "Email": {"description": "The recipient."},
                "Inactive": {"description": "Whether nothing is sent to the address any more."},
                "CanActivate": {"description": "Whether the address can be activated again."},
                "ServerID": {"description": "The server that it went out through."},
            },
            # nothing says that an ID is unique beyond its server
            "primary_key": ["ServerID", "ID"],
            "for_each": EACH_STREAM,
            "endpoint": {
                **OF_A_STREAM,
                "path": "/bounces",
                "data_selector": "Bounces",
                "incremental": {
                    "cursor_path": "BouncedAt",
                    **BY_DATE,
                    # an address that was inactive is activated days later
                    "lag": 7 * A_DAY,
                },
            },
        },
        {
            "name": "messages",
            "kind": "event",
            "description": "A message that the server took over to send, and how far it is.",
            "documentation": "https://postmarkapp.com/developer/api/messages-api",
            "primary_key": "MessageID",
            "for_each": EACH_STREAM,
            "columns": {
                "Status": {"description": "How far it is: Queued, Sent or Processed."},
                "ReceivedAt": {"description": "When Postmark took it over."},
                "Tag": {"description": "What the sender calls this kind of message."},
                "ServerID": {"description": "The server that it went out through."},
                # its keys are the sender's own, and each would become a column
                "Metadata": {"data_type": "json"},
            },
            "endpoint": {
                **OF_A_STREAM,
                "path": "/messages/outbound",
                "data_selector": "Messages",
                "incremental": {
                    "cursor_path": "ReceivedAt",
                    **BY_DATE,
                    # Status goes from Queued to Sent
                    "lag": A_DAY,
                },
            },
        },
        {
            "name": "deliverystats",
            "kind": "event",
            "description": "How many of a server's messages bounced, for each type of bounce.",
            "documentation": "https://postmarkapp.com/developer/api/bounce-api",
            "columns": {
                "Type": {"description": "The type of bounce; none in the row of all types."},
                "Count": {"description": "Bounces of this type."},
            },
            # the row of all types has a Name and no Type
            "primary_key": ["ServerID", "Name"],
            "for_each": EACH_SERVER,
            "endpoint": {**IN_ONE, "path": "/deliverystats", "data_selector": "Bounces"},
        },
        {
            "name": "outbound_sends",
            "kind": "event",
            "description": "How many messages a server sent on a day, of all its streams.",
            "documentation": STATS,
            "columns": {"Date": A_DATE, "Sent": {"description": "Messages that were sent."}},
            "primary_key": ["ServerID", "Date"],
            "for_each": EACH_SERVER,
            "endpoint": {**DAYS, "path": "/stats/outbound/sends"},
        },
        {
            "name": "outbound_bounces",
            "kind": "event",
            "description": "How many of a server's messages bounced on a day, a column a type.",
            "documentation": STATS,
            "columns": {"Date": A_DATE},
            "primary_key": ["ServerID", "Date"],
            "for_each": EACH_SERVER,
            "endpoint": {**DAYS, "path": "/stats/outbound/bounces"},
        },
        {
            "name": "message_streams",
            "kind": "inventory",
            "description": "A stream of a server's messages: transactional, broadcast or inbound.",
            "documentation": "https://postmarkapp.com/developer/api/message-streams-api",
            "columns": {
                "MessageStreamType": {"description": "Transactional, Broadcasts or Inbound."},
            },
            # an ID such as outbound is one of every server
            "primary_key": ["ServerID", "ID"],
            "for_each": EACH_SERVER,
            "endpoint": {
                **IN_ONE,
                "path": "/message-streams",
                "params": {"MessageStreamType": "All", "IncludeArchivedStreams": "true"},
                "data_selector": "MessageStreams",
            },
        },
        {
            "name": "suppressions",
            "kind": "inventory",
            "description": "An address that a stream sends nothing to any more, and why.",
            "documentation": "https://postmarkapp.com/developer/api/suppressions-api",
            "columns": {"Origin": {"description": "Who stopped it: Recipient, Customer or Admin."}},
            "primary_key": ["ServerID", "MessageStream", "EmailAddress"],
            "for_each": EACH_STREAM,
            "endpoint": {
                **IN_ONE,
                "path": "/message-streams/{MessageStream}/suppressions/dump",
                "data_selector": "Suppressions",
            },
        },
        {
            "name": "servers",
            "kind": "inventory",
            "description": "A server of the account: its name, its settings and its streams' link.",
            "documentation": "https://postmarkapp.com/developer/api/servers-api",
            "columns": {"DeliveryType": {"description": "Live, or Sandbox, which sends nothing."}},
            "never_load": ["ApiTokens", *HOOKS, *INBOX],
            "endpoint": {"path": "/servers", "data_selector": "Servers", "auth": ACCOUNT_TOKEN},
        },
        {
            "name": "domains",
            "kind": "inventory",
            "description": "A domain that the account sends from, and how far it is verified.",
            "documentation": "https://postmarkapp.com/developer/api/domains-api",
            "columns": {
                "SPFVerified": {"description": "Whether its SPF record lets Postmark send."},
                "DKIMVerified": {"description": "Whether its DKIM key is published."},
            },
            "endpoint": {"path": "/domains", "data_selector": "Domains", "auth": ACCOUNT_TOKEN},
        },
    ],
    "deliverability": {
        "messages": {
            "id": "MessageID",
            "time": "ReceivedAt",
            "sender": A_SERVER,
            "recipient": "Recipients",
            "tag": "Tag",
        },
        "bounces": {
            "time": "BouncedAt",
            "message": "MessageID",
            "sender": A_SERVER,
            "type": "Type",
            "hard": ["HardBounce", "BadEmailAddress"],
            "soft": SOFT,
            "complaint": ["SpamComplaint"],
            "recipient": "Email",
            "tag": "Tag",
            "reason": "Details",
        },
        "suppressed": [{"resource": "suppressions", "recipient": "EmailAddress"}],
        # Postmark asks for no SPF record any more, and calls SPFVerified deprecated
        "domains": {
            "resource": "domains",
            "name": "Name",
            "dkim": "DKIMVerified",
            "return_path": "ReturnPathDomainVerified",
        },
    },
    "events": [
        {"resource": "bounces", "type": "Type", "types": {"unsubscribed": ["Unsubscribe"]}},
    ],
}
"""Postmark's API."""
