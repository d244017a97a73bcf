"""Postmark: a real server of its shape, a real warehouse, exact rows and requests."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from email_assets.api.errors import ApiError, KeyRefusedError
from email_assets.api.windows import Window
from email_assets.assets import DLT_RESOURCE, build_assets
from email_assets.checks import build_checks
from email_assets.pipeline import SyncReport, sync
from email_assets.source import Listing, open_listing
from email_assets.span import Span
from email_assets.warehouse import open_pipeline
from email_assets_tests.conftest import PROJECT
from email_assets_tests.dagster_fixtures import command, figures, new_home
from email_assets_tests.vendors.postmark_server import ACCOUNT_TOKEN, PostmarkServer, Server

Query = Callable[[str], list[tuple[Any, ...]]]

NAMES = ["bounces", "messages", "deliverystats", "servers", "domains"]
NOON = datetime(2026, 6, 15, 12, tzinfo=timezone.utc)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SPRING_FORWARD = datetime(2026, 3, 8, 7, tzinfo=timezone.utc)
"""Eastern clocks go from 2:00 to 3:00."""
FALL_BACK = datetime(2026, 11, 1, 6, tzinfo=timezone.utc)
"""Eastern clocks go from 2:00 back to 1:00."""


@pytest.fixture
def configure(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets a server as the API to load, and those tokens that are given."""

    def set_up(api: PostmarkServer, server_token: str | None, account_token: str | None) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "postmark")
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", api.base_url)
        tokens = {"SERVER_TOKEN": server_token, "ACCOUNT_TOKEN": account_token}
        for name, token in tokens.items():
            variable = f"SOURCES__EMAIL__POSTMARK__{name}"
            if token is None:
                monkeypatch.delenv(variable, raising=False)
            else:
                monkeypatch.setenv(variable, token)

    return set_up


@pytest.fixture
def api(configure: Callable[..., None]) -> Iterator[PostmarkServer]:
    """An account of one server, with both tokens set."""
    with PostmarkServer() as running:
        configure(running, running.servers[0].token, ACCOUNT_TOKEN)
        yield running


@pytest.fixture
def server(api: PostmarkServer) -> Server:
    """The one server of the account."""
    return api.servers[0]


@pytest.fixture
def account(configure: Callable[..., None]) -> Iterator[PostmarkServer]:
    """An account of three servers, with the account's token alone."""
    with PostmarkServer(servers=3) as running:
        configure(running, None, ACCOUNT_TOKEN)
        yield running


def load(name: str, span: Span | None = None) -> SyncReport:
    """Sync a resource, and tell what the sync did."""
    with open_pipeline(name) as pipeline:
        return sync(pipeline, name, say=lambda _: None, span=span or Span()).report


def read(name: str, start: datetime, end: datetime | None) -> tuple[list[dict[str, Any]], Listing]:
    """The rows that a sync would hand to the warehouse, in the order they came."""
    listing = open_listing(name, say=lambda _: None)
    listing.paginator.window = Window(start, end)
    with listing.session:
        return list(listing.source), listing


def message_ids(server: Server) -> list[str]:
    return sorted(message["MessageID"] for message in server.messages)


def loaded_ids(query: Query) -> list[str]:
    return [key for (key,) in query("SELECT message_id FROM email.messages ORDER BY message_id")]


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


class TestSecondSync:
    def test_it_asks_for_what_is_new_less_the_look_back(
        self, api: PostmarkServer, server: Server
    ) -> None:
        for days in range(3):
            server.send(NOON - days * DAY)
        load("messages")
        api.requests.clear()

        report = load("messages")

        (asked,) = (asked for asked in api.requests if asked.path == "/messages/outbound")
        assert asked.query == {"count": "500", "offset": "0", "fromdate": "2026-06-14T08:00:00"}
        assert (report.rows_received, report.rows_listed, report.api_total) == (2, 2, 2)
        assert report.row_count == 3

    @pytest.mark.usefixtures("api")
    def test_it_finds_what_came_in_between(self, server: Server, query: Query) -> None:
        server.send(NOON)
        load("messages")
        server.send(NOON + HOUR)

        load("messages")

        assert loaded_ids(query) == message_ids(server)

    @pytest.mark.usefixtures("api")
    def test_a_bounce_that_changes_within_the_look_back_is_updated(
        self, server: Server, query: Query
    ) -> None:
        changing = server.bounce(NOON - 6 * DAY)
        server.bounce(NOON)
        load("bounces")
        changing["Inactive"] = False

        load("bounces")

        assert query("SELECT inactive FROM email.bounces ORDER BY bounced_at") == [
            (False,),
            (True,),
        ]

    @pytest.mark.usefixtures("api")
    def test_a_row_that_vanished_upstream_stays(self, server: Server, query: Query) -> None:
        server.send(NOON - 60 * DAY)
        server.send(NOON)
        load("messages")
        kept = message_ids(server)
        server.messages[:] = server.messages[1:]

        load("messages")
        load("messages", Span(full_refresh=True))

        assert loaded_ids(query) == kept


