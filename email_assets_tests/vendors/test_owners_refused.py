"""One owner whose list the API refuses: the others load, and nothing of it is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from http import HTTPStatus

import pytest

from email_assets.account import configured_account
from email_assets.errors import KeyRefusedError, RefusedError
from email_assets.sync.glimpse import glimpse
from email_assets.sync.one_page import inquire
from email_assets.sync.span import Span
from email_assets_tests.vendors import mailgun_fixtures
from email_assets_tests.vendors.mailgun_fixtures import NEWS, SHOP
from email_assets_tests.vendors.mailgun_server import MailgunServer
from email_assets_tests.vendors.postmark_fixtures import (
    DAY,
    HOUR,
    NOON,
    Query,
    configure,
    evaluations,
    load,
    loaded_ids,
    message_ids,
)
from email_assets_tests.vendors.postmark_server import ACCOUNT_TOKEN, PostmarkServer
from email_assets_tests.vendors.serving import Answer, Asked

__all__ = ["configure"]

mailgun = mailgun_fixtures.api


@pytest.fixture
def account(configure: Callable[..., None]) -> Iterator[PostmarkServer]:
    """An account of three servers, each with a message of its own, and the account's token."""
    with PostmarkServer(servers=3) as running:
        configure(running, None, ACCOUNT_TOKEN)
        for each in running.servers:
            each.send(NOON - each.id * HOUR)
        yield running


def all_ids(account: PostmarkServer) -> list[str]:
    return sorted(key for each in account.servers for key in message_ids(each))


def asked_from(account: PostmarkServer) -> dict[str, str | None]:
    """The start that each server was asked for messages from, by its token."""
    return {
        str(asked.headers["X-Postmark-Server-Token"]): asked.query.get("fromdate")
        for asked in account.requests
        if asked.path == "/messages/outbound"
    }


def test_the_others_are_loaded_and_the_report_names_those_and_why(
    configure: Callable[..., None], query: Query
) -> None:
    statuses = (None, 401, 403, 404, 410, 422, None)
    with PostmarkServer(servers=len(statuses)) as account:
        configure(account, None, ACCOUNT_TOKEN)
        for server, status in zip(account.servers, statuses, strict=True):
            server.send(NOON - server.id * HOUR)
            server.refuses_with = status

        report = load("messages")

    answering = [server for server in account.servers if server.refuses_with is None]
    assert loaded_ids(query) == sorted(key for each in answering for key in message_ids(each))
    assert report.owners_refused == {
        f"servers {number}": f"{status} {HTTPStatus(status).phrase}"
        for number, status in enumerate(statuses, 1)
        if status
    }
    assert (report.rows_listed, report.api_total) == (2, 2)


def test_one_without_a_token_is_left_out_and_named(account: PostmarkServer, query: Query) -> None:
    account.servers[2].has_token = False

    report = load("messages")

    assert len(loaded_ids(query)) == 2
    assert report.owners_refused == {"servers 3": "no secret in ApiTokens"}


