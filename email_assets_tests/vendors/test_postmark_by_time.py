"""Postmark's messages and bounces, by time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from email_assets.sync.span import Span
from email_assets_tests.vendors.postmark_fixtures import (
    DAY,
    HOUR,
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
from email_assets_tests.vendors.postmark_rows import Server
from email_assets_tests.vendors.postmark_server import PostmarkServer

__all__ = ["api", "configure", "server"]


FIRST_PAGE = {"messagestream": "outbound", "count": "500", "offset": "0"}

SPRING_FORWARD = datetime(2026, 3, 8, 7, tzinfo=timezone.utc)
"""Eastern clocks go from 2:00 to 3:00."""


FALL_BACK = datetime(2026, 11, 1, 6, tzinfo=timezone.utc)
"""Eastern clocks go from 2:00 back to 1:00."""


class TestSecondSync:
    @pytest.mark.slow
    def test_it_asks_for_what_is_new_less_the_look_back(
        self, api: PostmarkServer, server: Server
    ) -> None:
        for days in range(3):
            server.send(NOON - days * DAY)
        load("messages")
        api.requests.clear()

        report = load("messages")

        (asked,) = (asked for asked in api.requests if asked.path == "/messages/outbound")
        assert asked.query == {**FIRST_PAGE, "fromdate": "2026-06-14T08:00:00"}
        assert (report.rows_received, report.rows_listed, report.api_total) == (2, 2, 2)
        assert report.row_count == 3

    @pytest.mark.usefixtures("api")
    def test_it_finds_what_came_in_between(self, server: Server, query: Query) -> None:
        server.send(NOON)
        load("messages")
        server.send(NOON + HOUR)

        load("messages")

        assert loaded_ids(query) == message_ids(server)

    @pytest.mark.slow
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

    @pytest.mark.slow
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


@pytest.mark.slow
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

    @pytest.mark.slow
    @pytest.mark.usefixtures("api")
    def test_a_full_refresh_asks_for_everything(
        self, api: PostmarkServer, server: Server, query: Query
    ) -> None:
        server.send(NOON)
        load("messages")
        server.send(NOON - 40 * DAY)
        api.requests.clear()

        load("messages", Span(full_refresh=True))

        assert api.requests[-1].query == FIRST_PAGE
        assert loaded_ids(query) == message_ids(server)
