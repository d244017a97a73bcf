"""The cursor: its place, its values, and its fate in a crash."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import pytest
from filelock import FileLock

from email_assets.clock import now
from email_assets.errors import EmailAssetsError, WarehouseBusyError
from email_assets.sandbox import Fault, Sandbox
from email_assets.sync.span import Span
from email_assets_tests import programs
from email_assets_tests.conftest import KEY
from email_assets_tests.messages import A_DAY, change_messages, sent_at, start_after
from email_assets_tests.sync.incremental_fixtures import FULL_REFRESH, Load
from email_assets_tests.warehouses import (
    Query,
    change,
    changed_in,
    keys_in,
    keys_of,
    working_directories,
)

DIES_BEFORE_ITS_LOAD = """
import os, signal, sys
from filelock import FileLock
from email_assets.account import configured_account
from email_assets.sync.pipeline import sync
from email_assets.warehouse.destination import open_pipeline

lock = FileLock(os.environ["DESTINATION__DUCKDB__CREDENTIALS"] + ".lock")

def sleep(seconds):
    "First between two attempts at the API; then while it waits for its turn to load."
    if lock.is_locked:
        os.kill(os.getpid(), signal.SIGKILL)
    lock.acquire()

with open_pipeline(configured_account().warehouse, "messages") as pipeline:
    say = lambda told: print(told, flush=True)
    sync(configured_account(), pipeline, "messages", say=say, sleep=sleep)
