"""Stretches of time that somebody asks for, and what Dagster passes on."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from email_assets.clock import now
from email_assets.definitions import defs
from email_assets.errors import ApiError
from email_assets.sandbox import Fault, Sandbox
from email_assets.sync.span import Span
from email_assets_tests import programs
from email_assets_tests.conftest import PROJECT
from email_assets_tests.dagster_fixtures import (
    failures,
    figures,
    settings_for,
)
from email_assets_tests.messages import at_full_second, change_messages, sent_at, start_after
from email_assets_tests.queries import on_both
from email_assets_tests.sync.incremental_fixtures import Load, offsets
from email_assets_tests.warehouses import Query, Row, changed_in, keys_in, keys_of


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

    @pytest.mark.slow
    @on_both
    @pytest.mark.usefixtures("loaded")
    def test_it_sees_changes_that_no_sync_of_what_is_new_sees(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        rows = change_messages(api, 150, 240)
        load(Span(start=sent_at(rows[160]), end=sent_at(rows[140])))
        assert changed_in(query) == {rows[150]["id"]}

    @pytest.mark.slow
    @pytest.mark.usefixtures("loaded")
    @pytest.mark.parametrize("days", [(30, 20), (2, None), (None, 10)])
    def test_it_leaves_alone_where_the_next_sync_goes_on(
        self, days: tuple[int | None, int | None], api: Sandbox, load: Load, query: Query
    ) -> None:
        start = load().window.start
        api.insert_head("messages", 3)
        today = now()
        load(Span(False, *(today - timedelta(days=ago) if ago else None for ago in days)))
        assert load().window.start == start
        assert keys_in(query) == keys_of(api.rows("messages"))

    @pytest.mark.slow
    def test_on_an_empty_warehouse_the_next_sync_loads_everything(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        load(Span(start=sent_at(api.rows("messages")[20])))
        assert len(keys_in(query)) == 21
        load()
        assert keys_in(query) == keys_of(api.rows("messages"))

    @pytest.mark.slow
    def test_a_stretch_without_rows_is_no_error(self, api: Sandbox, load: Load) -> None:
        long_ago = Span(
            start=datetime(2001, 1, 1, tzinfo=timezone.utc),
            end=datetime(2002, 1, 1, tzinfo=timezone.utc),
        )
        assert load(long_ago).row_count == 0
        assert load().rows_received == 250


@pytest.mark.usefixtures("stops_early")
class TestBackfillOfAListThatCannotBeAskedForLess:
    @pytest.mark.slow
    def test_it_reads_back_to_its_start(self, api: Sandbox, load: Load, query: Query) -> None:
        rows = api.rows("messages")
        load(Span(start=sent_at(rows[120]), end=sent_at(rows[110])))
        assert offsets(api) == [0, 99, 198]
        assert keys_in(query) == keys_of(rows)

    @pytest.mark.slow
    def test_on_an_empty_warehouse_the_next_sync_loads_everything(
        self, api: Sandbox, load: Load, query: Query
    ) -> None:
        load(Span(start=sent_at(api.rows("messages")[20])))
        load()
        assert keys_in(query) == keys_of(api.rows("messages"))

    def test_without_times_it_is_refused_and_nothing_is_loaded(
        self, api: Sandbox, load: Load, query: Query, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "metadata.campaign")
        with pytest.raises(ApiError, match=r"the cursor_path, holds something that is no time\. "):
            load(Span(start=sent_at(api.rows("messages")[20])))
        assert query("SELECT table_name FROM information_schema.tables") == []


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
    @pytest.mark.slow
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

    @pytest.mark.slow
    @pytest.mark.usefixtures("asks_for_windows", "loaded")
    def test_complete_counts_what_the_api_says_of_the_window(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("messages", Fault("total", value=99))
        found = complete(run(instance))
        assert not found.passed
        assert str(found.description).startswith("messages: the API said there are 99 rows and")

    @pytest.mark.slow
    @pytest.mark.usefixtures("stops_early")
    def test_complete_warns_while_a_backfill_is_all_that_the_table_holds(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        found = complete(run(instance, start=api.rows("messages")[20]["sent_at"]))
        assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
        assert found.description == (
            "messages: the API has 250 rows and the table holds 199. The last sync left out what "
            "is older; a full_refresh reads everything."
        )

    @pytest.mark.slow
    @pytest.mark.usefixtures("stops_early", "loaded")
    def test_its_figures_tell_what_was_read(
        self, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        found = figures(run(instance), "messages")
        start = start_after(api.rows("messages")[0])
        assert (found["window"], found["stopped_early"]) == (f"{start.isoformat()} to …", True)
        assert (found["requests"], found["rows_listed"], found["api_total"]) == (2, 199, 250)

    @pytest.mark.slow
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

    @pytest.mark.slow
    def test_the_command_line_takes_the_same_config(
        self, api: Sandbox, empty_home: Path, tmp_path: Path, warehouse: Path, query: Query
    ) -> None:
        home = shutil.copytree(empty_home, tmp_path / "dagster_home")
        rows = api.rows("messages")
        config = {"start": rows[180]["sent_at"], "end": rows[120]["sent_at"]}
        ended = programs.run(
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
        assert ended.status == 0, ended.said
        assert keys_in(query) == keys_of(rows[120:181])
