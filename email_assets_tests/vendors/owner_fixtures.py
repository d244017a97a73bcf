"""An account of several Postmark servers, of which some answer otherwise than they should."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from email_assets_tests.vendors.postmark_fixtures import HOUR, NOON, configure, message_ids
from email_assets_tests.vendors.postmark_rows import Server
from email_assets_tests.vendors.postmark_server import ACCOUNT_TOKEN, PostmarkServer

__all__ = ["configure"]

OpenAccount = Callable[[int], PostmarkServer]
MESSAGES = "/messages/outbound"


@pytest.fixture
def open_account(configure: Callable[..., None]) -> Iterator[OpenAccount]:
    """Makes an account of so many servers, each with a message of its own."""
    running: list[PostmarkServer] = []

    def start(servers: int) -> PostmarkServer:
        account = PostmarkServer(servers)
        running.append(account.__enter__())
        configure(account, None, ACCOUNT_TOKEN)
        for each in account.servers:
            each.send(NOON - each.id * HOUR)
        return account

    yield start
    for account in running:
        account.__exit__()


@pytest.fixture
def account(open_account: OpenAccount) -> PostmarkServer:
    """An account of three servers."""
    return open_account(3)


def fail(server: Server, status: int = 503) -> None:
    """Let all requests for a server's messages fail from now on, while its streams are listed."""
    server.streams_refused["outbound"] = status


def ids_of(account: PostmarkServer, *but: Server) -> list[str]:
    return sorted(key for each in account.servers if each not in but for key in message_ids(each))


def starts_of(account: PostmarkServer, server: Server) -> list[str | None]:
    """The starts that a server was asked for messages from."""
    return [
        asked.query.get("fromdate")
        for asked in account.requests
        if asked.path == MESSAGES and asked.headers["X-Postmark-Server-Token"] == server.token
    ]
