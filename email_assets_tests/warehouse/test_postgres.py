"""A PostgreSQL warehouse holds the rows and values that DuckDB's holds, and warns of nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.deliverability.daily import build_daily
from email_assets.sandbox import Sandbox
from email_assets.sandbox.data import RESOURCES
from email_assets_tests.queries import WAREHOUSES
from email_assets_tests.sync.odd_data_fixtures import load_rows, put
from email_assets_tests.warehouses import Query, columns_of, fresh_warehouse, load, table

pytestmark = pytest.mark.parametrize("warehouse", WAREHOUSES[1:], indirect=True)


def test_every_table_holds_what_duckdbs_holds_row_by_row(
    api: Sandbox, tmp_path: Path, query: Query
) -> None:
    with fresh_warehouse(tmp_path, api) as of_duckdb, pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAREHOUSE__DESTINATION_TYPE", "duckdb")
        load_everything()
    load_everything()
    assert contents(query) == contents(of_duckdb)


def load_everything() -> None:
    for name in RESOURCES:
        load(name)
    build_daily(configured_account(), say=print)


def contents(query: Query) -> dict[str, list[dict[str, Any]]]:
    """The rows of all tables but dlt's own, without the columns that tell of the load."""
    names = query(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'email' "
        "AND table_name NOT LIKE '!_dlt%' ESCAPE '!'"
    )
    found = {}
    for (name,) in names:
        # dlt makes the ids of nested rows of the ids of their parents, which tell the moment
        columns = [c for c in columns_of(query, name) if c == "_dlt_list_idx" or c[:4] != "_dlt"]
        quoted = ", ".join(f'"{column}"' for column in columns)
        rows = query(f"SELECT {quoted} FROM email.{name}")
        found[name] = sorted((dict(zip(columns, row, strict=True)) for row in rows), key=repr)
    return found


def test_a_nul_in_a_key_is_written_out_and_the_row_is_known_again(
    api: Sandbox, query: Query
) -> None:
    rows = [{"id": "a\x00"}, {"id": "a"}, {"id": "b", "to": [{"name": "\x00"}]}]
    api.replace("servers", rows)
    assert load("servers").rows_loaded == 3
    assert sorted(table(query, "servers")) == ["a", "a\\u0000", "b"]
    assert load("servers").rows_loaded == 0


def test_a_nul_in_json_is_written_out(api: Sandbox, query: Query) -> None:
    deep: object = "\x00"
    for _ in range(12):
        deep = {"d\x00": deep}
    load_rows(api, {"id": 1, "deep": deep})
    put(api, {"id": 1, "deep": deep})
    assert load("domains").rows_loaded == 0


def test_a_sync_warns_of_nothing(api: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    for name in RESOURCES:
        load(name)
        load(name)
    assert [record.getMessage() for record in caplog.records if record.levelno > 20] == []
