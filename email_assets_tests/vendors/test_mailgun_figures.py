"""Mailgun's figures, what became of its messages, and its lists of addresses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.clock import now
from email_assets.deliverability.daily import build_daily
from email_assets_tests.vendors.mailgun_fixtures import NEWS, SHOP, api
from email_assets_tests.vendors.mailgun_server import NOON, MailgunServer
from email_assets_tests.vendors.syncing import load

pytestmark = pytest.mark.slow

__all__ = ["api"]

Query = Callable[[str], list[tuple[Any, ...]]]


def test_figures_of_a_day_and_a_domain_are_columns_of_its_row(
    api: MailgunServer, query: Query
) -> None:
    report = load("deliverystats")

    assert (report.row_count, report.api_total) == (200, 200)
    day = (now() - timedelta(days=40)).date().isoformat()
    assert query(
        "SELECT domain, delivered_count, permanent_failed_count FROM email.deliverystats "
        f"WHERE time = '{day}'"
    ) == [(SHOP, 40, 1)]


@pytest.mark.parametrize("name", ["complaints", "unsubscribes"])
def test_lists_of_addresses_tell_when_each_was_added(
    name: str, api: MailgunServer, query: Query
) -> None:
    load(name)

    assert query(f"SELECT domain, created_at FROM email.{name} ORDER BY domain") == [
        (NEWS, NOON),
        (SHOP, NOON),
    ]


def test_what_became_of_messages_is_told_by_the_log(api: MailgunServer, query: Query) -> None:
    for event, severity in (
        ("accepted", None),
        ("accepted", None),
        ("failed", "permanent"),
        ("failed", "temporary"),
        ("complained", None),
    ):
        api.log(NOON, event)["severity"] = severity
    load("messages")

    build_daily(configured_account(), say=print)

    assert query(
        "SELECT sender, sent, hard, soft, complaints, other FROM email.deliverability_daily"
    ) == [(SHOP, 2, 1, 0, 1, 1)]
