"""Postmark's resources, its servers and its tokens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from email_assets.account import configured_account
from email_assets.errors import KeyRefusedError
from email_assets.sync.pipeline import sync
from email_assets.warehouse.destination import open_pipeline
from email_assets_tests.vendors.postmark_fixtures import (
    HOUR,
    NAMES,
    NOON,
    Query,
    api,
    configure,
    load,
    loaded_ids,
    message_ids,
    read,
    server,
)
from email_assets_tests.vendors.postmark_server import ACCOUNT_TOKEN, PostmarkServer, Server
from email_assets_tests.vendors.syncing import contents_of

__all__ = ["api", "configure", "server"]


@pytest.fixture
def account(configure: Callable[..., None]) -> Iterator[PostmarkServer]:
    """An account of three servers, with the account's token alone."""
    with PostmarkServer(servers=3) as running:
        configure(running, None, ACCOUNT_TOKEN)
        yield running


class TestEveryResource:
    def test_bounces(self, api: PostmarkServer, server: Server, query: Query) -> None:
        for hours in range(3):
            server.bounce(NOON - hours * HOUR)

        report = load("bounces")

        assert query("SELECT server_id, id, inactive FROM email.bounces ORDER BY id") == [
            (1, bounce["ID"], True) for bounce in server.bounces
        ]
        assert (report.rows_listed, report.api_total, report.row_count) == (3, 3, 3)
        assert [asked.path for asked in api.requests] == ["/server", "/bounces"]

    def test_messages(self, api: PostmarkServer, server: Server, query: Query) -> None:
        for minutes in range(1_201):
            server.send(NOON - timedelta(minutes=minutes))

        report = load("messages")

        assert loaded_ids(query) == message_ids(server)
        assert query("SELECT DISTINCT server_id FROM email.messages") == [(1,)]
        assert (report.rows_listed, report.api_total, report.usage.requests) == (1_201, 1_201, 4)
        assert api.count("/messages/outbound") == 3

    @pytest.mark.usefixtures("api")
    def test_a_messages_time_is_an_instant(self, server: Server, query: Query) -> None:
        server.send(NOON + timedelta(microseconds=123456))

        load("messages")

        assert query(
            "SELECT received_at = TIMESTAMPTZ '2026-06-15 12:00:00.123456+00' FROM email.messages"
        ) == [(True,)]

    @pytest.mark.usefixtures("api")
    def test_the_senders_own_metadata_is_one_column(self, server: Server, query: Query) -> None:
        for minutes in range(50):
            server.send(NOON - timedelta(minutes=minutes))

        load("messages")

        columns = query(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_schema = 'email' AND table_name = 'messages' "
            "AND column_name LIKE 'metadata%'"
        )
        assert columns == [("metadata",)]
        assert query(
            "SELECT count(*) FROM email.messages WHERE metadata->>'their-own-key-7' = 'value'"
        ) == [(1,)]

    @pytest.mark.usefixtures("api")
    def test_recipients_become_a_table_below(self, server: Server, query: Query) -> None:
        server.send(NOON)

        load("messages")

        assert query("SELECT email FROM email.messages__to") == [("ann@example.org",)]

    def test_deliverystats(self, api: PostmarkServer, query: Query) -> None:
        load("deliverystats")

        assert query("SELECT server_id, name, count FROM email.deliverystats ORDER BY name") == [
            (1, "All", 3),
            (1, "Hard bounce", 2),
            (1, "Message delayed", 1),
        ]
        assert [asked.path for asked in api.requests] == ["/server", "/deliverystats"]

    @pytest.mark.parametrize("name", ["servers", "domains"])
    def test_the_accounts(self, name: str, api: PostmarkServer, query: Query) -> None:
        expected = {"servers": [(1, "Server 1")], "domains": [(11, "11.example.com")]}

        load(name)

        assert query(f"SELECT id, name FROM email.{name} ORDER BY id LIMIT 1") == expected[name]
        assert [asked.path for asked in api.requests] == [f"/{name}"]

    def test_a_page_is_asked_for_with_the_accept_header(self, api: PostmarkServer) -> None:
        load("domains")

        assert {asked.headers["Accept"] for asked in api.requests} == {"application/json"}