class TestManyMessages:
    def test_25_000_in_one_month_are_loaded_once_each_and_the_checks_are_green(
        self, api: PostmarkServer, server: Server, query: Query
    ) -> None:
        server.send_many(NOON - number * timedelta(days=30) / 25_000 for number in range(25_000))

        result = materialize("messages")

        assert loaded_ids(query) == message_ids(server)
        assert len(server.messages) == 25_000
        found = figures(result, "messages")
        assert found["rows_listed"] == found["api_total"] == found["dagster/row_count"] == 25_000
        assert checks(result) == {"primary_key": True, "complete": True}
        # pages, and the ways down from the year 2000 to the weeks that fit
        assert found["requests"] == api.count("/messages/outbound") + 1
        assert api.count("/messages/outbound") < 100

        again = load("messages")

        assert again.usage.requests == 1 + 2
        assert again.rows_received == again.api_total == 834
        assert again.row_count == 25_000

    def test_a_stretch_that_holds_too_much_is_split_until_its_parts_fit(
        self, api: PostmarkServer, server: Server
    ) -> None:
        start = NOON - timedelta(seconds=12_000)
        server.send_many(
            start + timedelta(seconds=each, milliseconds=500) for each in range(12_000)
        )

        rows, listing = read("messages", start, NOON)

        assert sorted({row["MessageID"] for row in rows}) == message_ids(server)
        assert listing.paginator.total == listing.paginator.reached == 12_000
        lists = [asked.query for asked in api.requests if asked.path == "/messages/outbound"]
        parts: dict[tuple[str, str], set[int]] = {}
        for asked in lists:
            parts.setdefault((asked["fromdate"], asked["todate"]), set()).add(int(asked["offset"]))
        # the whole, and its halves, whose pages overlap by a row and may come in any order; one
        # page was asked for ahead in vain
        assert sorted(map(sorted, parts.values())) == [
            [0],
            [*range(0, 6_001, 499)],
            [*range(0, 6_001, 499)],
        ]
        assert len(lists) <= 1 + 13 + 13 + 1
        assert {asked["count"] for asked in lists} == {"500"}

    def test_exactly_as_many_as_the_api_gives_may_be_more_that_it_does_not_count(
        self, api: PostmarkServer, server: Server
    ) -> None:
        server.send_many(NOON - timedelta(seconds=number) for number in range(10_000))

        rows, listing = read("messages", NOON - DAY, None)

        assert sorted({row["MessageID"] for row in rows}) == message_ids(server)
        assert listing.paginator.total == listing.paginator.reached == 10_000
        assert api.count("/messages/outbound") > 20

    @pytest.mark.usefixtures("api")
    def test_equal_times_at_a_border_are_not_lost_and_not_counted_twice(
        self, server: Server, query: Query
    ) -> None:
        start, border, end = NOON - 2 * HOUR, NOON - HOUR, NOON
        for milliseconds in (-1, 0, 0, 1, 999):
            server.send_many([border + timedelta(milliseconds=milliseconds)] * 100)
        for seconds in range(1_000):
            server.send_many([start + timedelta(seconds=seconds)] * 5)
            server.send_many([end - timedelta(seconds=seconds)] * 5)

        result = materialize("messages", start=start.isoformat(), end=end.isoformat())

        assert loaded_ids(query) == message_ids(server)
        found = figures(result, "messages")
        assert found["rows_received"] == 10_500 + 400
        assert found["rows_listed"] == found["api_total"] == 10_500
        assert checks(result) == {"primary_key": True, "complete": True}

    @pytest.mark.usefixtures("api")
    def test_more_within_a_second_than_the_api_gives_is_an_error_that_names_the_window(
        self, server: Server
    ) -> None:
        server.send_many([NOON] * 10_001)

        with pytest.raises(ApiError) as raised:
            load("messages", Span(start=NOON - DAY, end=NOON + DAY))

        assert str(raised.value) == (
            "messages: the API has 10001 rows for the time 2026-06-15T12:00:00+00:00 to "
            "2026-06-15T12:00:01+00:00 and gives 10000 of them at the most. Nothing of this run "
            "was loaded."
        )


