"""A warehouse that the first release wrote, in an older storage format of DuckDB, loads on.

`first_release/` is DuckDB's export of one, with all that dlt keeps in it, and `rows.json` the rows
that the API listed then. Among them is a text of digits in a column of numbers, which the first
release stored as a number.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from email_assets.sandbox import Sandbox
from email_assets.sandbox.data import RESOURCES
from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import (
    figures,
    materialize,
    materialized,
    platform,
)
from email_assets_tests.soak.compare import compare

pytestmark = pytest.mark.slow

FIRST = Path(__file__).parent / "first_release"
ROWS: dict[str, list[dict[str, Any]]] = json.loads((FIRST / "rows.json").read_text())


@dataclass
class Upgrade:
    """Two syncs of everything by today's code, into what the first release wrote."""

    sandbox: Sandbox
    warehouse: Path
    before: dict[str, list[str]]
    """The problems of each table before, for the rows that the API listed then."""
    first: dg.ExecuteInProcessResult
    second: dg.ExecuteInProcessResult


def write_first_release(file: Path) -> None:
    """Make a DuckDB file as DuckDB 1.4 did, with the tables as the first release left them."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{file}' AS warehouse (STORAGE_VERSION 'v1.4.0')")
        connection.execute("USE warehouse")
        connection.execute(f"SET file_search_path = '{FIRST}'")
        connection.execute((FIRST / "schema.sql").read_text())
        connection.execute((FIRST / "load.sql").read_text())


def complaints(run: dg.ExecuteInProcessResult) -> set[tuple[str, str]]:
    """The checks that did not pass in a run."""
    return {
        (found.asset_key.to_user_string(), found.check_name)
        for found in run.get_asset_check_evaluations()
        if not found.passed
    }


@pytest.fixture(scope="module")
def upgrade(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upgrade]:
    folder = tmp_path_factory.mktemp("upgrade")
    file = folder / "warehouse.duckdb"
    write_first_release(file)
    with Sandbox(messages=12, api_key=KEY) as sandbox:
        for name in RESOURCES:
            sandbox.replace(name, ROWS[name])
        before = {name: compare(file, name, ROWS[name]) for name in RESOURCES}
        sandbox.replace("messages", [{**ROWS["messages"][0], "opens": 7}, *ROWS["messages"][1:]])
        for name in RESOURCES:
            sandbox.insert_head(name, 3)
        with platform(folder, sandbox) as instance:
            yield Upgrade(sandbox, file, before, materialize(instance), materialize(instance))


def test_the_first_release_wrote_what_the_api_listed_but_for_a_value_that_it_forced(
    upgrade: Upgrade,
) -> None:
    assert upgrade.before == {name: [] for name in RESOURCES} | {
        "domains": ["domains: 1 rows have other values than the API gives, such as 107."]
    }


@pytest.mark.parametrize("name", RESOURCES)
def test_every_row_is_there_once_with_its_values(upgrade: Upgrade, name: str) -> None:
    assert compare(upgrade.warehouse, name, upgrade.sandbox.rows(name)) == []


def test_everything_is_materialized(upgrade: Upgrade) -> None:
    for run in (upgrade.first, upgrade.second):
        assert run.success
        assert materialized(run) >= set(RESOURCES)


def test_of_the_first_sync_no_check_complains_but_of_the_value_that_gets_a_column_of_its_own(
    upgrade: Upgrade,
) -> None:
    assert complaints(upgrade.first) == {("domains", "schema_unchanged")}


def test_of_the_second_sync_no_check_complains(upgrade: Upgrade) -> None:
    assert complaints(upgrade.second) == set()


@pytest.mark.parametrize("name", RESOURCES)
def test_the_second_sync_finds_everything_unchanged(upgrade: Upgrade, name: str) -> None:
    found, rows = figures(upgrade.second, name), len(upgrade.sandbox.rows(name))
    assert (found["rows_loaded"], found["rows_unchanged"]) == (0, rows)
