"""A sync brings a resource's table up to what the API has, and reports what it did."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from email_assets.api.errors import ApiError, ApiUnavailableError, KeyRefusedError
from email_assets.api.session import Usage
from email_assets.pipeline import Sync, SyncError, SyncReport, sync
from email_assets.sandbox import Fault, Sandbox
from email_assets.sandbox.data import RESOURCES
from email_assets.settings import SettingError
from email_assets.warehouse import WarehouseError, open_pipeline
from email_assets_tests.conftest import KEY
from email_assets_tests.warehouses import (
    Query,
    change,
    fresh_warehouse,
    items,
    listed,
    load,
    never,
    table,
)


def figures(report: SyncReport) -> dict[str, Any]:
    """A report's figures, except for the time and the bytes, which differ from run to run."""
    return {
        "received": report.rows_received,
        "listed": report.rows_listed,
        "loaded": report.rows_loaded,
        "unchanged": report.rows_unchanged,
        "without key": report.rows_without_key,
        "total": report.api_total,
        "in table": report.row_count,
        "requests": report.usage.requests,
        "retries": report.usage.retries,
    }


def all_rows(count: int, requests: int = 1) -> dict[str, Any]:
    """The figures of a sync in which nothing was special."""
    return {
        **dict.fromkeys(("received", "listed", "loaded", "total", "in table"), count),
        "unchanged": 0,
        "without key": 0,
        "requests": requests,
        "retries": 0,
    }


# The first sync of every resource


@dataclass
class FirstSyncs:
    sandbox: Sandbox
    folder: Path
    query: Query
    syncs: dict[str, Sync]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FirstSyncs]:
    """The five resources, each synced once into a fresh warehouse."""
    folder = tmp_path_factory.mktemp("first")
    with Sandbox(messages=250, api_key=KEY) as sandbox:
        syncs = {}
        with fresh_warehouse(folder, sandbox) as query:
            for name in RESOURCES:
                with open_pipeline(name) as pipeline:
                    syncs[name] = sync(pipeline, name, say=print, sleep=never)
        yield FirstSyncs(sandbox, folder, query, syncs)


@pytest.mark.parametrize("name", RESOURCES)
def test_the_table_holds_what_the_api_lists(first: FirstSyncs, name: str) -> None:
    assert table(first.query, name) == listed(first.sandbox.rows(name))


def test_a_nested_list_becomes_a_table_of_its_own(first: FirstSyncs) -> None:
    assert items(first.query, "messages", "recipients") == {
        row["id"]: row["recipients"] for row in first.sandbox.rows("messages")
    }


@pytest.mark.parametrize(
    ("name", "rows", "requests"),
    [
        ("bounces", 23, 1),
        ("messages", 250, 3),
        ("deliverystats", 7, 1),
        ("servers", 5, 1),
        ("domains", 8, 1),
    ],
)
def test_the_report_tells_rows_and_requests(
    first: FirstSyncs, name: str, rows: int, requests: int
) -> None:
    assert figures(first.syncs[name].report) == all_rows(rows, requests)


def test_the_report_tells_bytes_and_time(first: FirstSyncs) -> None:
    report = first.syncs["servers"].report
    assert report.usage == Usage(requests=1, bytes=659)
    assert 0 < report.seconds < 60


def test_rows_are_loaded_as_parquet(first: FirstSyncs) -> None:
    (package,) = first.syncs["messages"].load_info.load_packages
    jobs = [job.job_file_info for job in package.jobs["completed_jobs"]]
    assert {(job.table_name, job.file_format) for job in jobs if job.file_format != "sql"} == {
        ("messages", "parquet"),
        ("messages__recipients", "parquet"),
        ("_dlt_pipeline_state", "insert_values"),
    }


def test_each_resource_has_a_schema_of_its_own(first: FirstSyncs) -> None:
    assert first.query("SELECT DISTINCT schema_name FROM email._dlt_loads ORDER BY ALL") == [
        (name,) for name in sorted(RESOURCES)
    ]


def test_a_finished_sync_can_tell_more(first: FirstSyncs) -> None:
    assert {name: done.resource.name for name, done in first.syncs.items()} == {
        name: name for name in RESOURCES
    }


