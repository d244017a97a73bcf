"""SendGrid: what is its own way of giving rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from email_assets.clock import now
from email_assets.errors import ApiError, KeyRefusedError
from email_assets_tests.vendors.sendgrid_server import KEY, SendGridServer, message
from email_assets_tests.vendors.syncing import load

pytestmark = pytest.mark.slow

Query = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def api(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SendGridServer]:
    with SendGridServer() as running:
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "sendgrid")
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", running.base_url)
        monkeypatch.setenv("SOURCES__EMAIL__SENDGRID__API_KEY", KEY)
        yield running


def test_figures_of_a_day_are_columns_of_its_row(api: SendGridServer, query: Query) -> None:
    load("deliverystats")

    today = now().date().isoformat()
    assert query(
        f"SELECT requests, delivered, blocks FROM email.deliverystats WHERE date = '{today}'"
    ) == [(9, 7, 1)]


def test_bounces_tell_when_they_came(api: SendGridServer, query: Query) -> None:
    load("bounces")

    assert query("SELECT typeof(created) FROM email.bounces LIMIT 1") == [
        ("TIMESTAMP WITH TIME ZONE",)
    ]


def test_messages_beyond_a_thousand_are_read_in_parts(api: SendGridServer, query: Query) -> None:
    first = now() - timedelta(days=2)
    for number in range(1_000, 3_000):
        api.rows["messages"].append(message(number, first + number * timedelta(seconds=7)))

    load("messages")

    assert query("SELECT count(*) FROM email.messages") == [(2_520,)]


def test_a_second_of_more_than_a_thousand_messages_is_an_error(api: SendGridServer) -> None:
    at = now() - timedelta(days=2)
    api.rows["messages"] = [message(number, at) for number in range(1_300)]

    with pytest.raises(ApiError, match=r"^messages: the API has at least 1000 rows for the time "):
        load("messages")


def test_an_address_that_bounces_again_stays_one_row(api: SendGridServer, query: Query) -> None:
    load("bounces")
    again = api.rows["bounces"].pop(1)
    api.rows["bounces"].insert(0, {**again, "created": int(now().timestamp())})

    load("bounces")

    assert query("SELECT count(*), count(DISTINCT email) FROM email.bounces") == [(520, 520)]


def test_a_key_that_is_refused_is_named(
    api: SendGridServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__SENDGRID__API_KEY", "wrong")

    with pytest.raises(KeyRefusedError, match=r"SOURCES__EMAIL__SENDGRID__API_KEY\.$"):
        load("bounces")
