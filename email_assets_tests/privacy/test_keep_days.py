"""Rows that are deleted after some days, and that no sync loads again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from email_assets.account import configured_account
from email_assets.account.every import configured_accounts
from email_assets.clock import now
from email_assets.defs.build import build_all
from email_assets.defs.privacy import build_privacy_checks
from email_assets.sandbox import Sandbox
from email_assets.settings.resolve import SettingError
from email_assets_tests.dagster_fixtures import instance
from email_assets_tests.queries import Place, on_both
from email_assets_tests.warehouses import Query, change, load

__all__ = ["instance"]


def days_ago(days: float) -> str:
    return (now() - timedelta(days=days)).isoformat()


def message(key: str, days: float) -> dict[str, Any]:
    return {"id": key, "sent_at": days_ago(days), "recipients": [{"email": f"{key}@x.example"}]}


def keys(query: Query) -> list[str]:
    return [key for (key,) in query("SELECT id FROM email.messages ORDER BY sent_at")]


@pytest.fixture
def api(api: Sandbox) -> Sandbox:
    """The API with messages of several ages, and one that says nothing of its own."""
    ages = {"old": 40, "older than the day of deletion": 31, "young": 29}
    api.replace(
        "messages",
        [*(message(key, days) for key, days in ages.items()), {"id": "none", "sent_at": None}],
    )
    return api


def evaluation(instance: dg.DagsterInstance) -> dg.AssetCheckResult:
    """The check of messages, evaluated on the warehouse as it is."""
    (check,) = build_privacy_checks(configured_account())
    results: Any = check(dg.build_asset_check_context(instance=instance))
    (result,) = results
    assert isinstance(result, dg.AssetCheckResult)
    return result


@pytest.mark.slow
@on_both
def test_the_job_deletes_what_is_too_old_and_no_sync_loads_it_again(
    api: Sandbox, query: Query, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("messages")
    assert len(keys(query)) == 4
    monkeypatch.setenv("PRIVACY__KEEP_DAYS", '{"messages": 30}')
    before = evaluation(instance)

    job = build_all(configured_accounts()).resolve_job_def("email_retention")
    assert job.execute_in_process(instance=instance).success

    assert (before.passed, before.description) == (
        False,
        "messages: rows that are older than the 30 days of [privacy] keep_days: 1. Run the job "
        "email_retention, which deletes them, and switch its schedule on.",
    )
    assert evaluation(instance).passed
    assert keys(query) == ["young", "none"]
    assert query("SELECT email FROM email.messages__recipients") == [("young@x.example",)]
    report = load("messages")
    assert (report.rows_received, report.rows_withheld, report.rows_loaded) == (4, 2, 0)


@pytest.mark.slow
@on_both
def test_statistics_of_days_are_deleted_by_their_days(
    api: Sandbox, query: Query, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__DELIVERYSTATS__CURSOR_PATH", "date")
    days = {key: days_ago(age)[:10] for key, age in (("old", 40), ("last", 30), ("young", 29))}
    rows = [{"id": number, "date": day} for number, day in enumerate(days.values())]
    api.replace("deliverystats", rows)
    load("deliverystats")
    monkeypatch.setenv("PRIVACY__KEEP_DAYS", '{"deliverystats": 30}')

    job = build_all(configured_accounts()).resolve_job_def("email_retention")
    assert job.execute_in_process(instance=instance).success

    assert query("SELECT date FROM email.deliverystats") == [(days["young"],)]
    report = load("deliverystats")
    assert (report.rows_withheld, report.rows_loaded) == (2, 0)


def test_a_column_that_holds_no_times_is_told(
    api: Sandbox,
    warehouse: Place,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PRIVACY__KEEP_DAYS", '{"messages": 30}')
    change(
        warehouse,
        "CREATE SCHEMA email",
        "CREATE TABLE email.messages (id TEXT, _dlt_id TEXT, sent_at TEXT)",
        "INSERT INTO email.messages VALUES ('a', 'a', '2020-01-31'), ('b', 'b', 'last Monday')",
    )

    found = evaluation(instance)

    assert not found.passed
    assert (found.description or "").startswith(
        "messages: sent_at, by which keep_days deletes rows, is no column of times or days in "
        "the warehouse"
    )


@pytest.mark.slow
def test_a_column_that_holds_no_times_keeps_no_other_rows(
    api: Sandbox,
    warehouse: Place,
    query: Query,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load("messages")
    change(warehouse, "CREATE TABLE email.bounces (id TEXT, _dlt_id TEXT, bounced_at BIGINT)")
    monkeypatch.setenv("PRIVACY__KEEP_DAYS", '{"bounces": 30, "messages": 30}')

    job = build_all(configured_accounts()).resolve_job_def("email_retention")
    result = job.execute_in_process(instance=instance, raise_on_error=False)

    assert not result.success
    assert keys(query) == ["young", "none"]


@pytest.mark.parametrize(
    ("keep_days", "sentence"),
    [
        ('{"servers": 30}', "keep_days names servers, of which nothing says when a row came about"),
        ('{"messages": 0}', "keep_days of messages must be a whole number of days from 1 to 36500"),
        ('{"letters": 30}', "keep_days names letters, and no resource is called so; there are"),
    ],
)
def test_days_that_cannot_be_kept_are_refused(
    keep_days: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRIVACY__KEEP_DAYS", keep_days)

    with pytest.raises(SettingError, match=sentence):
        build_all(configured_accounts())
