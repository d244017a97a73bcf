"""The rows that an owner misses while it is refused are made good, or told where they cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from email_assets.clock import now
from email_assets_tests.defs.sensor_fixtures import put_clock_ahead
from email_assets_tests.vendors.postmark_fixtures import (
    DAY,
    HOUR,
    NOON,
    Query,
    configure,
    evaluations,
)
from email_assets_tests.vendors.postmark_server import ACCOUNT_TOKEN, PostmarkServer
from email_assets_tests.vendors.syncing import load
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor
from email_assets_tests.warehouses import change

__all__ = ["configure", "use_vendor"]

KEEPS_45_DAYS = """
from copy import deepcopy
from datetime import timedelta

from email_assets.vendors import postmark

VENDOR = deepcopy(postmark.VENDOR)
for resource in VENDOR["resources"]:
    if resource["name"] == "messages":
        resource["endpoint"]["incremental"]["initial_value"] = timedelta(days=45)
"""


@pytest.fixture
def account(configure: Callable[..., None]) -> Iterator[PostmarkServer]:
    """An account of three servers, with the account's token alone."""
    with PostmarkServer(servers=3) as running:
        configure(running, None, ACCOUNT_TOKEN)
        yield running


@pytest.fixture
def keeps_45_days(account: PostmarkServer, use_vendor: UseVendor) -> None:
    """The vendor's file says so, and each server has a message of the day before yesterday."""
    use_vendor(KEEPS_45_DAYS)
    for each in account.servers:
        each.send(now() - 2 * DAY)


@pytest.mark.slow
@pytest.mark.usefixtures("keeps_45_days")
@pytest.mark.parametrize("syncs_before", [0, 1], ids=["from the beginning", "later"])
def test_rows_that_the_api_keeps_no_more_when_it_is_back_are_told_once(
    account: PostmarkServer, monkeypatch: pytest.MonkeyPatch, syncs_before: int
) -> None:
    for _ in range(syncs_before):
        load("messages")
    began, away = now(), account.servers[1].streams_refused
    away["outbound"] = 403
    load("messages")
    for _ in range(2):
        put_clock_ahead(monkeypatch, 30 * DAY)
        account.servers[0].send(now() - DAY)
        assert load("messages").stretches_missed == {}

    away.clear()
    said: list[str] = []
    report = load("messages", say=said.append)

    title = "message_streams 2/outbound"
    assert list(report.stretches_missed) == [title]
    gap = report.stretches_missed[title]
    start, end = map(datetime.fromisoformat, gap.split(" to "))
    assert began <= start < began + HOUR
    assert timedelta(0) < now() - 45 * DAY + 2 * HOUR - end < 2 * HOUR
    assert said[-1] == (
        f"messages: {title} could not be read for longer than the API looks back, so rows of {gap} "
        "were not asked for, and may be missing for good."
    )
    assert load("messages").stretches_missed == {}


@pytest.mark.slow
@pytest.mark.usefixtures("keeps_45_days")
def test_complete_warns_of_them(account: PostmarkServer, monkeypatch: pytest.MonkeyPatch) -> None:
    load("messages")
    account.servers[1].refuses_with = 403
    load("messages")
    put_clock_ahead(monkeypatch, 60 * DAY)
    account.servers[1].refuses_with = None

    found = evaluations("messages")

    assert not found["complete"].passed
    assert (found["complete"].description or "").startswith(
        "messages: message_streams 2/outbound could not be read for longer than the API looks back,"
    )


@pytest.mark.slow
@pytest.mark.usefixtures("keeps_45_days")
def test_one_without_new_rows_that_was_away_for_a_moment_misses_nothing(
    account: PostmarkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("messages")
    put_clock_ahead(monkeypatch, 60 * DAY)
    load("messages")
    account.servers[1].refuses_with = 403
    load("messages")
    account.servers[1].refuses_with = None
    assert load("messages").stretches_missed == {}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("resource", "dropped"),
    [("messages", "subject"), ("messages__to", "name"), ("deliverystats", "count")],
)
def test_a_column_that_is_dropped_meanwhile_is_filled(
    account: PostmarkServer, warehouse: Path, query: Query, resource: str, dropped: str
) -> None:
    name = resource.partition("__")[0]
    for each in account.servers:
        each.send(NOON)
    load(name)
    empty = f"SELECT count(*) FROM email.{resource} WHERE {dropped} IS NULL"
    before = query(empty)
    away = account.servers[1]
    away.refuses_with = 403
    change(warehouse, f"ALTER TABLE email.{resource} DROP COLUMN {dropped}")
    load(name)
    assert query(empty) != before

    away.refuses_with = None
    load(name)

    assert query(empty) == before
    assert load(name).rows_loaded == 0
