"""Incremental syncs go on from where the last one left off."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from email_assets.api.window import Window
from email_assets.clock import now
from email_assets.errors import EmailAssetsError
from email_assets.sandbox import Fault, Sandbox
from email_assets.sync.span import Span
from email_assets_tests.messages import A_DAY, at_full_second, change_messages, sent_at, start_after
from email_assets_tests.queries import on_both
from email_assets_tests.sync.incremental_fixtures import FULL_REFRESH, Load, offsets
from email_assets_tests.warehouses import Query, Row, changed_in, keys_in, keys_of

PAGES_OF_ALL = [0, 99, 198]
"""The offsets of a sync that reads all 250 messages."""


def message(key: str, at: datetime | str | None, **fields: Any) -> Row:
    return {
        "id": key,
        "sent_at": at.isoformat() if isinstance(at, datetime) else at,
        "subject": "as it was",
        **fields,
    }


class TestWithoutConfiguration:
    def test_every_sync_reads_everything(self, api: Sandbox, load: Load) -> None:
        reports = [load(), load(FULL_REFRESH)]
        assert [report.rows_received for report in reports] == [250, 250]
        assert [report.window for report in reports] == [Window()] * 2
        assert {request.since for request in api.requests} == {None}
        assert offsets(api) == PAGES_OF_ALL * 2

    @pytest.mark.usefixtures("loaded")
    def test_a_change_of_any_row_is_seen(self, api: Sandbox, load: Load, query: Query) -> None:
        rows = change_messages(api, 0, 249)
        load()
        assert changed_in(query) == {rows[0]["id"], rows[249]["id"]}

    def test_a_backfill_is_a_sentence_that_names_the_setting(
        self, api: Sandbox, load: Load
    ) -> None:
        with pytest.raises(EmailAssetsError) as caught:
            load(Span(start=datetime(2026, 1, 1, tzinfo=timezone.utc)))
        assert "[sources.email.messages] cursor_path" in str(caught.value)
        assert offsets(api) == []


class TestStoppingEarly:
    pytestmark = pytest.mark.usefixtures("stops_early")

    def test_the_first_sync_reads_everything(self, api: Sandbox, load: Load) -> None:
        report = load()
        assert (report.rows_received, report.stopped_early) == (250, False)
        assert offsets(api) == PAGES_OF_ALL

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

    @pytest.mark.usefixtures("loaded")
    def test_new_rows_are_read_in_pages(self, api: Sandbox, load: Load, query: Query) -> None:
        api.insert_head("messages", 230)
        api.reset_counts()
        load()
        assert offsets(api) == [0, 99, 198]
        assert keys_in(query) == keys_of(api.rows("messages"))

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


@on_both
@pytest.mark.usefixtures("asks_for_windows")
class TestEitherWay:
    def test_a_full_refresh_reads_everything_keeps_what_the_api_dropped_and_moves_the_cursor(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        before = keys_of(api.rows("messages"))
        load()
        api.delete_head("messages", 10)
        api.insert_head("messages", 4)
        api.reset_counts()
        report = load(FULL_REFRESH)
        assert offsets(api) == PAGES_OF_ALL
        assert (report.rows_listed, report.row_count) == (244, 254)
        assert keys_in(query) == before | keys_of(api.rows("messages"))
        start = start_after(api.rows("messages")[0])
        assert load().window.start == start

    def test_rows_without_a_time_are_loaded_when_they_are_listed(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        rows = api.rows("messages")
        rows[3] = {**rows[3], "sent_at": None}
        rows[4] = {name: value for name, value in rows[4].items() if name != "sent_at"}
        rows[5] = {**rows[5], "sent_at": ""}
        api.replace("messages", rows)
        load()
        assert keys_in(query) == keys_of(rows)
        assert load().window.start == start_after(rows[0])

    def test_an_empty_api_is_no_error_and_what_comes_later_is_loaded(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        rows = api.rows("messages")
        api.replace("messages", [])
        assert load().row_count == 0
        api.replace("messages", rows)
        load()
        assert keys_in(query) == keys_of(rows)


@on_both
@pytest.mark.usefixtures("incremental")
class TestBothWays:
    @pytest.mark.usefixtures("loaded")
    def test_a_change_within_the_look_back_is_seen(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        rows = change_messages(api, 5)
        load()
        assert changed_in(query) == {rows[5]["id"]}

    @pytest.mark.usefixtures("loaded")
    def test_a_change_before_the_look_back_is_seen_by_a_full_refresh_only(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        rows = change_messages(api, 200)
        load()
        assert changed_in(query) == set()
        load(FULL_REFRESH)
        assert changed_in(query) == {rows[200]["id"]}

    def test_rows_with_equal_times_are_all_loaded(
        self, api: Sandbox, load: Load, query: Query, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__LAG", "0")
        at = datetime(2026, 1, 31, 12, 0, 0, 123_000, tzinfo=timezone.utc)
        old = [message(f"old{n}", at - A_DAY) for n in range(150)]
        first = [message(f"first{n}", at) for n in range(150)]
        api.replace("messages", [*first, *old])
        load()
        later = [message(f"later{n}", at) for n in range(150)]
        api.replace("messages", [*later, *first, *old])
        load()
        assert keys_in(query) == keys_of([*old, *first, *later])

    def test_an_api_without_a_total_is_no_obstacle(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        api.set_faults("messages", Fault("no_total"))
        load()
        api.insert_head("messages", 3)
        api.reset_counts()
        report = load()
        assert len(offsets(api)) <= 2
        assert report.api_total is None
        assert keys_in(query) == keys_of(api.rows("messages"))
