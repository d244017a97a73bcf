"""A warehouse in SQLite, through SQLAlchemy: loaded, merged, checked and counted for real."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from email_assets.account import configured_account
from email_assets.account.every import configured_accounts
from email_assets.defs.build import build_all
from email_assets.deliverability.breakdown import read_breakdown
from email_assets.deliverability.daily import SenderDay, build_daily, read_daily
from email_assets.quickstart import dbt_sources
from email_assets.sandbox import Sandbox
from email_assets.sync.report import SyncReport
from email_assets.vendors.resource import DAILY, REPORT
from email_assets.warehouse.counts import KeyCount, count_keys
from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import in_memory
from email_assets_tests.deliverability.deliverability_fixtures import counted
from email_assets_tests.warehouses import load

pytestmark = pytest.mark.slow

Ask = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, Ask, SyncReport]]:
    """The sandbox, a way to ask SQLite, and the report of the first sync into it."""
    folder = tmp_path_factory.mktemp("sqlite")

    def ask(sql: str) -> list[tuple[Any, ...]]:
        # dlt keeps each dataset in a file of its own
        with sqlite3.connect(folder / "warehouse__email.db") as connection:
            return connection.execute(sql).fetchall()

    with pytest.MonkeyPatch.context() as patch, Sandbox(messages=50, api_key=KEY) as sandbox:
        patch.setenv("WAREHOUSE__DESTINATION_TYPE", "sqlalchemy")
        address = f"sqlite:///{folder / 'warehouse.db'}"
        patch.setenv("DESTINATION__SQLALCHEMY__CREDENTIALS", address)
        patch.setenv("API_KEY", KEY)
        patch.setenv("SOURCES__EMAIL__BASE_URL", sandbox.base_url)
        first = load("messages")
        load("bounces")
        load("domains")
        yield sandbox, ask, first


def test_the_first_sync_tells_the_rows_that_it_loaded(
    loaded: tuple[Sandbox, Ask, SyncReport],
) -> None:
    _, ask, first = loaded
    assert (first.rows_loaded, first.row_count) == (50, 50)
    assert ask("SELECT count(*), count(DISTINCT id) FROM messages") == [(50, 50)]
    assert ask("SELECT count(*) FROM _email_account") == [(1,)]


def test_a_row_that_changed_replaces_the_old_one_and_its_items_and_others_stay(
    loaded: tuple[Sandbox, Ask, SyncReport],
) -> None:
    sandbox, ask, _ = loaded
    before = sandbox.rows("domains")
    items = [{"type": "TXT"}, {"type": "MX"}]
    sandbox.replace("domains", [{**before[0], "records": items}, *before[1:]])
    load("domains")
    sandbox.replace("domains", [{**before[0], "records": items[1:]}, *before[1:]])

    report = load("domains")

    assert (report.rows_loaded, report.rows_unchanged) == (1, len(before) - 1)
    assert ask("SELECT count(*), count(DISTINCT id) FROM domains") == [(len(before),) * 2]
    assert ask("SELECT type FROM domains__records") == [("MX",)]


def test_its_keys_are_counted(loaded: tuple[Sandbox, Ask, SyncReport]) -> None:
    warehouse = configured_account().warehouse
    assert count_keys(warehouse, "messages", ["id"], say=print) == KeyCount(50, 0, 0, [])


def test_all_assets_of_the_job_are_materialized_and_their_checks_pass(
    loaded: tuple[Sandbox, Ask, SyncReport],
) -> None:
    with in_memory() as instance:
        job = build_all(configured_accounts()).resolve_job_def("email_all")
        run = job.execute_in_process(instance=instance, raise_on_error=False)

    assert run.success
    events = run.get_asset_materialization_events()
    names = {event.asset_key.path[-1] for event in events if event.asset_key}
    assert names >= {"bounces", "messages", DAILY, REPORT}
    checks = run.get_asset_check_evaluations()
    assert [check.check_name for check in checks if not check.passed] == []
    assert {"primary_key", "bounce_rate", "complaint_rate"} <= {
        check.check_name for check in checks
    }


def test_deliverability_is_what_the_api_lists(loaded: tuple[Sandbox, Ask, SyncReport]) -> None:
    sandbox, ask, _ = loaded
    build_daily(configured_account(), say=print)

    rows, _ = build_daily(configured_account(), say=print)

    columns = "day, sender, sent, bounced, hard, soft, complaints, other, bounce_rate"
    found = ask(f"SELECT {columns} FROM deliverability_daily ORDER BY day, sender")
    assert found == counted(sandbox)
    assert len(found) == rows


def test_the_report_tells_days_and_types_and_why_it_tells_no_recipients(
    loaded: tuple[Sandbox, Ask, SyncReport],
) -> None:
    sandbox, _, _ = loaded
    account, said = configured_account(), list[str]()
    build_daily(account, say=print)
    since, until = date.fromisoformat("2000-01-01"), date.fromisoformat("2100-01-01")

    days = read_daily(account, since, who="report", say=print)
    found = read_breakdown(account, since, until, who="report", say=said.append)

    assert isinstance(days[0], SenderDay)
    assert (days[0].day.isoformat(), days[0].sender) == counted(sandbox)[0][:2]
    assert sum(one.count for one in found.types) == len(sandbox.rows("bounces"))
    assert found.domains is None
    assert said == [
        "report: nothing is told by recipient, since sqlalchemy finds no address in a text as "
        "DuckDB does; the table by day is whole."
    ]


def test_dbt_is_told_its_tables_and_columns(
    loaded: tuple[Sandbox, Ask, SyncReport],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    load("messages")

    assert dbt_sources.main([]) == 0

    (source,) = yaml.safe_load(capsys.readouterr().out)["sources"]
    tables = {table["name"]: table["columns"] for table in source["tables"]}
    assert [column["name"] for column in tables["messages"]][:2] == ["id", "server_id"]
    assert "email" in [column["name"] for column in tables["messages__recipients"]]


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE _dlt_version",
        "DELETE FROM _dlt_version",
        "DROP TABLE _dlt_pipeline_state",
        "ALTER TABLE domains DROP COLUMN name",
        "DROP TABLE domains__records",
    ],
)
def test_what_somebody_took_away_comes_back(
    loaded: tuple[Sandbox, Ask, SyncReport], statement: str
) -> None:
    sandbox, ask, _ = loaded
    rows = [{**row, "records": [{"type": "MX"}]} for row in sandbox.rows("domains")]
    sandbox.replace("domains", rows)
    load("domains")
    ask(statement)

    load("domains")

    names = [(row["id"], row["name"]) for row in sandbox.rows("domains")]
    assert ask("SELECT id, name FROM domains ORDER BY id") == sorted(names)
    assert ask("SELECT type FROM domains__records") == [("MX",)] * len(rows)
    assert load("domains").rows_loaded == 0
