"""The views of what happened to messages, and to whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from email_assets.deliverability.events import EVENT_COLUMNS, RECIPIENT_COLUMNS
from email_assets.sandbox import Sandbox
from email_assets_tests.deliverability.deliverability_fixtures import KINDS, build
from email_assets_tests.queries import WAREHOUSES, fresh_place
from email_assets_tests.warehouses import Query, change, columns_of, fresh_warehouse, load

Loaded = tuple[Sandbox, Query]
TYPES = {"hard": "bounced", "soft": "bounced", "complaints": "complained"}


@pytest.fixture(scope="module", params=WAREHOUSES)
def loaded(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Loaded]:
    """The sandbox in a warehouse, whose table of messages was renamed and loaded anew."""
    folder = tmp_path_factory.mktemp("events")
    place = fresh_place(folder, request)
    with Sandbox(messages=600) as sandbox, fresh_warehouse(folder, sandbox, place) as query:
        for name in ("messages", "bounces", "domains"):
            load(name)
        build()
        change(place, "ALTER TABLE email.messages RENAME TO messages_of_old")
        load("messages")
        build()
        yield sandbox, query


def expected(sandbox: Sandbox) -> Counter[tuple[Any, ...]]:
    """The events by type, message, recipient, sender and reason, made without SQL."""
    domains = {domain["id"]: domain["name"] for domain in sandbox.rows("domains")}
    senders = {row["id"]: domains[row["domain_id"]] for row in sandbox.rows("messages")}
    found = Counter[tuple[Any, ...]]()
    for message in sandbox.rows("messages"):
        for recipient in message["recipients"]:
            key = message["id"]
            found["sent", key, recipient["email"].lower(), senders[key], None] += 1
    for bounce in sandbox.rows("bounces"):
        if type_ := TYPES.get(KINDS[bounce["type"]]):
            key, address = bounce["message_id"], bounce["email"].lower()
            found[type_, key, address, senders[key], bounce["description"]] += 1
    return found


@pytest.mark.slow
def test_they_tell_what_the_api_lists(loaded: Loaded) -> None:
    sandbox, query = loaded

    told = query("SELECT type, message, recipient, sender, reason FROM email.email_events")

    assert Counter(told) == expected(sandbox)


@pytest.mark.slow
def test_times_accounts_and_the_vendors_own_types_are_told(loaded: Loaded) -> None:
    sandbox, query = loaded
    bounce = next(row for row in sandbox.rows("bounces") if row["type"] == "HardBounce")

    told = query(
        "SELECT time, account, vendor, subtype FROM email.email_events "
        f"WHERE type = 'bounced' AND message = '{bounce['message_id']}'"
    )

    at = datetime.fromisoformat(bounce["bounced_at"].replace("Z", "+00:00"))
    assert told == [(at, "", "generic", "HardBounce")]


def test_recipients_are_counted_by_what_happened(loaded: Loaded) -> None:
    sandbox, query = loaded
    counts = Counter[tuple[str, str]]()
    for (type_, _, recipient, *_), count in expected(sandbox).items():
        counts[recipient, type_] += count

    told = query("SELECT recipient, sent, bounced, complained FROM email.recipients")

    addresses = {recipient for recipient, _ in counts}
    types = ("sent", "bounced", "complained")
    assert {recipient: tuple(rest) for recipient, *rest in told} == {
        address: tuple(counts[address, type_] for type_ in types) for address in addresses
    }


def test_their_columns_are_those_that_are_described(loaded: Loaded) -> None:
    _, query = loaded

    assert columns_of(query, "email_events") == list(EVENT_COLUMNS)
    assert columns_of(query, "recipients") == list(RECIPIENT_COLUMNS)
