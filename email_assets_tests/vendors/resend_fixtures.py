"""An account at a server of Resend's shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from email_assets.clock import now
from email_assets_tests.vendors.resend_server import DAY, KEY, NOON, ResendServer

NAMES = ["bounces", "messages", "deliverystats", "received", "domains"]
HOUR = timedelta(hours=1)

Query = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def api(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ResendServer]:
    """An account with 1,000 messages, one an hour, and some bounces and domains."""
    with account() as running:
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "resend")
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", running.base_url)
        monkeypatch.setenv("SOURCES__EMAIL__RESEND__API_KEY", KEY)
        yield running


def account() -> ResendServer:
    api = ResendServer()
    for hours in range(1000, 0, -1):
        api.send(NOON - hours * HOUR)
    for minutes in range(150, 0, -1):
        api.suppress(NOON - minutes * HOUR, ("bounce", "complaint", "manual")[minutes % 3])
    api.received.append(
        {"id": "in0", "from": "ann@example.com", "created_at": api.emails[0]["created_at"]}
    )
    api.measure(now() - DAY, sent=5)
    for number in range(3):
        api.add_domain(f"mail{number}.example.com")
    return api


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(row["id"] for row in rows)


def loaded(query: Query, name: str) -> list[str]:
    return [key for (key,) in query(f"SELECT id FROM email.{name} ORDER BY id")]
