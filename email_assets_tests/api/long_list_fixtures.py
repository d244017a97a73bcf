"""A list that is read ahead, and a vendor's file to say in which way it is listed."""

from __future__ import annotations

LONG = 2345
"""Rows of a list that is read ahead."""
PAGES = [0, *range(99, LONG - 1, 99)]
"""The offsets of its pages, each of which repeats a row."""


VENDOR = """
from email_assets.vendors import Secret
VENDOR = {
    "client": {
        "base_url": "http://127.0.0.1:8025",
        "auth": {
            "type": "api_key", "name": "api_key", "api_key": Secret("api_key"), "location": "query"
        },
    },
    "resource_defaults": {
        "primary_key": "id",
        "write_disposition": "merge",
        "endpoint": {"data_selector": "data", "paginator": {"type": "offset", "limit": 100}},
    },
    "resources": [
        {
            "name": "messages",
            "kind": "event",
            "description": "A message.",
            %s
        },
        {
            "name": "domains",
            "kind": "inventory",
            "description": "A domain.",
            "endpoint": {"path": "/v1/domains"},
        },
    ],
}
"""
