"""Lists of Postmark's that hold more than it gives of one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from email_assets.errors import ApiError
from email_assets.sync.span import Span
from email_assets_tests.dagster_fixtures import figures
from email_assets_tests.vendors.postmark_fixtures import (
    DAY,
    HOUR,
    NOON,
    Query,
    api,
    checks,
    configure,
    load,
    loaded_ids,
    materialize,
    message_ids,
    read,
    server,
)
from email_assets_tests.vendors.postmark_rows import Server
from email_assets_tests.vendors.postmark_server import PostmarkServer

pytestmark = pytest.mark.slow

__all__ = ["api", "configure", "server"]


class TestManyMessages:
    def test_11_000_in_one_month_are_loaded_once_each_and_the_checks_are_green(
        self, api: PostmarkServer, server: Server, query: Query
    ) -> None:
        server.send_many(NOON - number * timedelta(days=30) / 11_000 for number in range(11_000))

        result = materialize("messages")

        assert loaded_ids(query) == message_ids(server)
        assert len(server.messages) == 11_000
        found = figures(result, "messages")
        assert found["rows_listed"] == found["api_total"] == found["dagster/row_count"] == 11_000
        assert checks(result) == dict.fromkeys(
            ("primary_key", "complete", "schema_unchanged"), True
        )
        # pages, and the ways down from the year 2000 to the weeks that fit
        assert found["requests"] == api.count("/messages/outbound") + 2
        assert api.count("/messages/outbound") < 100

        again = load("messages")

        assert again.usage.requests == 1 + 1 + 1
        assert again.rows_received == again.api_total == 367
        assert again.row_count == 11_000

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
        assert checks(result) == dict.fromkeys(
            ("primary_key", "complete", "schema_unchanged"), True
        )

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
