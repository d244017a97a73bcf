"""Syncs of what is new, full refreshes and backfills, from a real API into a real warehouse."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from filelock import FileLock

from email_assets.api.windows import Window
from email_assets.definitions import defs
from email_assets.errors import EmailAssetsError
from email_assets.pipeline import SyncReport, sync
from email_assets.sandbox import Fault, Sandbox
from email_assets.span import Span
from email_assets.turn import WarehouseBusyError
from email_assets.warehouse import open_pipeline
from email_assets_tests.conftest import KEY, PROJECT
from email_assets_tests.dagster_fixtures import (
    command,
    empty_home,
    failures,
    figures,
    instance,
    settings_for,
)

__all__ = ["empty_home", "instance"]

Query = Callable[[str], list[tuple[Any, ...]]]
Row = dict[str, Any]

FULL_REFRESH = Span(full_refresh=True)
A_DAY = timedelta(days=1)
PAGES_OF_ALL = [0, 100, 200]
"""The offsets of a sync that reads all 250 messages."""

DIES_BEFORE_ITS_LOAD = """
import os, signal, sys
from filelock import FileLock
from email_assets.pipeline import sync
from email_assets.warehouse import open_pipeline

lock = FileLock(os.environ["DESTINATION__DUCKDB__CREDENTIALS"] + ".lock")

def sleep(seconds):
    "First between two attempts at the API; then while it waits for its turn to load."
    if lock.is_locked:
        os.kill(os.getpid(), signal.SIGKILL)
    lock.acquire()

with open_pipeline("messages") as pipeline:
    sync(pipeline, "messages", say=lambda told: print(told, flush=True), sleep=sleep)
"""


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Sandbox, list[Row]]]:
    """One API for all tests, since the cursor belongs to its address, and its messages."""
    with Sandbox(messages=250, api_key=KEY) as sandbox:
        yield sandbox, sandbox.rows("messages")


@pytest.fixture
def sandbox(running: tuple[Sandbox, list[Row]]) -> Sandbox:
    """The API as it was at first."""
    sandbox, messages = running
    sandbox.replace("messages", messages)
    sandbox.clear_faults()
    sandbox.reset_counts()
    return sandbox


@pytest.fixture(scope="module")
def after_a_first_sync(
    running: tuple[Sandbox, list[Row]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A warehouse into which all messages were synced once, with a cursor."""
    sandbox, messages = running
    sandbox.replace("messages", messages)
    sandbox.clear_faults()
    folder = tmp_path_factory.mktemp("after_a_first_sync")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings_for(folder, sandbox).items():
            patch.setenv(name, value)
        patch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "sent_at")
        with open_pipeline("messages") as pipeline:
            sync(pipeline, "messages", say=print)
    return folder / "warehouse.duckdb"


@pytest.fixture
def loaded(api: Sandbox, warehouse: Path, after_a_first_sync: Path) -> None:
    """The API was synced once."""
    shutil.copy(after_a_first_sync, warehouse)
    api.reset_counts()


@pytest.fixture
def said() -> list[str]:
    """What somebody who watches the syncs was told."""
    return []


@pytest.fixture
def load(said: list[str]) -> Callable[..., SyncReport]:
    """Syncs the messages, or another resource, and gives the report."""

    def load(
        span: Span = Span(),  # noqa: B008 (frozen)
        *,
        name: str = "messages",
        sleep: Callable[[float], None] = lambda _: None,
    ) -> SyncReport:
        with open_pipeline(name) as pipeline:
            return sync(pipeline, name, say=said.append, sleep=sleep, span=span).report

    return load


@pytest.fixture
def stops_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings for an API that lists the newest first and cannot be asked for less."""
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "sent_at")
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__ROW_ORDER", "desc")


@pytest.fixture
def asks_for_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings for an API that can be asked for a stretch of time."""
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "sent_at")
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__START_PARAM", "since")
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__END_PARAM", "until")


@pytest.fixture(params=["stops early", "asks for windows"])
def incremental(request: pytest.FixtureRequest) -> str:
    """One after the other, both ways to sync what is new."""
    request.getfixturevalue(request.param.replace(" ", "_"))
    return str(request.param)


def offsets(api: Sandbox) -> list[int | None]:
    """The offsets that were asked for since the last look, in order."""
    found = [request.offset for request in api.requests]
    api.reset_counts()
    return found


def sent_at(row: Row) -> datetime:
    return datetime.fromisoformat(row["sent_at"].replace("Z", "+00:00"))


def at_full_second(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)


