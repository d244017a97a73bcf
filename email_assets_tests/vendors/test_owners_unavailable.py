"""One owner whose list no attempt brings: the others load, and nothing of it is forgotten."""

from __future__ import annotations

import pytest

from email_assets.account import configured_account
from email_assets.api.owner import MOST_IN_A_ROW
from email_assets.errors import ApiUnavailableError, KeyRefusedError
from email_assets.sync.glimpse import glimpse
from email_assets.sync.one_page import inquire
from email_assets_tests.vendors.owner_fixtures import (
    MESSAGES,
    OpenAccount,
    account,
    configure,
    fail,
    ids_of,
    open_account,
    starts_of,
)
from email_assets_tests.vendors.postmark_fixtures import DAY, NOON, Query, evaluations, loaded_ids
from email_assets_tests.vendors.postmark_server import PostmarkServer
from email_assets_tests.vendors.serving import Answer, Asked
from email_assets_tests.vendors.syncing import load

__all__ = ["account", "configure", "open_account"]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (500, "500 Internal Server Error"),
        (502, "502 Bad Gateway"),
        (503, "503 Service Unavailable"),
        (504, "504 Gateway Timeout"),
    ],
)
def test_after_three_attempts_the_others_are_loaded_and_the_report_names_it(
    account: PostmarkServer, query: Query, status: int, reason: str
) -> None:
    failing, waits = account.servers[1], list[float]()
    fail(failing, status)

    report = load("messages", waits=waits)

    assert loaded_ids(query) == ids_of(account, failing)
    assert report.owners_unavailable == {"message_streams 2/outbound": reason}
    assert (report.owners_refused, report.rows_listed, report.api_total) == ({}, 2, 2)
    assert (len(starts_of(account, failing)), waits) == (3, [2.0, 4.0])


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"", "an empty body"), (b'{"TotalCo', "a body that is no JSON, or a part of it")],
)
def test_one_whose_answers_are_broken_is_no_other(
    account: PostmarkServer,
    query: Query,
    monkeypatch: pytest.MonkeyPatch,
    body: bytes,
    reason: str,
) -> None:
    failing, answer = account.servers[0], account.answer

    def broken(asked: Asked) -> Answer:
        is_its = asked.headers["X-Postmark-Server-Token"] == failing.token
        return Answer(200, body) if is_its and asked.path == MESSAGES else answer(asked)

    monkeypatch.setattr(account, "answer", broken)
    report = load("messages")

    assert loaded_ids(query) == ids_of(account, failing)
    assert report.owners_unavailable == {"message_streams 1/outbound": reason}


@pytest.mark.slow
def test_a_server_whose_streams_cannot_be_listed_leaves_the_others(
    account: PostmarkServer, query: Query
) -> None:
    load("messages")
    failing = account.servers[2]
    failing.refuses_with = 503
    for each in account.servers:
        each.send(NOON + DAY)

    report = load("messages")

    assert report.owners_unavailable == {"servers 3": "503 Service Unavailable"}
    failing.refuses_with = None
    load("messages")
    assert loaded_ids(query) == ids_of(account)


@pytest.mark.slow
def test_once_it_answers_again_it_is_read_from_where_it_was(
    account: PostmarkServer, query: Query
) -> None:
    load("messages")
    failing, *others = account.servers
    fail(failing)
    for days in (2, 4):
        for each in account.servers:
            each.send(NOON + days * DAY)
        load("messages")
    assert loaded_ids(query) != ids_of(account)

    failing.streams_refused.clear()
    account.requests.clear()
    report = load("messages")

    assert loaded_ids(query) == ids_of(account)
    assert report.owners_unavailable == {}
    assert starts_of(account, failing) == ["2026-06-14T07:00:00"]
    assert starts_of(account, others[0]) == ["2026-06-18T08:00:00"]


def test_if_none_answers_the_sync_fails_with_the_reason(account: PostmarkServer) -> None:
    for each in account.servers:
        fail(each)
    with pytest.raises(
        ApiUnavailableError, match=r"^messages: \S+ answered 503 Service Unavailable\. Tried 3"
    ):
        load("messages")


def test_if_some_are_refused_and_the_others_do_not_answer_the_sync_fails(
    account: PostmarkServer,
) -> None:
    for each, status in zip(account.servers, (401, 503, 503), strict=True):
        fail(each, status)
    with pytest.raises(KeyRefusedError):
        load("messages")


def test_so_many_in_a_row_are_taken_for_an_api_that_is_down(open_account: OpenAccount) -> None:
    account = open_account(MOST_IN_A_ROW + 5)
    for each in account.servers[1:]:
        fail(each)
    with pytest.raises(ApiUnavailableError):
        load("messages")
    assert len(starts_of(account, account.servers[-1])) <= 1


@pytest.mark.slow
def test_as_many_among_others_are_left_out(open_account: OpenAccount, query: Query) -> None:
    account = open_account(2 * MOST_IN_A_ROW + 4)
    failing = account.servers[::2]
    for each in failing:
        fail(each)

    report = load("messages")

    assert loaded_ids(query) == ids_of(account, *failing)
    assert len(report.owners_unavailable) == MOST_IN_A_ROW + 2


def test_an_api_that_allows_no_more_requests_fails_the_sync(account: PostmarkServer) -> None:
    fail(account.servers[1], 429)
    with pytest.raises(ApiUnavailableError, match="429 Too Many Requests"):
        load("messages")


@pytest.mark.slow
def test_complete_warns_and_names_those_that_fail_and_those_that_are_refused(
    account: PostmarkServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNTIME__REQUEST_BACKOFF_FACTOR", "0.001")
    fail(account.servers[1])
    fail(account.servers[2], 403)

    found = evaluations("messages")

    assert found["primary_key"].passed
    assert not found["complete"].passed
    assert found["complete"].description == (
        "messages: the API refused the rows of message_streams 3/outbound (403 Forbidden) and "
        "failed to give the rows of message_streams 2/outbound (503 Service Unavailable). Those "
        "of the others are loaded. Give the key the right to read them; then they are read from "
        "where they were. Once the API gives them, they are read from where they were; ask its "
        "provider if it does not."
    )


def test_a_glimpse_and_a_check_pass_over_one_that_fails(account: PostmarkServer) -> None:
    fail(account.servers[0])
    newest = [each.messages[0]["MessageID"] for each in account.servers[1:]]

    head = glimpse(configured_account(), "messages", say=lambda _: None)
    found = inquire(configured_account(), configured_account().resources["messages"])

    assert (head.total, head.newest) == (2, " ".join(newest))
    assert found.failure == ""
    assert found.page
    assert found.page.rows[0]["MessageID"] == newest[0]


def test_a_glimpse_fails_if_none_answers(account: PostmarkServer) -> None:
    for each in account.servers:
        fail(each)
    with pytest.raises(ApiUnavailableError):
        glimpse(configured_account(), "messages", say=lambda _: None)