def test_no_working_folder_is_left(first: FirstSyncs) -> None:
    assert list(first.folder.glob("email_assets-*")) == []


# Later syncs


def test_a_second_sync_changes_nothing(api: Sandbox, query: Query) -> None:
    load("messages")
    assert figures(load("messages")) == {
        **all_rows(250, requests=3),
        "loaded": 0,
        "unchanged": 250,
    }
    rows = api.rows("messages")
    assert table(query, "messages") == listed(rows)
    assert items(query, "messages", "recipients") == {row["id"]: row["recipients"] for row in rows}


def test_a_changed_row_is_updated(api: Sandbox, query: Query) -> None:
    load("servers")
    rows = [{**row, "name": "renamed"} if row["id"] == 3 else row for row in api.rows("servers")]
    api.replace("servers", rows)
    load("servers")
    assert table(query, "servers") == listed(rows)


def test_a_changed_nested_list_is_replaced(api: Sandbox, query: Query) -> None:
    api.replace(
        "messages", [{"id": "a", "to": [{"n": 1}, {"n": 2}]}, {"id": "b", "to": [{"n": 3}]}]
    )
    load("messages")
    api.replace("messages", [{"id": "a", "to": [{"n": 4}]}, {"id": "b", "to": []}])
    load("messages")
    assert items(query, "messages", "to") == {"a": [{"n": 4}]}


def test_new_rows_are_added(api: Sandbox, query: Query) -> None:
    load("bounces")
    api.insert_head("bounces", 80)
    assert figures(load("bounces")) == {
        **all_rows(103, requests=2),
        "loaded": 80,
        "unchanged": 23,
    }
    assert table(query, "bounces") == listed(api.rows("bounces"))


def test_rows_that_vanish_from_the_api_stay(api: Sandbox, query: Query) -> None:
    before = api.rows("bounces")
    load("bounces")
    api.delete_head("bounces", 3)
    report = load("bounces")
    assert (report.api_total, report.rows_unchanged, report.row_count) == (20, 20, 23)
    assert table(query, "bounces") == listed(before)


def test_a_new_field_is_a_new_column(api: Sandbox, query: Query) -> None:
    load("servers")
    rows = [{**row, "region": "eu"} for row in api.rows("servers")]
    api.replace("servers", rows)
    load("servers")
    assert table(query, "servers") == listed(rows)


def test_a_field_that_vanishes_is_empty_from_then_on(api: Sandbox, query: Query) -> None:
    load("servers")
    rows = [{"id": row["id"], "name": row["name"]} for row in api.rows("servers")]
    api.replace("servers", rows)
    load("servers")
    assert table(query, "servers") == listed(rows)


# Nothing to load


def test_the_first_load_of_an_empty_resource_succeeds(api: Sandbox) -> None:
    api.replace("servers", [])
    assert figures(load("servers")) == all_rows(0)


def test_an_empty_resource_has_no_table(api: Sandbox, query: Query) -> None:
    api.replace("servers", [])
    load("servers")
    assert query("SELECT table_name FROM duckdb_tables WHERE table_name = 'servers'") == []


def test_a_resource_that_was_empty_fills(api: Sandbox, query: Query) -> None:
    api.replace("servers", [])
    load("servers")
    api.replace("servers", None)
    assert figures(load("servers")) == all_rows(5)
    assert table(query, "servers") == listed(api.rows("servers"))


def test_a_resource_that_empties_keeps_its_rows(api: Sandbox, query: Query) -> None:
    before = api.rows("servers")
    load("servers")
    api.replace("servers", [])
    assert figures(load("servers")) == {**all_rows(0), "in table": 5}
    assert table(query, "servers") == listed(before)


# Tables that somebody changed


def test_a_dropped_table_is_loaded_anew(api: Sandbox, warehouse: Path, query: Query) -> None:
    load("messages")
    change(warehouse, "DROP TABLE email.messages")
    load("messages")
    rows = api.rows("messages")
    assert table(query, "messages") == listed(rows)
    assert items(query, "messages", "recipients") == {row["id"]: row["recipients"] for row in rows}


