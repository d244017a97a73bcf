"""Incremental syncs go on from where the last one left off."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from email_assets.api.window import Window
from email_assets.errors import EmailAssetsError
from email_assets.sandbox import Fault, Sandbox
from email_assets.sync.span import Span
from email_assets_tests.messages import A_DAY, change_messages, start_after
from email_assets_tests.queries import on_both
from email_assets_tests.sync.incremental_fixtures import (
    FULL_REFRESH,
    PAGES_OF_ALL,
    Load,
    message,
    offsets,
)
from email_assets_tests.warehouses import Query, changed_in, keys_in, keys_of


class TestWithoutConfiguration:
    @pytest.mark.slow
    def test_every_sync_reads_everything(self, api: Sandbox, load: Load) -> None:
        reports = [load(), load(FULL_REFRESH)]
        assert [report.rows_received for report in reports] == [250, 250]
        assert [report.window for report in reports] == [Window()] * 2
        assert {request.since for request in api.requests} == {None}
        assert offsets(api) == PAGES_OF_ALL * 2

    @pytest.mark.slow
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


@pytest.mark.usefixtures("asks_for_windows")
class TestEitherWay:
    @pytest.mark.slow
    @on_both
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

    @pytest.mark.slow
    @on_both
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

    @pytest.mark.slow
    def test_an_empty_api_is_no_error_and_what_comes_later_is_loaded(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        rows = api.rows("messages")
        api.replace("messages", [])
        assert load().row_count == 0
        api.replace("messages", rows)
        load()
        assert keys_in(query) == keys_of(rows)


@pytest.mark.usefixtures("incremental")
class TestBothWays:
    @pytest.mark.slow
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

    @pytest.mark.slow
    @on_both
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

    @pytest.mark.slow
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