class TestClockChanges:
    @pytest.mark.parametrize("change", [SPRING_FORWARD, FALL_BACK], ids=["spring", "autumn"])
    def test_syncs_every_hour_lose_nothing(
        self,
        change: datetime,
        configure: Callable[..., None],
        query: Query,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__LAG", "0")  # which would hide a lost hour
        # a wall time that means the later of two instants is the one that could lose rows
        with PostmarkServer(fold=1) as api:
            server = api.servers[0]
            configure(api, server.token, None)
            for hour in range(-2, 3):
                for minutes in (10, 30, 50):
                    server.send(change + hour * HOUR + timedelta(minutes=minutes))
                load("messages")
                assert loaded_ids(query) == message_ids(server)

    @pytest.mark.parametrize("fold", [0, 1], ids=["earlier", "later"])
    @pytest.mark.parametrize("change", [SPRING_FORWARD, FALL_BACK], ids=["spring", "autumn"])
    def test_a_backfill_of_any_hour_holds_all_of_that_hour(
        self, change: datetime, fold: int, configure: Callable[..., None]
    ) -> None:
        with PostmarkServer(fold=fold) as api:
            server = api.servers[0]
            configure(api, server.token, None)
            for minutes in range(-180, 240, 10):
                server.send(change + timedelta(minutes=minutes))
            for minutes in range(-180, 180, 30):
                start = change + timedelta(minutes=minutes)
                wanted = {
                    message["MessageID"]
                    for message in server.messages
                    if start <= datetime.fromisoformat(message["ReceivedAt"]) <= start + HOUR
                }

                rows, _ = read("messages", start, start + HOUR)

                assert wanted <= {row["MessageID"] for row in rows}


class TestSpans:
    def test_a_backfill_loads_its_days_and_leaves_the_cursor(
        self, api: PostmarkServer, server: Server, query: Query
    ) -> None:
        server.send(NOON)
        load("messages")
        for days in range(1, 40):
            server.send(NOON + days * DAY)
        api.requests.clear()

        filled = load("messages", Span.parse(False, "2026-07-01", "2026-07-05T12:00:00Z"))
        followed = load("messages")

        backfill, next_sync = (
            asked.query for asked in api.requests if asked.path == "/messages/outbound"
        )
        assert backfill["fromdate"] == "2026-06-30T20:00:00"
        assert backfill["todate"] == "2026-07-05T08:00:01"
        assert (filled.rows_received, filled.api_total, filled.row_count) == (5, 5, 6)
        assert next_sync["fromdate"] == "2026-06-14T08:00:00"
        assert (followed.rows_received, followed.row_count) == (40, 40)
        assert loaded_ids(query) == message_ids(server)

    @pytest.mark.usefixtures("api")
    def test_a_full_refresh_asks_for_everything(
        self, api: PostmarkServer, server: Server, query: Query
    ) -> None:
        server.send(NOON)
        load("messages")
        server.send(NOON - 40 * DAY)
        api.requests.clear()

        load("messages", Span(full_refresh=True))

        assert api.requests[-1].query == {"count": "500", "offset": "0"}
        assert loaded_ids(query) == message_ids(server)


class TestSeveralServers:
    def test_the_bounces_of_each_carry_its_id(self, account: PostmarkServer, query: Query) -> None:
        for server in account.servers:
            for hours in range(server.id):
                server.bounce(NOON - hours * HOUR)

        report = load("bounces")

        found = query("SELECT server_id, count(*) FROM email.bounces GROUP BY 1 ORDER BY 1")
        assert found == [(1, 1), (2, 2), (3, 3)]
        assert (report.api_total, report.rows_listed, report.usage.requests) == (6, 6, 4)
        assert account.count("/servers") == 1
        assert account.count("/bounces") == 3

    def test_the_messages_of_each_carry_its_id(self, account: PostmarkServer, query: Query) -> None:
        for server in account.servers:
            server.send(NOON)

        load("messages")

        assert query("SELECT server_id, message_id FROM email.messages ORDER BY 1") == [
            (server.id, server.messages[0]["MessageID"]) for server in account.servers
        ]

    @pytest.mark.usefixtures("account")
    def test_statistics_of_the_same_name_are_one_row_for_each(self, query: Query) -> None:
        load("deliverystats")
        load("deliverystats")

        assert query(
            "SELECT server_id, count FROM email.deliverystats WHERE name = 'All' ORDER BY 1"
        ) == [(1, 3), (2, 6), (3, 9)]

    def test_the_second_sync_asks_each_for_what_is_new(self, account: PostmarkServer) -> None:
        for server in account.servers:
            server.send(NOON - server.id * HOUR)
        load("messages")
        account.requests.clear()

        load("messages")

        lists = [asked.query for asked in account.requests if asked.path == "/messages/outbound"]
        assert [query["fromdate"] for query in lists] == ["2026-06-14T07:00:00"] * 3

    def test_a_server_that_holds_too_much_is_split_by_itself(self, account: PostmarkServer) -> None:
        for server in account.servers:
            server.send(NOON)
        busy = account.servers[1]
        busy.send_many(NOON - timedelta(seconds=number) for number in range(10_000))

        rows, _ = read("messages", NOON - timedelta(seconds=10_000), NOON)

        for server in account.servers:
            found = {row["MessageID"] for row in rows if row["ServerID"] == server.id}
            assert sorted(found) == message_ids(server)

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
        for server in account.servers:
            server.send(NOON)
            server.bounce(NOON)

        for name in NAMES:
            with open_pipeline(name) as pipeline:
                sync(pipeline, name, say=logging.getLogger("said").info)
                packages = b"".join(contents_of(Path(pipeline.working_dir)))
            # what is searched is there: the rows of the load package
            assert b"PAR1" in packages
            assert [secret for secret in account.secrets if secret.encode() in packages] == []

        stored = b"".join(contents_of(warehouse.parent))
        told = caplog.text + "".join(capfd.readouterr())
        assert "GET /messages/outbound" in told
        assert [secret for secret in account.secrets if secret.encode() in stored] == []
        assert [secret for secret in account.secrets if secret in told] == []


class TestConfiguration:
    def test_five_lines_materialize_everything(
        self, tmp_path: Path, warehouse: Path, query: Query
    ) -> None:
        with PostmarkServer(servers=2) as api:
            for server in api.servers:
                server.send(NOON)
                server.bounce(NOON)
            folder = tmp_path / "project"
            (folder / ".dlt").mkdir(parents=True)
            (folder / ".dlt" / "config.toml").write_text(
                f'[sources.email]\nvendor = "postmark"\nbase_url = "{api.base_url}"\n'
            )
            (folder / ".dlt" / "secrets.toml").write_text(
                f'[sources.email.postmark]\naccount_token = "{ACCOUNT_TOKEN}"\n'
            )
            run = command(
                *("dagster", "asset", "materialize", "--select", "*"),
                *("-m", "email_assets.definitions"),
                home=new_home(tmp_path / "home"),
                cwd=PROJECT,
                env={
                    "DLT_PROJECT_DIR": str(folder),
                    "DESTINATION__DUCKDB__CREDENTIALS": str(warehouse),
                    "RUNTIME__LOG_LEVEL": "DEBUG",
                    "PYTHONPATH": str(PROJECT),
                },
            )
            said, _ = run.communicate(timeout=120)

            assert run.returncode == 0, said
            assert [secret for secret in api.secrets if secret in said] == []
            stored = b"".join(contents_of(tmp_path / "home"))
            assert [secret for secret in api.secrets if secret.encode() in stored] == []
        counts = {name: query(f"SELECT count(*) FROM email.{name}")[0][0] for name in NAMES}
        assert counts == {
            "bounces": 2,
            "messages": 2,
            "deliverystats": 6,
            "servers": 2,
            "domains": 2,
        }


def materialize(name: str, **config: str) -> dg.ExecuteInProcessResult:
    """Materialize a resource's asset, and run its checks."""
    key = dg.AssetKey(name)
    assets = [asset for asset in build_assets() if key in asset.keys]
    checks = [check for check in build_checks() if key in {k.asset_key for k in check.check_keys}]
    return dg.materialize(
        [*assets, *checks],
        resources=DLT_RESOURCE,
        run_config={"ops": {name: {"config": config}}},
    )


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    """Which checks of a run passed."""
    return {found.check_name: found.passed for found in result.get_asset_check_evaluations()}


def contents_of(folder: Path) -> Iterator[bytes]:
    """What every file below a folder holds."""
    for path, _, files in os.walk(folder):
        for file in files:
            yield Path(path, file).read_bytes()