def test_a_renamed_table_stays_and_is_loaded_anew(
    api: Sandbox, warehouse: Path, query: Query
) -> None:
    load("servers")
    change(warehouse, "ALTER TABLE email.servers RENAME TO servers_2025")
    rows = [{"id": "s-1", "name": "now with text for an id"}]
    api.replace("servers", rows)
    load("servers")
    assert table(query, "servers") == listed(rows)
    assert query("SELECT count(*) FROM email.servers_2025") == [(5,)]


def test_a_load_that_fails_half_way_leaves_what_was_there(
    api: Sandbox, warehouse: Path, query: Query
) -> None:
    load("servers")
    change(warehouse, "ALTER TABLE email.servers DROP COLUMN color")
    before = table(query, "servers")
    api.replace("servers", [{**row, "name": "renamed"} for row in api.rows("servers")])
    with pytest.raises(SyncError, match=r"^servers: dlt's load step failed with BinderException: "):
        load("servers")
    assert table(query, "servers") == before


# Retries and failures of the API


def test_retries_are_counted(api: Sandbox, waits: list[float]) -> None:
    api.set_faults("servers", Fault("status", status=503, times=2))
    report = load("servers", sleep=waits.append)
    assert figures(report) == {**all_rows(5, requests=3), "retries": 2}
    assert report.usage.seconds_throttled == sum(waits) == 6


def test_a_failing_api_leaves_what_was_there(
    api: Sandbox, query: Query, waits: list[float]
) -> None:
    before = api.rows("messages")
    load("messages")
    api.insert_head("messages", 30)
    api.set_faults("messages", Fault("status", status=500, after=2))
    with pytest.raises(ApiUnavailableError):
        load("messages", sleep=waits.append)
    assert table(query, "messages") == listed(before)


def test_the_error_is_what_the_api_says_of_itself(api: Sandbox, waits: list[float]) -> None:
    api.set_faults("servers", Fault("status", status=500))
    with pytest.raises(ApiUnavailableError) as failure:
        load("servers", sleep=waits.append)
    assert str(failure.value) == (
        f"servers: {api.base_url} answered 500 Internal Server Error. Tried 3 times; what was "
        "loaded before is untouched."
    )


def test_a_refused_key_is_an_error_of_its_own(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "wrong")
    with pytest.raises(KeyRefusedError, match=r"^servers: the API refused the key \(401\)\. "):
        load("servers")


@pytest.mark.parametrize("faults", [[], [Fault("no_total")]], ids=["total", "no total"])
def test_the_same_page_for_ever_is_an_error(api: Sandbox, faults: list[Fault]) -> None:
    api.set_faults("messages", Fault("same_page", times=50), *faults)
    with pytest.raises(ApiError, match="the same page of 100 rows"):
        load("messages")


def test_an_api_that_is_not_configured_is_an_error_before_anything_else(
    warehouse: Path,
) -> None:
    with pytest.raises(SettingError, match=r"^servers: no API is configured yet\."):
        load("servers")
    assert not warehouse.exists()


def test_no_working_folder_is_left_after_a_failure(api: Sandbox) -> None:
    api.set_faults("servers", Fault("data_null"))
    with pytest.raises(ApiError):
        load("servers")
    assert list(Path(tempfile.gettempdir()).glob("email_assets-*")) == []


# Loads that load nothing


@pytest.mark.parametrize("step", ["normalize", "load"])
def test_rows_that_are_lost_on_the_way_are_an_error(api: Sandbox, query: Query, step: str) -> None:
    """What happened when two runs shared a working folder: one wiped what the other had read."""
    load("servers")
    before = api.rows("servers")
    changed = [{**row, "name": "renamed"} for row in before[:3]]
    api.replace("servers", [*changed, *before[3:]])
    with open_pipeline("servers") as pipeline:
        run = getattr(pipeline, step)

        def wipe_and_run() -> Any:
            for packages in Path(pipeline.working_dir).glob("*/*/*"):
                if packages.is_dir():
                    shutil.rmtree(packages)
            return run()

        setattr(pipeline, step, wipe_and_run)
        with pytest.raises(WarehouseError) as failure:
            sync(pipeline, "servers", say=print, sleep=never)
    assert str(failure.value) == (
        "servers: 3 new rows were read and the warehouse took none of them. Run again; what was "
        "loaded before is untouched."
    )
    assert table(query, "servers") == listed(before)
