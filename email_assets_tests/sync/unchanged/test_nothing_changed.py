"""A sync in which nothing changed loads nothing, and leaves the warehouse alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from email_assets.sandbox import Sandbox
from email_assets.sandbox.data import RESOURCES
from email_assets.sync.report import SyncReport
from email_assets_tests.dagster_fixtures import figures, in_memory, materialize
from email_assets_tests.queries import WAREHOUSES, fresh_place, on_both
from email_assets_tests.sync.unchanged.loading import (
    counts,
    load,
    state_of,
)
from email_assets_tests.warehouses import (
    Query,
    fresh_warehouse,
)

# Nothing has changed


@dataclass
class Again:
    """A sync of what was synced just before, and the warehouse's file around it."""

    rows: int
    report: SyncReport
    before: Any
    after: Any


@pytest.fixture(scope="module", params=WAREHOUSES)
def again(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> dict[str, Again]:
    """The five resources, each synced twice."""
    folder = tmp_path_factory.mktemp("again")
    place = fresh_place(folder, request)
    found: dict[str, Again] = {}
    with Sandbox(messages=250) as sandbox, fresh_warehouse(folder, sandbox, place):
        for name in RESOURCES:
            load(name)
        for name in RESOURCES:
            before = state_of(place)
            report = load(name)
            after = state_of(place)
            found[name] = Again(len(sandbox.rows(name)), report, before, after)
    return found


@pytest.mark.parametrize("name", RESOURCES)
def test_a_sync_in_which_nothing_changed_loads_nothing(again: dict[str, Again], name: str) -> None:
    found = again[name]
    assert (found.report.rows_loaded, found.report.rows_unchanged) == (0, found.rows)


@pytest.mark.parametrize("name", RESOURCES)
def test_a_sync_in_which_nothing_changed_reads_everything_all_the_same(
    again: dict[str, Again], name: str
) -> None:
    report, rows = again[name].report, again[name].rows
    read = (report.rows_received, report.rows_listed, report.api_total, report.row_count)
    assert read == (rows, rows, rows, rows)


@pytest.mark.parametrize("name", RESOURCES)
def test_a_sync_in_which_nothing_changed_does_not_touch_the_warehouse_file(
    again: dict[str, Again], name: str
) -> None:
    assert again[name].after == again[name].before


@dataclass
class Runs:
    """Two runs of assets, between which nothing changed."""

    sandbox: Sandbox
    first: dg.ExecuteInProcessResult
    second: dg.ExecuteInProcessResult


@pytest.fixture(scope="module", params=WAREHOUSES)
def runs(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Runs]:
    folder = tmp_path_factory.mktemp("runs")
    place = fresh_place(folder, request)
    names = ("messages", "deliverystats")
    with (
        Sandbox(messages=250) as sandbox,
        fresh_warehouse(folder, sandbox, place),
        in_memory() as instance,
    ):
        yield Runs(sandbox, materialize(instance, *names), materialize(instance, *names))


@pytest.mark.parametrize("name", ["messages", "deliverystats"])
def test_an_asset_in_which_nothing_changed_is_materialized_with_its_figures(
    name: str, runs: Runs
) -> None:
    found = figures(runs.second, name)
    rows = len(runs.sandbox.rows(name))
    assert {figure: found[figure] for figure in ("rows_loaded", "rows_unchanged")} == {
        "rows_loaded": 0,
        "rows_unchanged": rows,
    }
    assert found["dagster/row_count"] == rows


def test_an_asset_in_which_nothing_changed_still_tells_its_columns(runs: Runs) -> None:
    first, again = figures(runs.first, "messages"), figures(runs.second, "messages")
    assert again["dagster/column_schema"] == first["dagster/column_schema"]


def test_the_checks_of_an_asset_in_which_nothing_changed_pass(runs: Runs) -> None:
    assert runs.second.success
    evaluations = runs.second.get_asset_check_evaluations()
    assert (len(evaluations), [found for found in evaluations if not found.passed]) == (8, [])


@on_both
def test_an_empty_list_leaves_table_and_file_alone(
    api: Sandbox, query: Query, warehouse: Path
) -> None:
    load("servers")
    before = state_of(warehouse)
    api.replace("servers", [])
    assert counts(load("servers")) == (0, 0)
    assert state_of(warehouse) == before


@pytest.mark.slow
def test_rows_that_come_back_as_they_were_are_not_loaded_again(api: Sandbox) -> None:
    load("servers")
    api.replace("servers", [])
    load("servers")
    api.replace("servers", None)
    assert counts(load("servers")) == (0, 5)
