"""The vendor-neutral email API: `GET /v1/<resource>`, rows under `data`, pages by offset."""

from email_assets.vendors import Secret, Vendor

VENDOR: Vendor = {
    "client": {
        "base_url": "https://api.example.com",
        "auth": {
            "type": "api_key",
            "name": "api_key",
            "api_key": Secret("api_key"),
            "location": "query",
        },
    },
    "resource_defaults": {
        "primary_key": "id",
        "write_disposition": "merge",
        "endpoint": {
            "data_selector": "data",
            "paginator": {"type": "offset", "limit": 100},
        },
    },
    "resources": [
        {
            "name": "bounces",
            "kind": "event",
            "description": "A message that could not be delivered to one of its recipients.",
            "endpoint": {"path": "/v1/bounces"},
        },
        {
            "name": "messages",
            "kind": "event",
            "description": "A message sent through the service, with its recipients and status.",
            "endpoint": {"path": "/v1/messages"},
        },
        {
            "name": "deliverystats",
            "kind": "event",
            "description": "How many deliveries failed, for each type of bounce.",
            "endpoint": {"path": "/v1/deliverystats"},
        },
        {
            "name": "servers",
            "kind": "inventory",
            "description": "A mail server of the account, through which its messages go out.",
            "endpoint": {"path": "/v1/servers"},
        },
        {
            "name": "domains",
            "kind": "inventory",
            "description": "A domain that the account sends from, and how far it is verified.",
            "endpoint": {"path": "/v1/domains"},
        },
    ],
    "deliverability": {
        # rows need no more than an id to be loaded
        "optional": True,
        "messages": {
            "id": "id",
            "time": "sent_at",
            "sender": {"field": "domain_id", "resource": "domains", "id": "id", "name": "name"},
        },
        "bounces": {
            "time": "bounced_at",
            "message": "message_id",
            "type": "type",
            "hard": ["HardBounce"],
            "soft": ["SoftBounce", "Blocked", "DnsError"],
            "complaint": ["SpamComplaint"],
        },
    },
}
