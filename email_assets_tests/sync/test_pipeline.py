"""The first sync of every resource, and syncs with nothing to load."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from email_assets.account import configured_account
from email_assets.api.usage import Usage
from email_assets.sandbox import Sandbox
from email_assets.sandbox.data import RESOURCES
from email_assets.sync.pipeline import Sync, sync
from email_assets.warehouse.destination import open_pipeline
from email_assets_tests.conftest import KEY
from email_assets_tests.queries import WAREHOUSES, fresh_place
from email_assets_tests.sync.pipeline_fixtures import all_rows, figures
from email_assets_tests.warehouses import (
    Query,
    fresh_warehouse,
    items,
    listed,
    load,
    never,
    table,
    working_directories,
)


@dataclass
class FirstSyncs:
    sandbox: Sandbox
    folder: Path
    query: Query
    syncs: dict[str, Sync]


@pytest.fixture(scope="module", params=WAREHOUSES)
def first(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[FirstSyncs]:
    """The five resources, each synced once into a fresh warehouse."""
    folder = tmp_path_factory.mktemp("first")
    place = fresh_place(folder, request)
    with Sandbox(messages=250, api_key=KEY) as sandbox:
        syncs = {}
        with fresh_warehouse(folder, sandbox, place) as query:
            for name in RESOURCES:
                with open_pipeline(configured_account().warehouse, name) as pipeline:
                    syncs[name] = sync(configured_account(), pipeline, name, say=print, sleep=never)
        yield FirstSyncs(sandbox, folder, query, syncs)


# The first sync of every resource


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


def is_server(query: Query) -> bool:
    return "PostgreSQL" in query("SELECT version()")[0][0]


def test_rows_are_loaded_in_the_fastest_format(first: FirstSyncs) -> None:
    has_driver = find_spec("adbc_driver_postgresql")
    fastest = "insert_values" if is_server(first.query) and not has_driver else "parquet"
    (package,) = first.syncs["messages"].load_info.load_packages
    jobs = [job.job_file_info for job in package.jobs["completed_jobs"]]
    assert {(job.table_name, job.file_format) for job in jobs if job.file_format != "sql"} == {
        ("messages", fastest),
        ("messages__recipients", fastest),
        ("_dlt_pipeline_state", "insert_values"),
    }


def test_each_resource_has_a_schema_of_its_own(first: FirstSyncs) -> None:
    assert first.query("SELECT DISTINCT schema_name FROM email._dlt_loads ORDER BY 1") == [
        (name,) for name in sorted(RESOURCES)
    ]


def test_a_finished_sync_can_tell_more(first: FirstSyncs) -> None:
    assert {name: done.resource.name for name, done in first.syncs.items()} == {
        name: name for name in RESOURCES
    }


def test_nothing_is_left_where_a_load_was_staged(first: FirstSyncs) -> None:
    tables = first.query(
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_schema = 'email_staging' AND table_name LIKE 'messages%'"
    )
    assert len(tables) == (2 if is_server(first.query) else 0)
    for (name,) in tables:
        assert first.query(f"SELECT count(*) FROM email_staging.{name}") == [(0,)]


def test_no_working_folder_is_left(first: FirstSyncs) -> None:
    assert working_directories(first.folder) == []


# Nothing to load


def test_the_first_load_of_an_empty_resource_succeeds(api: Sandbox) -> None:
    api.replace("servers", [])
    assert figures(load("servers")) == all_rows(0)


def test_an_empty_resource_has_no_table(api: Sandbox, query: Query) -> None:
    api.replace("servers", [])
    load("servers")
    assert query("SELECT table_name FROM duckdb_tables WHERE table_name = 'servers'") == []


@pytest.mark.slow
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
