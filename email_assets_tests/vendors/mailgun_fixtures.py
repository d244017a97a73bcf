"""An account at a server of Mailgun's shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from email_assets.clock import now
from email_assets_tests.vendors.mailgun_server import KEY, MINUTE, NOON, MailgunServer

NAMES = [
    "bounces",
    "messages",
    "deliverystats",
    "complaints",
    "unsubscribes",
    "servers",
    "domains",
]
NEWS, SHOP = "news.example.com", "shop.example.com"

Query = Callable[[str], list[tuple[Any, ...]]]

LOGS = "/v1/analytics/logs"


@pytest.fixture
def api(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailgunServer]:
    """An account with two domains, their bounces, 250 events and two sub-accounts."""
    with account() as running:
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "mailgun")
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", running.base_url)
        monkeypatch.setenv("SOURCES__EMAIL__MAILGUN__API_KEY", KEY)
        yield running


def account() -> MailgunServer:
    api = MailgunServer()
    for domain in (NEWS, SHOP):
        api.add_domain(domain)
        api.bounce(domain, "both@example.com")
    for number in range(1199):
        api.bounce(NEWS, f"gone{number:04}@example.com")
    for minutes in range(250, 0, -1):
        api.log(NOON - minutes * MINUTE)
    for days in range(200, 0, -1):
        api.measure(now() - timedelta(days=days), SHOP, delivered=days)
    for name in ("north", "south"):
        api.add_subaccount(name)
    return api


def paths(api: MailgunServer) -> list[str]:
    return [asked.path for asked in api.requests]
