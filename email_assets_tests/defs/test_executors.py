"""The places of the steps of a run, by the settings."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec

import dagster as dg
import pytest

from email_assets.account.every import configured_accounts
from email_assets.defs.build import build_all
from email_assets.settings.resolve import SettingError

WHERE = "Set it as [execution] executor in .dlt/config.toml or as EXECUTION__EXECUTOR."
PACKAGES = {"celery": "dagster_celery", "k8s": "dagster_k8s"}

Build = Callable[[str], dg.Definitions]


@pytest.fixture
def build(monkeypatch: pytest.MonkeyPatch) -> Build:
    """The definitions of two accounts with an executor, and a warehouse on a server."""
    monkeypatch.setenv("WAREHOUSE__DESTINATION_TYPE", "postgres")
    for account in ("marketing", "billing"):
        monkeypatch.setenv(f"SOURCES__EMAIL__ACCOUNTS__{account.upper()}__VENDOR", "generic")

    def built(executor: str) -> dg.Definitions:
        monkeypatch.setenv("EXECUTION__EXECUTOR", executor)
        return build_all(configured_accounts())

    return built


@pytest.mark.parametrize("executor", ["in_process", "multiprocess", "celery"])
def test_all_jobs_have_the_executor_of_the_settings(build: Build, executor: str) -> None:
    if executor == "celery" and find_spec("dagster_celery") is None:
        pytest.skip("what runs on servers is not installed: make install-server")
    defs = build(executor)

    jobs = [defs.resolve_job_def(f"{account}_email_all") for account in ("marketing", "billing")]

    assert {job.executor_def.name for job in jobs} == {executor}


@pytest.mark.parametrize("executor", ["multiprocess", "celery", "k8s"])
def test_one_process_alone_may_write_a_duckdb_file(
    build: Build, monkeypatch: pytest.MonkeyPatch, executor: str
) -> None:
    monkeypatch.setenv("WAREHOUSE__DESTINATION_TYPE", "duckdb")

    with pytest.raises(SettingError) as caught:
        build(executor)

    assert str(caught.value) == (
        f"The executor {executor} wants a warehouse on a server, such as postgres: one process at "
        "a time can write a DuckDB file. Set destination_type of [warehouse], or leave the "
        f"executor at in_process. {WHERE}"
    )


@pytest.mark.parametrize("executor", PACKAGES)
def test_an_executor_that_is_missing_is_told_with_its_extra(
    build: Build, monkeypatch: pytest.MonkeyPatch, executor: str
) -> None:
    imported = [name for name in sys.modules if name.partition(".")[0] == PACKAGES[executor]]
    for name in (*imported, "email_assets.defs.celery"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, PACKAGES[executor], None)  # as if it were not installed

    with pytest.raises(SettingError) as caught:
        build(executor)

    assert str(caught.value) == (
        f"The executor {executor} is not installed: run `make install-server`, or "
        f"`pip install 'email_assets[{executor}]'`. {WHERE}"
    )
