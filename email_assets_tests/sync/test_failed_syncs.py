"""Syncs that fail lose nothing that was loaded before."""

from __future__ import annotations

import io
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.errors import (
    ApiError,
    ApiUnavailableError,
    KeyRefusedError,
    SyncError,
    WarehouseError,
)
from email_assets.sandbox import Fault, Sandbox
from email_assets.settings.resolve import SettingError
from email_assets.sync.pipeline import sync
from email_assets.warehouse.destination import open_pipeline
from email_assets_tests.sync.pipeline_fixtures import all_rows, figures
from email_assets_tests.warehouses import (
    Query,
    change,
    listed,
    load,
    never,
    table,
    working_directories,
)

# Retries and failures of the API


def test_retries_are_counted(api: Sandbox, waits: list[float]) -> None:
    api.set_faults("servers", Fault("status", status=503, times=2))
    report = load("servers", sleep=waits.append)
    assert figures(report) == {**all_rows(5, requests=3), "retries": 2}
    assert report.usage.seconds_throttled == sum(waits) == 6


@pytest.mark.slow
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
    assert working_directories() == []


# What people see of a load that failed


@pytest.fixture
def refused(api: Sandbox, warehouse: Path) -> Sandbox:
    """A table that does not take the rows to come: somebody gave a column another type."""
    api.replace("domains", [{"id": 1, "email": "person1@customer.example"}])
    load("domains")
    change(warehouse, "ALTER TABLE email.domains DROP COLUMN email")
    change(warehouse, "ALTER TABLE email.domains ADD COLUMN email INTEGER")
    api.replace("domains", [{"id": 9, "email": "person9@customer.example"}])
    return api


@pytest.mark.slow
@pytest.mark.usefixtures("refused")
def test_a_failed_load_is_one_sentence_without_addresses() -> None:
    with pytest.raises(SyncError, match=r"^domains: dlt's load step failed with ") as failure:
        load("domains")
    assert "customer.example" not in str(failure.value)


@pytest.mark.slow
@pytest.mark.usefixtures("refused")
def test_the_sentence_does_not_carry_the_errors_that_quote_rows() -> None:
    with pytest.raises(SyncError) as failure:
        load("domains")
    assert (failure.value.__cause__, failure.value.__context__) == (None, None)


@pytest.mark.slow
@pytest.mark.usefixtures("refused")
def test_dlt_logs_no_row_of_a_failed_load(monkeypatch: pytest.MonkeyPatch) -> None:
    logged = io.StringIO()
    with open_pipeline(configured_account().warehouse, "domains") as pipeline:
        monkeypatch.setattr(logging.getLogger("dlt"), "handlers", [logging.StreamHandler(logged)])
        logging.getLogger("dlt").warning("before")
        with pytest.raises(SyncError):
            sync(configured_account(), pipeline, "domains", say=print, sleep=never)
        logging.getLogger("dlt").warning("after")
    assert "customer.example" not in logged.getvalue()
    assert logged.getvalue().startswith("before\n")
    assert logged.getvalue().endswith("after\n")


# Loads that load nothing


@pytest.mark.parametrize("step", ["normalize", "load"])
def test_rows_that_are_lost_on_the_way_are_an_error(api: Sandbox, query: Query, step: str) -> None:
    """Two runs that shared a working folder came to this: one wiped what the other had read."""
    load("servers")
    before = api.rows("servers")
    changed = [{**row, "name": "renamed"} for row in before[:3]]
    api.replace("servers", [*changed, *before[3:]])
    with open_pipeline(configured_account().warehouse, "servers") as pipeline:
        run = getattr(pipeline, step)

        def wipe_and_run() -> Any:
            for packages in Path(pipeline.working_dir).glob("*/*/*"):
                if packages.is_dir():
                    shutil.rmtree(packages)
            return run()

        setattr(pipeline, step, wipe_and_run)
        with pytest.raises(WarehouseError) as failure:
            sync(configured_account(), pipeline, "servers", say=print, sleep=never)
    assert str(failure.value) == (
        "servers: 3 new rows were read and the warehouse took none of them. Run again; what was "
        "loaded before is untouched."
    )
    assert table(query, "servers") == listed(before)