"""


@pytest.mark.usefixtures("asks_for_windows")
class TestTheCursorIsInTheWarehouse:
    @pytest.mark.usefixtures("loaded")
    def test_nothing_on_the_machine_is_needed_for_it(
        self, api: Sandbox, load: Load, tmp_path: Path
    ) -> None:
        assert working_directories(tmp_path / "tmp") == []
        assert load().window.start

    @pytest.mark.usefixtures("loaded")
    def test_an_older_warehouse_that_is_put_back_catches_up(
        self, api: Sandbox, load: Load, query: Query, warehouse: Path
    ) -> None:
        backup = shutil.copy(warehouse, warehouse.with_suffix(".backup"))
        for _ in range(2):
            api.insert_head("messages", 120)
            load()
        shutil.copy(backup, warehouse)
        load()
        assert keys_in(query) == keys_of(api.rows("messages"))

    @pytest.mark.usefixtures("loaded")
    @pytest.mark.parametrize(
        "sql",
        [
            "DROP TABLE email.messages",
            "DELETE FROM email.messages",
            "DROP SCHEMA email CASCADE",
        ],
    )
    def test_a_table_that_was_dropped_or_emptied_gets_everything_again(
        self, sql: str, api: Sandbox, load: Load, query: Query, warehouse: Path
    ) -> None:
        change(warehouse, sql)
        load()
        assert keys_in(query) == keys_of(api.rows("messages"))

    @pytest.mark.slow
    @pytest.mark.usefixtures("loaded")
    @pytest.mark.parametrize("sql", ["DROP TABLE email.messages", "DELETE FROM email.messages"])
    def test_so_it_does_if_a_backfill_comes_first(
        self, sql: str, api: Sandbox, load: Load, query: Query, warehouse: Path
    ) -> None:
        change(warehouse, sql)
        load(Span(start=sent_at(api.rows("messages")[0]) - A_DAY))
        load()
        assert keys_in(query) == keys_of(api.rows("messages"))

    @pytest.mark.usefixtures("loaded")
    def test_another_api_is_read_from_the_beginning(
        self, api: Sandbox, load: Load, query: Query, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with Sandbox(messages=250, seed=2, api_key=KEY) as other:
            monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", other.base_url)
            load()
            assert keys_in(query) == keys_of([*api.rows("messages"), *other.rows("messages")])

    @pytest.mark.slow
    def test_another_cursor_path_begins_anew(
        self, api: Sandbox, load: Load, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rows = [{**row, "seen_at": row["sent_at"]} for row in api.rows("messages")]
        api.replace("messages", rows)
        load()
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "seen_at")
        assert load().rows_received == 250


class TestCursorPaths:
    def test_one_that_holds_no_time_is_a_sentence(
        self, api: Sandbox, load: Load, monkeypatch: pytest.MonkeyPatch, warehouse: Path
    ) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "metadata.campaign")
        with pytest.raises(EmailAssetsError) as caught:
            load()
        assert str(caught.value) == (
            "messages: metadata.campaign, the cursor_path, holds something that is no time. Set "
            "another cursor_path, or none to load everything each time."
        )

    @pytest.mark.slow
    def test_one_that_holds_a_word_in_some_rows_is_told_by_the_others(
        self, api: Sandbox, load: Load, query: Query, incremental: str
    ) -> None:
        rows = api.rows("messages")
        api.replace("messages", [{**row, "sent_at": "soon"} for row in rows[:9]] + rows[9:])
        load()
        assert load().window.start == start_after(rows[9])
        assert keys_in(query) == keys_of(rows)

    def test_one_within_an_object_is_found(
        self, api: Sandbox, load: Load, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "dates.sent")
        api.replace("messages", [{"id": "a", "dates": {"sent": 1_769_862_600}}])
        load()
        assert load().window.start == datetime(2026, 1, 30, 12, 30, tzinfo=timezone.utc)

    @pytest.mark.slow
    @pytest.mark.parametrize("way", ["stops_early", "asks_for_windows"])
    def test_one_that_no_row_has_loses_nothing_and_is_told_once_a_sync(
        self,
        way: str,
        api: Sandbox,
        load: Load,
        said: list[str],
        query: Query,
        request: pytest.FixtureRequest,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        request.getfixturevalue(way)
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "created_at")
        told = (
            "messages: no row has a time in its cursor_path, so every sync reads everything. "
            "Correct cursor_path of [sources.email.messages] or in the vendor's file."
        )
        load()
        assert said == [told]
        change_messages(api, 249)
        assert load().rows_received == 250
        assert said == [told, told]
        assert len(changed_in(query)) == 1

    @pytest.mark.slow
    @pytest.mark.usefixtures("asks_for_windows", "loaded")
    def test_one_that_rows_have_is_not_talked_about(
        self, api: Sandbox, load: Load, said: list[str]
    ) -> None:
        load()
        load(FULL_REFRESH)
        load(Span(end=now()))
        api.replace("messages", [])
        load(FULL_REFRESH)
        assert said == []


@contextmanager
def rows_and_cursor_are_left(api: Sandbox, load: Load, query: Query) -> Iterator[None]:
    """Assert that the block loads nothing, and that the sync after it loads everything."""
    before, start = keys_in(query), load().window.start
    yield
    assert keys_in(query) == before
    api.clear_faults()
    assert load().window.start == start
    assert keys_in(query) == keys_of(api.rows("messages"))


@pytest.mark.usefixtures("stops_early")
class TestCrashes:
    """Rows and cursor come in one load package: neither comes without the other."""

    @pytest.mark.usefixtures("loaded")
    def test_an_error_while_reading_leaves_rows_and_cursor(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        with rows_and_cursor_are_left(api, load, query):
            api.insert_head("messages", 230)
            api.set_faults("messages", Fault("status", status=500, after=1))
            with pytest.raises(EmailAssetsError):
                load()

    @pytest.mark.slow
    @pytest.mark.usefixtures("loaded")
    def test_an_error_between_reading_and_loading_does_too(
        self,
        api: Sandbox,
        load: Load,
        query: Query,
        warehouse: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with rows_and_cursor_are_left(api, load, query):
            api.insert_head("messages", 230)
            api.set_faults("messages", Fault("status", status=503, times=1))
            monkeypatch.setenv("WAREHOUSE__LOCK_TIMEOUT", "0")
            taken = FileLock(f"{warehouse}.lock")
            # somebody takes the file while the sync waits between two attempts at the API
            with pytest.raises(WarehouseBusyError):
                load(sleep=lambda _: taken.acquire() and None)
            taken.release()

    @pytest.mark.slow
    @pytest.mark.usefixtures("loaded")
    def test_a_kill_between_reading_and_loading_does_too(
        self, api: Sandbox, load: Load, query: Query, tmp_path: Path
    ) -> None:
        with rows_and_cursor_are_left(api, load, query):
            api.insert_head("messages", 30)
            api.set_faults("messages", Fault("status", status=503, times=1))
            killed = programs.run(
                *("python", "-c", DIES_BEFORE_ITS_LOAD),
                home=tmp_path / "home",
                cwd=tmp_path,
                env=os.environ,
            )
            assert killed.status == -signal.SIGKILL, killed.said
            assert killed.said.splitlines()[-1].startswith("messages: waiting up to ")
