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
            "columns": {
                "id": {"description": "The bounce."},
                "message_id": {"description": "The message that bounced."},
                "server_id": {"description": "The server that it went out through."},
                "type": {"description": "Why it bounced, such as HardBounce."},
                "email": {"description": "The recipient."},
                "description": {"description": "What the recipient's server said."},
                "bounced_at": {"description": "When the bounce was reported."},
                "inactive": {"description": "Whether nothing is sent to the address any more."},
            },
            "endpoint": {"path": "/v1/bounces"},
        },
        {
            "name": "messages",
            "kind": "event",
            "description": "A message sent through the service, with its recipients and status.",
            "columns": {
                "id": {"description": "The message, which bounces name as message_id."},
                "server_id": {"description": "The server that it went out through."},
                "domain_id": {"description": "The domain that it was sent from."},
                "from": {"description": "The sender's address."},
                "recipients.email": {"description": "The recipient's address."},
                "recipients.type": {"description": "Whether it is to, cc or bcc."},
                "subject": {"description": "Its subject."},
                "status": {"description": "The last thing that happened to it."},
                "tag": {"description": "What the sender calls this kind of message."},
                "sent_at": {"description": "When the service took it over."},
                "opens": {"description": "How often it was opened."},
            },
            "endpoint": {"path": "/v1/messages"},
        },
        {
            "name": "deliverystats",
            "kind": "event",
            "description": "How many deliveries failed, for each type of bounce.",
            "columns": {
                "type": {"description": "The type of bounce."},
                "name": {"description": "The type in words."},
                "count": {"description": "Bounces of this type."},
            },
            "endpoint": {"path": "/v1/deliverystats"},
        },
        {
            "name": "servers",
            "kind": "inventory",
            "description": "A mail server of the account, through which its messages go out.",
            "columns": {
                "id": {"description": "The server, which messages and bounces name as server_id."},
                "name": {"description": "The server's name."},
                "delivery_type": {
                    "description": "Whether messages are really sent (live) or not (sandbox)."
                },
            },
            "endpoint": {"path": "/v1/servers"},
        },
        {
            "name": "domains",
            "kind": "inventory",
            "description": "A domain that the account sends from, and how far it is verified.",
            "columns": {
                "id": {"description": "The domain, which messages name as domain_id."},
                "name": {"description": "The domain's name."},
                "spf_verified": {"description": "Whether its SPF record lets the service send."},
                "dkim_verified": {"description": "Whether its DKIM key is published."},
                "return_path": {"description": "Where bounces are sent to."},
                "return_path_verified": {"description": "Whether its return path is published."},
            },
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
            "recipient": "recipients.email",
            "tag": "tag",
        },
        "bounces": {
            "time": "bounced_at",
            "message": "message_id",
            "type": "type",
            "hard": ["HardBounce"],
            "soft": ["SoftBounce", "Blocked", "DnsError"],
            "complaint": ["SpamComplaint"],
            "recipient": "email",
            "reason": "description",
        },
        "suppressed": [
            {
                "resource": "bounces",
                "recipient": "email",
                "only": {"field": "inactive", "values": ["true"]},
            }
        ],
        "domains": {
            "resource": "domains",
            "name": "name",
            "spf": "spf_verified",
            "dkim": "dkim_verified",
            "return_path": "return_path_verified",
        },
    },
}
