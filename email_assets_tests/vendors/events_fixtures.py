"""An API of events, a vendor's file that describes it, and times."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from email_assets.clock import now
from email_assets_tests.vendors.events_server import DAY, KEY, EventsServer
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

__all__ = ["use_vendor"]


Query = Callable[[str], list[tuple[Any, ...]]]
Describe = Callable[..., None]

BOTH_ENDS = '"start_param": "from", "end_param": "to"'
VENDOR = """
from datetime import timedelta
from email_assets.vendors import NOW, Secret

VENDOR = {{
    "client": {{
        "base_url": "{base_url}",
        "auth": {{"type": "bearer", "token": Secret("sources.email.events.api_key")}},
    }},
    "resource_defaults": {{"primary_key": "id", "write_disposition": "merge"}},
    "resources": [
        {{
            "name": "events",
            "kind": "event",
            "description": "Something that happened.",
            {words}
            "endpoint": {{
                "path": "/events",
                "data_selector": "events",
                "paginator": "single_page",
                {endpoint}
                "incremental": {{"cursor_path": "at", {incremental}}},
            }},
        }},
    ],
}}
"""


@pytest.fixture
def api(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EventsServer]:
    with EventsServer() as running:
        monkeypatch.setenv("SOURCES__EMAIL__EVENTS__API_KEY", KEY)
        yield running


@pytest.fixture
def describe(api: EventsServer, use_vendor: UseVendor) -> Describe:
    """Describes the API in a vendor's file."""

    def described(incremental: str, *, words: str = "", endpoint: str = "") -> None:
        use_vendor(
            VENDOR.format(
                base_url=api.base_url, incremental=incremental, words=words, endpoint=endpoint
            )
        )

    return described


def days_ago(days: float) -> datetime:
    return now() - days * DAY