def message(key: str, at: datetime | str | None, **fields: Any) -> Row:
    return {
        "id": key,
        "sent_at": at.isoformat() if isinstance(at, datetime) else at,
        "subject": "as it was",
        **fields,
    }


def change(api: Sandbox, *positions: int) -> list[Row]:
    """Give the rows at these positions another subject."""
    rows: list[Row] = api.rows("messages")
    for position in positions:
        rows[position] = {**rows[position], "subject": "changed"}
    api.replace("messages", rows)
    return rows


def changed_in(query: Query) -> set[str]:
    found = query("SELECT id FROM email.messages WHERE subject = 'changed'")
    return {key for (key,) in found}


def keys_in(query: Query) -> set[str]:
    return {key for (key,) in query("SELECT id FROM email.messages")}


def keys_of(rows: list[Row]) -> set[str]:
    return {row["id"] for row in rows}


def execute(warehouse: Path, sql: str) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(sql)


Load = Callable[..., SyncReport]


class TestWithoutConfiguration:
    def test_every_sync_reads_everything(self, api: Sandbox, load: Load) -> None:
        reports = [load(), load(FULL_REFRESH)]
        assert [report.rows_received for report in reports] == [250, 250]
        assert [report.window for report in reports] == [Window()] * 2
        assert {request.since for request in api.requests} == {None}
        assert offsets(api) == PAGES_OF_ALL * 2

    def test_a_change_of_any_row_is_seen(self, api: Sandbox, load: Load, query: Query) -> None:
        load()
        rows = change(api, 0, 249)
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
        assert offsets(api) == [0, 100]
        assert (report.rows_listed, report.api_total, report.row_count) == (200, 253, 253)
        assert report.stopped_early
        assert keys_in(query) == keys_of(api.rows("messages"))

    @pytest.mark.usefixtures("loaded")
    def test_more_new_rows_than_a_page_holds_are_all_read(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        api.insert_head("messages", 230)
        api.reset_counts()
        load()
        assert offsets(api) == [0, 100, 200, 300]
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
        start = at_full_second(sent_at(api.rows("messages")[0]) - A_DAY)
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
        assert offsets(api) == [0, 100, 200]
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
        begun = datetime.now(timezone.utc)
        api.replace("messages", [message("new", future), *api.rows("messages")])
        load()
        ended = datetime.now(timezone.utc)
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
        start = at_full_second(sent_at(api.rows("messages")[0]) - A_DAY)
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
        assert load().window.start == at_full_second(sent_at(rows[0]) - A_DAY)

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
    @pytest.mark.usefixtures("loaded")
    def test_a_change_within_the_look_back_is_seen(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        rows = change(api, 5)
        load()
        assert changed_in(query) == {rows[5]["id"]}

    @pytest.mark.usefixtures("loaded")
    def test_a_change_before_the_look_back_is_seen_by_a_full_refresh_only(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        rows = change(api, 200)
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


@pytest.mark.usefixtures("asks_for_windows")
class TestTheCursorIsInTheWarehouse:
    @pytest.mark.usefixtures("loaded")
    def test_nothing_on_the_machine_is_needed_for_it(
        self, api: Sandbox, load: Load, tmp_path: Path
    ) -> None:
        assert list((tmp_path / "tmp").glob("email_assets-*")) == []
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
        execute(warehouse, sql)
        load()
        assert keys_in(query) == keys_of(api.rows("messages"))

    @pytest.mark.usefixtures("loaded")
    @pytest.mark.parametrize("sql", ["DROP TABLE email.messages", "DELETE FROM email.messages"])
    def test_so_it_does_if_a_backfill_comes_first(
        self, sql: str, api: Sandbox, load: Load, query: Query, warehouse: Path
    ) -> None:
        execute(warehouse, sql)
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

    def test_one_within_an_object_is_found(
        self, api: Sandbox, load: Load, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "dates.sent")
        api.replace("messages", [{"id": "a", "dates": {"sent": 1_769_862_600}}])
        load()
        assert load().window.start == datetime(2026, 1, 30, 12, 30, tzinfo=timezone.utc)

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
        change(api, 249)
        assert load().rows_received == 250
        assert said == [told, told]
        assert len(changed_in(query)) == 1

    @pytest.mark.usefixtures("asks_for_windows")
    def test_one_that_rows_have_is_not_talked_about(
        self, api: Sandbox, load: Load, said: list[str]
    ) -> None:
        load()
        load()
        load(FULL_REFRESH)
        load(Span(end=datetime.now(timezone.utc)))
        api.replace("messages", [])
        load(FULL_REFRESH)
        assert said == []


@pytest.mark.usefixtures("stops_early")
class TestCrashes:
    """Rows and cursor come in one load package: neither comes without the other."""

    @pytest.mark.usefixtures("loaded")
    def test_an_error_while_reading_leaves_rows_and_cursor(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        before, start = keys_in(query), load().window.start
        api.insert_head("messages", 230)
        api.set_faults("messages", Fault("status", status=500, after=1))
        with pytest.raises(EmailAssetsError):
            load()
        assert keys_in(query) == before
        api.clear_faults()
        assert load().window.start == start
        assert keys_in(query) == keys_of(api.rows("messages"))

    @pytest.mark.usefixtures("loaded")
    def test_an_error_between_reading_and_loading_does_too(
        self,
        api: Sandbox,
        load: Load,
        query: Query,
        warehouse: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        before, start = keys_in(query), load().window.start
        api.insert_head("messages", 230)
        api.set_faults("messages", Fault("status", status=503, times=1))
        monkeypatch.setenv("WAREHOUSE__LOCK_TIMEOUT", "0")
        taken = FileLock(f"{warehouse}.lock")
        # somebody takes the file while the sync waits between two attempts at the API
        with pytest.raises(WarehouseBusyError):
            load(sleep=lambda _: taken.acquire() and None)
        taken.release()
        assert keys_in(query) == before
        assert load().window.start == start
        assert keys_in(query) == keys_of(api.rows("messages"))

    @pytest.mark.usefixtures("loaded")
    def test_a_kill_between_reading_and_loading_does_too(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        before, start = keys_in(query), load().window.start
        api.insert_head("messages", 30)
        api.set_faults("messages", Fault("status", status=503, times=1))
        killed = subprocess.run(
            [sys.executable, "-c", DIES_BEFORE_ITS_LOAD],
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert killed.stdout.splitlines()[-1].startswith("messages: waiting up to ")
        assert keys_in(query) == before
        assert load().window.start == start
        assert keys_in(query) == keys_of(api.rows("messages"))


@pytest.mark.usefixtures("asks_for_windows")
class TestBackfill:
    def test_it_asks_for_its_stretch_of_time(self, api: Sandbox, load: Load, query: Query) -> None:
        rows = api.rows("messages")
        start, end = sent_at(rows[180]), sent_at(rows[120])
        report = load(Span(start=start, end=end))
        assert keys_in(query) == keys_of(rows[120:181])
        assert (report.rows_listed, report.api_total) == (61, 61)
        (asked,) = api.requests
        assert (asked.since, asked.until) == (
            at_full_second(start),
            at_full_second(end + timedelta(seconds=1)),
        )

    @pytest.mark.usefixtures("loaded")
    def test_it_sees_changes_that_no_sync_of_what_is_new_sees(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        rows = change(api, 150, 240)
        load(Span(start=sent_at(rows[160]), end=sent_at(rows[140])))
        assert changed_in(query) == {rows[150]["id"]}

    @pytest.mark.usefixtures("loaded")
    @pytest.mark.parametrize("days", [(30, 20), (2, None), (None, 10)])
    def test_it_leaves_alone_where_the_next_sync_goes_on(
        self, days: tuple[int | None, int | None], api: Sandbox, load: Load, query: Query
    ) -> None:
        start = load().window.start
        api.insert_head("messages", 3)
        now = datetime.now(timezone.utc)
        load(Span(False, *(now - timedelta(days=ago) if ago else None for ago in days)))
        assert load().window.start == start
        assert keys_in(query) == keys_of(api.rows("messages"))

    def test_on_an_empty_warehouse_the_next_sync_loads_everything(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        load(Span(start=sent_at(api.rows("messages")[20])))
        assert len(keys_in(query)) == 21
        load()
        assert keys_in(query) == keys_of(api.rows("messages"))

    def test_a_stretch_without_rows_is_no_error(self, api: Sandbox, load: Load) -> None:
        long_ago = Span(
            start=datetime(2001, 1, 1, tzinfo=timezone.utc),
            end=datetime(2002, 1, 1, tzinfo=timezone.utc),
        )
        assert load(long_ago).row_count == 0
        assert load().rows_received == 250


@pytest.mark.usefixtures("stops_early")
class TestBackfillOfAListThatCannotBeAskedForLess:
    def test_it_reads_back_to_its_start(self, api: Sandbox, load: Load, query: Query) -> None:
        rows = api.rows("messages")
        load(Span(start=sent_at(rows[120]), end=sent_at(rows[110])))
        assert offsets(api) == [0, 100, 200]
        assert keys_in(query) == keys_of(rows)

    def test_on_an_empty_warehouse_the_next_sync_loads_everything(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        load(Span(start=sent_at(api.rows("messages")[20])))
        load()
        assert keys_in(query) == keys_of(api.rows("messages"))


def run(instance: dg.DagsterInstance, **config: Any) -> dg.ExecuteInProcessResult:
    """Materialize the messages with this run config, as the launchpad does; it may fail."""
    return defs.resolve_job_def("email_all").execute_in_process(
        instance=instance,
        asset_selection=[dg.AssetKey("messages")],
        run_config={"ops": {"messages": {"config": config}}},
        raise_on_error=False,
    )


def complete(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    (found,) = (c for c in result.get_asset_check_evaluations() if c.check_name == "complete")
    return found


class TestDagster:
    @pytest.mark.usefixtures("incremental", "loaded")
    def test_complete_passes_whatever_part_a_sync_read(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        rows = api.rows("messages")
        backfill = {"start": rows[180]["sent_at"], "end": rows[120]["sent_at"]}
        configs: list[Row] = [{}, backfill]
        for config in configs:
            found = complete(run(instance, **config))
            assert (config, found.passed, found.description) == (config, True, None)

    @pytest.mark.usefixtures("asks_for_windows", "loaded")
    def test_complete_counts_what_the_api_says_of_the_window(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("messages", Fault("total", value=99))
        found = complete(run(instance))
        assert not found.passed
        assert str(found.description).startswith("messages: the API said there are 99 rows and")

    @pytest.mark.usefixtures("stops_early")
    def test_complete_warns_while_a_backfill_is_all_that_the_table_holds(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        found = complete(run(instance, start=api.rows("messages")[20]["sent_at"]))
        assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
        assert found.description == (
            "messages: the API has 250 rows and the table holds 200. The last sync left out what "
            "is older; a full_refresh reads everything."
        )

    @pytest.mark.usefixtures("stops_early", "loaded")
    def test_its_figures_tell_what_was_read(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        found = figures(run(instance), "messages")
        start = at_full_second(sent_at(api.rows("messages")[0]) - A_DAY)
        assert (found["window"], found["stopped_early"]) == (f"{start.isoformat()} to …", True)
        assert (found["requests"], found["rows_listed"], found["api_total"]) == (2, 200, 250)

    @pytest.mark.usefixtures("asks_for_windows", "loaded")
    def test_a_full_refresh_and_a_backfill_are_run_config(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        assert figures(run(instance, full_refresh=True), "messages")["rows_received"] == 250
        rows = api.rows("messages")
        backfill = run(instance, start=rows[9]["sent_at"], end=rows[5]["sent_at"])
        assert figures(backfill, "messages")["rows_received"] == 5

    @pytest.mark.parametrize(
        ("config", "sentence"),
        [
            (
                {"start": "last week"},
                "start and end must be dates or times such as 2026-01-31T12:00:00Z.",
            ),
            (
                {"start": "2026-02-01", "end": "2026-01-01"},
                "The end of a backfill must not be before its start.",
            ),
            (
                {"start": "2026-02-01", "full_refresh": True},
                "Ask for a full_refresh or for a start and end, not for both.",
            ),
        ],
    )
    def test_what_cannot_be_synced_is_the_first_line_of_the_step_s_error(
        self, config: Row, sentence: str, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        result = run(instance, **config)
        assert failures(result) == {"messages": sentence}
        (event,) = result.get_step_failure_events()
        assert event.step_failure_data.error
        assert event.step_failure_data.error.message.partition("\n")[0].endswith(sentence)
        assert offsets(api) == []

    def test_the_command_line_takes_the_same_config(
        self, api: Sandbox, empty_home: Path, tmp_path: Path, warehouse: Path, query: Query
    ) -> None:
        home = shutil.copytree(empty_home, tmp_path / "dagster_home")
        rows = api.rows("messages")
        config = {"start": rows[180]["sent_at"], "end": rows[120]["sent_at"]}
        process = command(
            *("dagster", "asset", "materialize", "--select", "messages"),
            *("-m", "email_assets.definitions"),
            *("--config-json", json.dumps({"ops": {"messages": {"config": config}}})),
            home=home,
            cwd=PROJECT,
            env={
                **settings_for(warehouse.parent, api),
                "SOURCES__EMAIL__MESSAGES__CURSOR_PATH": "sent_at",
                "SOURCES__EMAIL__MESSAGES__START_PARAM": "since",
                "SOURCES__EMAIL__MESSAGES__END_PARAM": "until",
            },
        )
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output
        assert keys_in(query) == keys_of(rows[120:181])
