"""An API is read to the first page that is older, or asked for a stretch of time."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from email_assets.clock import now
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.messages import A_DAY, at_full_second, sent_at, start_after
from email_assets_tests.sync.incremental_fixtures import (
    PAGES_OF_ALL,
    Load,
    message,
    offsets,
)
from email_assets_tests.warehouses import Query, keys_in, keys_of


class TestStoppingEarly:
    pytestmark = pytest.mark.usefixtures("stops_early")

    def test_the_first_sync_reads_everything(self, api: Sandbox, load: Load) -> None:
        report = load()
        assert (report.rows_received, report.stopped_early) == (250, False)
        assert offsets(api) == PAGES_OF_ALL

    @pytest.mark.slow
    @pytest.mark.usefixtures("loaded")
    def test_the_next_one_reads_to_the_first_page_that_is_older(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        api.insert_head("messages", 3)
        api.reset_counts()
        report = load()
        assert offsets(api) == [0, 99]
        assert (report.rows_listed, report.api_total, report.row_count) == (199, 253, 253)
        assert report.stopped_early
        assert keys_in(query) == keys_of(api.rows("messages"))

    @pytest.mark.usefixtures("loaded")
    def test_more_new_rows_than_a_page_holds_are_all_read(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        api.insert_head("messages", 230)
        api.reset_counts()
        load()
        assert offsets(api) == [0, 99, 198, 297]
        assert keys_in(query) == keys_of(api.rows("messages"))

    @pytest.mark.usefixtures("loaded")
    def test_one_old_row_among_new_ones_is_no_end(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        api.insert_head("messages", 230)
        rows = api.rows("messages")
        rows[60] = {**rows[60], "sent_at": "2020-01-01T00:00:00Z"}
        api.replace("messages", rows)
        load()
        assert keys_in(query) == keys_of(rows)

    @pytest.mark.usefixtures("loaded")
    def test_rows_that_vanish_meanwhile_hide_none(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        api.insert_head("messages", 120)
        rows = api.rows("messages")
        api.set_faults("messages", Fault("delete_head", rows=7, times=1))
        load()
        assert keys_in(query) == keys_of(rows)


class TestAskingForWindows:
    pytestmark = pytest.mark.usefixtures("asks_for_windows")

    def test_the_first_sync_asks_for_everything(self, api: Sandbox, load: Load) -> None:
        assert load().rows_received == 250
        assert [(r.since, r.until) for r in api.requests] == [(None, None)] * 3

    @pytest.mark.slow
    @pytest.mark.usefixtures("loaded")
    def test_the_next_one_asks_for_a_day_before_the_newest_row_and_on(
        self, api: Sandbox, load: Load
    ) -> None:
        api.reset_counts()
        report = load()
        start = start_after(api.rows("messages")[0])
        assert [(r.since, r.until) for r in api.requests] == [(start, None)]
        in_window = [row for row in api.rows("messages") if sent_at(row) >= start]
        assert (report.rows_listed, report.api_total) == (len(in_window), len(in_window))
        assert 0 < len(in_window) < 20
        assert report.window.start == start

    @pytest.mark.slow
    @pytest.mark.usefixtures("loaded")
    def test_new_rows_are_read_in_pages(self, api: Sandbox, load: Load, query: Query) -> None:
        api.insert_head("messages", 230)
        api.reset_counts()
        load()
        assert offsets(api) == [0, 99, 198]
        assert keys_in(query) == keys_of(api.rows("messages"))

    @pytest.mark.slow
    @pytest.mark.parametrize("lag", [0, 3600, 10 * 86_400])
    def test_the_look_back_is_a_setting(
        self, lag: int, api: Sandbox, load: Load, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__LAG", str(lag))
        load()
        api.reset_counts()
        load()
        newest = sent_at(api.rows("messages")[0])
        assert {r.since for r in api.requests} == {at_full_second(newest - timedelta(seconds=lag))}

    @pytest.mark.slow
    def test_a_time_to_come_does_not_move_the_cursor_beyond_now(
        self, api: Sandbox, load: Load
    ) -> None:
        future = datetime(2999, 1, 1, tzinfo=timezone.utc)
        begun = now()
        api.replace("messages", [message("new", future), *api.rows("messages")])
        load()
        ended = now()
        api.reset_counts()
        report = load()
        assert report.window.start
        assert at_full_second(begun - A_DAY) <= report.window.start <= ended - A_DAY

    def test_times_with_mixed_offsets_are_compared_as_instants(
        self, api: Sandbox, load: Load
    ) -> None:
        rows = [
            message("noon in New York", "2026-01-31T12:00:00-05:00"),
            message("evening in Kolkata", "2026-01-31T20:00:00+05:30"),
            message("afternoon in London", "2026-01-31T15:00:00Z"),
        ]
        api.replace("messages", rows)
        load()
        assert load().window.start == datetime(2026, 1, 30, 17, tzinfo=timezone.utc)

    def test_a_resource_without_a_cursor_of_its_own_is_read_whole(
        self, api: Sandbox, load: Load
    ) -> None:
        load(name="bounces")
        assert load(name="bounces").rows_received == len(api.rows("bounces"))