@pytest.mark.slow
def test_one_that_is_refused_on_its_second_page_keeps_the_first(
    account: PostmarkServer, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = account.servers[0]
    busy.send_many(NOON - timedelta(minutes=number) for number in range(700))
    answer = account.answer

    def refuse_later_pages(asked: Asked) -> Answer:
        found = answer(asked)
        if asked.path == "/messages/outbound":
            busy.refuses_with = 403
        return found

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(account, "answer", refuse_later_pages)
        report = load("messages")
    assert (report.row_count, list(report.owners_refused)) == (
        502,
        ["message_streams 1/outbound"],
    )

    busy.refuses_with = None
    load("messages")
    assert loaded_ids(query) == all_ids(account)


@pytest.mark.slow
def test_once_it_answers_again_it_is_read_from_where_it_was(
    account: PostmarkServer, query: Query
) -> None:
    load("messages")
    refused, others = account.servers[1], (account.servers[0], account.servers[2])
    refused.refuses_with = 403
    for days in (2, 4):
        for each in account.servers:
            each.send(NOON + days * DAY)
        load("messages")
    assert loaded_ids(query) != all_ids(account)

    refused.refuses_with = None
    account.requests.clear()
    report = load("messages")

    assert loaded_ids(query) == all_ids(account)
    assert report.owners_refused == {}
    starts = asked_from(account)
    assert starts[refused.token] == "2026-06-14T07:00:00"
    assert {starts[each.token] for each in others} == {"2026-06-18T08:00:00"}
    account.requests.clear()
    load("messages")
    assert set(asked_from(account).values()) == {"2026-06-18T08:00:00"}


@pytest.mark.slow
@pytest.mark.parametrize("how", ["refused", "without a token"])
def test_one_that_was_refused_from_the_beginning_is_read_whole(
    account: PostmarkServer, query: Query, how: str
) -> None:
    account.servers[0].refuses_with = 401 if how == "refused" else None
    account.servers[0].has_token = how == "refused"
    load("messages")
    load("messages")

    account.servers[0].refuses_with, account.servers[0].has_token = None, True
    account.requests.clear()
    load("messages")

    assert loaded_ids(query) == all_ids(account)
    assert asked_from(account)[account.servers[0].token] is None


@pytest.mark.slow
def test_a_full_refresh_that_is_refused_an_owner_does_not_forget_it(
    account: PostmarkServer, query: Query
) -> None:
    load("messages")
    account.servers[1].refuses_with = 403
    load("messages", Span(full_refresh=True))

    account.servers[1].refuses_with = None
    account.requests.clear()
    load("messages")

    assert asked_from(account)[account.servers[1].token] is None
    assert loaded_ids(query) == all_ids(account)


def test_a_backfill_that_is_refused_an_owner_is_made_good(account: PostmarkServer) -> None:
    load("messages")
    account.servers[1].refuses_with = 403
    load("messages", Span.parse(False, "2026-05-01", "2026-05-31"))

    account.servers[1].refuses_with = None
    account.requests.clear()
    load("messages")

    assert asked_from(account)[account.servers[1].token] == "2026-04-30T20:00:00"


def test_if_all_are_refused_the_sync_fails_with_the_reason(account: PostmarkServer) -> None:
    for each in account.servers:
        each.refuses_with = 401
    with pytest.raises(KeyRefusedError, match=r"^messages: the API refused the key \(401\)\. "):
        load("messages")


def test_if_none_has_a_token_the_sync_fails_and_names_one(account: PostmarkServer) -> None:
    for each in account.servers:
        each.has_token = False
    with pytest.raises(RefusedError, match=r"^messages: servers 1 comes without a secret in"):
        load("messages")


def test_complete_warns_and_names_the_owner(account: PostmarkServer) -> None:
    account.servers[1].refuses_with = 403

    found = evaluations("messages")

    assert found["primary_key"].passed
    assert not found["complete"].passed
    assert found["complete"].description == (
        "messages: the API refused the rows of servers 2 (403 Forbidden). Those of the others are "
        "loaded. Give the key the right to read them; then they are read from where they were."
    )


def test_a_domain_that_is_refused_leaves_the_others(mailgun: MailgunServer, query: Query) -> None:
    mailgun.refused = {NEWS: 404}

    report = load("bounces")

    assert query("SELECT DISTINCT domain FROM email.bounces") == [(SHOP,)]
    assert report.owners_refused == {f"domains {NEWS}": "404 Not Found"}


def test_a_glimpse_and_a_check_pass_over_one_that_is_refused(account: PostmarkServer) -> None:
    account.servers[0].refuses_with = 403
    newest = account.servers[1].messages[0]["MessageID"]
    last = account.servers[2].messages[0]["MessageID"]

    head = glimpse(configured_account(), "messages", say=lambda _: None)
    found = inquire(configured_account(), configured_account().resources["messages"])

    assert (head.total, head.newest) == (2, f"{newest} {last}")
    assert found.failure == ""
    assert found.page
    assert found.page.rows[0]["MessageID"] == newest


def test_an_owner_that_the_list_gives_twice_is_read_once(
    account: PostmarkServer, query: Query
) -> None:
    account.servers.append(account.servers[0])

    load("messages")

    assert len(loaded_ids(query)) == 3
    assert account.count("/messages/outbound") == 3
