"""The rows are believable, related, in order and always the same."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from email_assets.sandbox import Sandbox
from email_assets.sandbox.data import BOUNCE_TYPES, RESOURCES, iso
from email_assets_tests.sandbox.conftest import START, Clock, get, ids, page

SIZES = [0, 1, 10, 11, 12, 250, 5_000]


def rows_made(messages: int, seed: int = 1) -> dict[str, list[Any]]:
    sandbox = Sandbox(messages=messages, seed=seed, clock=Clock())
    return {resource: sandbox.rows(resource) for resource in RESOURCES}


rows_of = cache(rows_made)
"""The same, made once."""


@pytest.mark.parametrize("messages", SIZES)
def test_there_are_as_many_messages_as_asked_for_and_one_in_eleven_bounces(messages: int) -> None:
    rows = rows_of(messages)
    assert len(rows["messages"]) == messages
    assert len(rows["bounces"]) in (messages // 11, messages // 11 + 1)
    assert (len(rows["servers"]), len(rows["domains"])) == (5, 8)


@pytest.mark.parametrize("messages", SIZES)
def test_every_bounce_belongs_to_a_message_that_says_so(messages: int) -> None:
    rows = rows_of(messages)
    of_id = {message["id"]: message for message in rows["messages"]}
    for bounce in rows["bounces"]:
        message = of_id[bounce["message_id"]]
        assert message["status"] == "bounced"
        assert bounce["server_id"] == message["server_id"]
        assert bounce["email"] in [to["email"] for to in message["recipients"]]
        assert message["sent_at"] < bounce["bounced_at"]
    bounced = {message["id"] for message in rows["messages"] if message["status"] == "bounced"}
    assert bounced == {bounce["message_id"] for bounce in rows["bounces"]}


def test_every_message_belongs_to_a_server_and_a_domain_and_is_sent_from_it() -> None:
    rows = rows_of(250)
    domains = {domain["id"]: domain["name"] for domain in rows["domains"]}
    servers = ids(rows["servers"])
    for message in rows["messages"]:
        assert message["server_id"] in servers
        assert message["from"].endswith(f"@{domains[message['domain_id']]}")


@pytest.mark.parametrize("messages", SIZES)
def test_the_statistics_add_up_to_the_bounces(messages: int) -> None:
    rows = rows_of(messages)
    counted = {stat["type"]: stat["count"] for stat in rows["deliverystats"]}
    assert list(counted) == [type_.type for type_ in reversed(BOUNCE_TYPES)]
    assert Counter(counted) == Counter(bounce["type"] for bounce in rows["bounces"])


def test_bounces_are_of_the_types_in_their_shares() -> None:
    types = Counter(bounce["type"] for bounce in rows_of(1_100)["bounces"])
    assert types == {type_.type: type_.share for type_ in BOUNCE_TYPES}


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("messages", [0, 250, 5_000])
def test_ids_are_unique(resource: str, messages: int) -> None:
    numbers = ids(rows_of(messages)[resource])
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize(
    ("resource", "moment"), [("messages", "sent_at"), ("bounces", "bounced_at")]
)
@pytest.mark.parametrize("messages", [250, 5_000, 20_000])
def test_rows_come_newest_first_from_the_thirty_days_before_the_start(
    resource: str, moment: str, messages: int
) -> None:
    sandbox = Sandbox(messages=messages, clock=Clock())
    moments = [row[moment] for row in sandbox.rows(resource)]
    assert moments == sorted(moments, reverse=True)
    assert moments[0] <= iso(START.timestamp())
    assert moments[-1] >= iso((START - timedelta(days=30)).timestamp())


def test_a_message_has_one_to_three_recipients_on_example_domains() -> None:
    sizes: Counter[int] = Counter()
    for message in rows_of(5_000)["messages"]:
        recipients = message["recipients"]
        sizes[len(recipients)] += 1
        assert [to["type"] for to in recipients] == ["to", "cc", "bcc"][: len(recipients)]
        assert all(to["email"].endswith(".example") for to in recipients)
    assert sorted(sizes) == [1, 2, 3]


def test_only_opened_messages_count_opens() -> None:
    for message in rows_of(250)["messages"]:
        assert (message["opens"] > 0) == (message["status"] == "opened")


def test_one_seed_gives_the_same_rows_after_a_restart() -> None:
    assert rows_made(250, seed=7) == rows_made(250, seed=7)


def test_another_seed_gives_other_rows() -> None:
    assert not set(ids(rows_of(250, 1)["messages"])) & set(ids(rows_of(250, 2)["messages"]))


def test_a_message_keeps_its_contents_when_the_sandbox_starts_later_with_more_messages() -> None:
    few, many = rows_of(100)["messages"], rows_of(200)["messages"]
    oldest_first = zip(reversed(few), reversed(many), strict=False)
    assert all(a | {"sent_at": ""} == b | {"sent_at": ""} for a, b in oldest_first)


@pytest.mark.parametrize("resource", RESOURCES)
def test_pages_put_together_are_all_rows(sandbox: Sandbox, resource: str) -> None:
    rows: list[Any] = []
    while len(rows) < page(sandbox, resource, limit=1)["total"]:
        rows += page(sandbox, resource, offset=len(rows), limit=7)["data"]
    assert rows == sandbox.rows(resource)


def test_a_page_of_a_million_messages_is_computed_without_the_others() -> None:
    with Sandbox(messages=1_000_000) as sandbox:
        head = page(sandbox, "messages", limit=500)
        tail = page(sandbox, "messages", offset=999_999)
        assert (head["total"], len(head["data"]), len(tail["data"])) == (1_000_000, 500, 1)
        stats = page(sandbox, "deliverystats")["data"]
        assert sum(stat["count"] for stat in stats) == page(sandbox, "bounces", limit=1)["total"]


def test_a_page_beyond_the_end_is_empty(sandbox: Sandbox) -> None:
    assert page(sandbox, "messages", offset=10**17) == {"data": [], "total": 250}


def test_answers_are_json_with_a_length(sandbox: Sandbox) -> None:
    response = get(sandbox, "servers")
    assert response.headers["content-type"] == "application/json"
    assert response.headers["content-length"] == str(len(response.content))
