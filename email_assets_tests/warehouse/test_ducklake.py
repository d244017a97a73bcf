"""A warehouse in a DuckLake whose catalog is in PostgreSQL: loaded, merged, checked, counted."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import duckdb
import pytest

from email_assets.account import configured_account
from email_assets.account.every import configured_accounts
from email_assets.defs.build import build_all
from email_assets.deliverability.daily import build_daily
from email_assets.sandbox import Sandbox
from email_assets.warehouse.counts import KeyCount, count_keys
from email_assets.warehouse.destination import connected
from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import in_memory
from email_assets_tests.deliverability.deliverability_fixtures import counted
from email_assets_tests.postgres import Server
from email_assets_tests.warehouses import load

EXTENSIONS = ".duckdb"
"""The folder in a home folder where DuckDB looks for its extensions."""


@cache
def missing() -> str:
    """The reason why this DuckDB cannot open a lake, or nothing."""
    of_user = Path(pwd.getpwuid(os.getuid()).pw_dir, EXTENSIONS)
    of_tests = Path(os.environ["HOME"], EXTENSIONS)
    if of_user.is_dir() and not of_tests.exists():
        of_tests.symlink_to(of_user)
    try:
        duckdb.connect().execute("LOAD ducklake; LOAD postgres_scanner").close()
    except duckdb.Error:
        return f"the extensions ducklake and postgres_scanner of DuckDB {duckdb.__version__}"
    return ""


pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(bool(missing()), reason=f"needs {missing()}"),
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory, postgres_server: Server) -> Iterator[Sandbox]:
    """The sandbox, all of whose resources were synced into a lake by `email_all`."""
    folder = tmp_path_factory.mktemp("lake")
    with pytest.MonkeyPatch.context() as patch, Sandbox(messages=250, api_key=KEY) as sandbox:
        credentials = "DESTINATION__DUCKLAKE__CREDENTIALS"
        patch.setenv("WAREHOUSE__DESTINATION_TYPE", "ducklake")
        patch.setenv(f"{credentials}__CATALOG", postgres_server.new_database().url)
        patch.setenv(f"{credentials}__STORAGE__BUCKET_URL", str(folder / "lake"))
        patch.setenv("API_KEY", KEY)
        patch.setenv("SOURCES__EMAIL__BASE_URL", sandbox.base_url)
        yield sandbox


def ask(sql: str) -> list[tuple[object, ...]]:
    with connected(configured_account().warehouse, "test", print, read_only=True) as client:
        assert client
        return [tuple(row) for row in client.execute_sql(sql) or ()]


def test_all_assets_are_materialized_and_their_checks_pass(
    lake: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    with in_memory() as instance:
        job = build_all(configured_accounts()).resolve_job_def("email_all")
        run = job.execute_in_process(instance=instance, raise_on_error=False)

    assert run.success
    assert [
        check.check_name for check in run.get_asset_check_evaluations() if not check.passed
    ] == []
    assert "cannot" not in capfd.readouterr().err


def test_what_did_not_change_is_not_loaded_again_and_what_did_is_replaced(lake: Sandbox) -> None:
    load("messages")
    lake.insert_head("messages", 20)
    report = load("messages")

    assert (report.rows_loaded, report.rows_unchanged) == (20, 250)
    assert count_keys(configured_account().warehouse, "messages", ["id"], say=print) == KeyCount(
        270, 0, 0, []
    )
    recipients = sum(len(row["recipients"]) for row in lake.rows("messages"))
    assert ask("SELECT count(*) FROM messages__recipients") == [(recipients,)]


def test_deliverability_is_what_the_api_lists(lake: Sandbox) -> None:
    load("messages")
    load("bounces")
    build_daily(configured_account(), say=print)
    columns = (
        "CAST(day AS VARCHAR), sender, sent, bounced, hard, soft, complaints, other, bounce_rate"
    )
    assert ask(f"SELECT {columns} FROM deliverability_daily ORDER BY 1, 2") == counted(lake)