class TestSeveralServers:
    def test_the_bounces_of_each_carry_its_id(self, account: PostmarkServer, query: Query) -> None:
        for each in account.servers:
            for hours in range(each.id):
                each.bounce(NOON - hours * HOUR)

        report = load("bounces")

        found = query("SELECT server_id, count(*) FROM email.bounces GROUP BY 1 ORDER BY 1")
        assert found == [(1, 1), (2, 2), (3, 3)]
        assert (report.api_total, report.rows_listed, report.usage.requests) == (6, 6, 4)
        assert account.count("/servers") == 1
        assert account.count("/bounces") == 3

    def test_the_messages_of_each_carry_its_id(self, account: PostmarkServer, query: Query) -> None:
        for each in account.servers:
            each.send(NOON)

        load("messages")

        assert query("SELECT server_id, message_id FROM email.messages ORDER BY 1") == [
            (each.id, each.messages[0]["MessageID"]) for each in account.servers
        ]

    @pytest.mark.usefixtures("account")
    def test_statistics_of_the_same_name_are_one_row_for_each(self, query: Query) -> None:
        load("deliverystats")
        load("deliverystats")

        assert query(
            "SELECT server_id, count FROM email.deliverystats WHERE name = 'All' ORDER BY 1"
        ) == [(1, 3), (2, 6), (3, 9)]

    def test_the_second_sync_asks_each_for_what_is_new(self, account: PostmarkServer) -> None:
        for each in account.servers:
            each.send(NOON - each.id * HOUR)
        load("messages")
        account.requests.clear()

        load("messages")

        lists = [asked.query for asked in account.requests if asked.path == "/messages/outbound"]
        assert [query["fromdate"] for query in lists] == ["2026-06-14T07:00:00"] * 3

    def test_a_server_that_holds_too_much_is_split_by_itself(self, account: PostmarkServer) -> None:
        for each in account.servers:
            each.send(NOON)
        busy = account.servers[1]
        busy.send_many(NOON - timedelta(seconds=number) for number in range(10_000))

        rows, _ = read("messages", NOON - timedelta(seconds=10_000), NOON)

        for each in account.servers:
            found = {row["MessageID"] for row in rows if row["ServerID"] == each.id}
            assert sorted(found) == message_ids(each)

    def test_with_a_server_token_that_server_alone_is_read(
        self, account: PostmarkServer, configure: Callable[..., None], query: Query
    ) -> None:
        configure(account, account.servers[1].token, None)

        load("deliverystats")

        assert query("SELECT DISTINCT server_id FROM email.deliverystats") == [(2,)]
        assert [asked.path for asked in account.requests] == ["/server", "/deliverystats"]


class TestTokens:
    @pytest.mark.parametrize("name", ["servers", "domains"])
    def test_a_missing_account_token_is_named(
        self, name: str, account: PostmarkServer, configure: Callable[..., None]
    ) -> None:
        configure(account, account.servers[0].token, None)

        with pytest.raises(KeyRefusedError) as raised:
            load(name)

        assert str(raised.value) == (
            f"{name}: there is no API key. Set account_token of [sources.email.postmark] in "
            ".dlt/secrets.toml or the environment variable SOURCES__EMAIL__POSTMARK__ACCOUNT_TOKEN."
        )

    def test_without_any_token_both_ways_are_named(
        self, account: PostmarkServer, configure: Callable[..., None]
    ) -> None:
        configure(account, None, None)

        with pytest.raises(KeyRefusedError) as raised:
            load("bounces")

        assert str(raised.value) == (
            "bounces: there is no API key. Set server_token of [sources.email.postmark] in "
            ".dlt/secrets.toml or the environment variable SOURCES__EMAIL__POSTMARK__SERVER_TOKEN. "
            "Or: Set account_token of [sources.email.postmark] in "
            ".dlt/secrets.toml or the environment variable SOURCES__EMAIL__POSTMARK__ACCOUNT_TOKEN."
        )
        assert account.requests == []

    def test_a_refused_token_is_named(
        self, account: PostmarkServer, configure: Callable[..., None]
    ) -> None:
        configure(account, "no such token", None)

        with pytest.raises(KeyRefusedError) as raised:
            load("messages")

        assert str(raised.value) == (
            "messages: the API refused the key (401). Set server_token of [sources.email.postmark] "
            "in .dlt/secrets.toml or the environment variable "
            "SOURCES__EMAIL__POSTMARK__SERVER_TOKEN."
        )

    def test_no_token_is_in_the_warehouse_the_load_packages_or_the_log(
        self,
        account: PostmarkServer,
        warehouse: Path,
        caplog: pytest.LogCaptureFixture,
        capfd: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("RUNTIME__LOG_LEVEL", "DEBUG")
        caplog.set_level(logging.DEBUG)
        for each in account.servers:
            each.send(NOON)
            each.bounce(NOON)

        for name in NAMES:
            with open_pipeline(configured_account().warehouse, name) as pipeline:
                sync(configured_account(), pipeline, name, say=logging.getLogger("said").info)
                packages = contents_of(Path(pipeline.working_dir))
            # what is searched is there: the rows of the load package
            assert b"PAR1" in packages
            assert [secret for secret in account.secrets if secret.encode() in packages] == []

        stored = contents_of(warehouse.parent)
        told = caplog.text + "".join(capfd.readouterr())
        assert "GET /messages/outbound" in told
        assert [secret for secret in account.secrets if secret.encode() in stored] == []
        assert [secret for secret in account.secrets if secret in told] == []
