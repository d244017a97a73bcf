"""Rows that somebody deleted from a table since the last sync are told, and others are not."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from email_assets.account import configured_account
from email_assets.clock import now
from email_assets.privacy.memory import remember
from email_assets.privacy.pseudonyms import Pseudonyms
from email_assets.sandbox import Fault, Sandbox
from email_assets.warehouse.destination import connected
from email_assets_tests.dagster_fixtures import instance, materialize
from email_assets_tests.defs.check_runs import ask, put, report_sync
from email_assets_tests.defs.sensor_fixtures import put_clock_ahead
from email_assets_tests.privacy.privacy_fixtures import SALT
from email_assets_tests.queries import change

__all__ = ["instance"]


def gone(rows: int, resource: str = "bounces") -> str:
    return (
        f"{resource}: rows that a sync left in the table and that are gone: {rows}. Neither "
        "keep_days nor forget deleted them; ask who else writes to the warehouse. A full_refresh "
        "loads those again that the API still has."
    )


def messages(*days_ago: int) -> list[dict[str, Any]]:
    """A message from each of so many days ago."""
    return [
        {"id": f"{days} days ago", "sent_at": (now() - timedelta(days=days)).isoformat()}
        for days in days_ago
    ]


def complete(instance: dg.DagsterInstance) -> tuple[bool, str | None]:
    """Sync the messages, and give what `complete` says in the same run."""
    result = materialize(instance, "messages")
    (found,) = (
        found
        for found in result.get_asset_check_evaluations()
        if (found.check_name, found.asset_key.path) == ("complete", ["messages"])
    )
    return found.passed, found.description


@pytest.fixture
def by_time(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The API, which tells no total of its messages; syncs read those of the last day again."""
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "sent_at")
    api.replace("messages", messages(1, 2, 3))
    api.set_faults("messages", Fault("no_total"))
    return api


def test_rows_that_are_gone_are_told_by_the_check_alone(
    warehouse: Path, instance: dg.DagsterInstance
) -> None:
    put(warehouse, 1)
    report_sync(instance, api_total=None)

    result = ask(instance, "complete")

    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert result.description == gone(2)


@pytest.mark.slow
def test_rows_that_are_gone_and_do_not_come_again_are_told_by_the_next_sync(
    by_time: Sandbox, warehouse: Path, instance: dg.DagsterInstance
) -> None:
    first = complete(instance)
    change(warehouse, "DELETE FROM email.messages WHERE id <> '1 days ago'")
    by_time.replace("messages", messages(0, 1, 2, 3))

    assert (first[0], complete(instance)) == (True, (False, gone(2, "messages")))
    assert complete(instance)[0]


@pytest.mark.slow
def test_a_table_that_was_emptied_and_is_whole_again_is_well(
    by_time: Sandbox, warehouse: Path, instance: dg.DagsterInstance
) -> None:
    complete(instance)
    change(warehouse, "DELETE FROM email.messages")

    assert complete(instance)[0]


@pytest.mark.slow
def test_a_table_that_was_emptied_of_what_the_api_no_longer_has_is_told(
    by_time: Sandbox, warehouse: Path, instance: dg.DagsterInstance
) -> None:
    complete(instance)
    change(warehouse, "DELETE FROM email.messages")
    by_time.replace("messages", messages(0, 1))

    assert complete(instance) == (False, gone(3, "messages"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DESTINATION__DUCKDB__CREDENTIALS", "{folder}/other.duckdb"),
        ("WAREHOUSE__DATASET_NAME", "other"),
    ],
)
def test_a_sync_into_another_warehouse_or_dataset_misses_nothing(
    by_time: Sandbox,
    warehouse: Path,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
) -> None:
    complete(instance)
    monkeypatch.setenv(variable, value.format(folder=warehouse.parent))
    by_time.replace("messages", messages(0))

    assert complete(instance)[0]


def test_rows_that_keep_days_may_have_deleted_are_no_news(
    warehouse: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__BOUNCES__CURSOR_PATH", "bounced_at")
    monkeypatch.setenv("PRIVACY__KEEP_DAYS", '{"bounces": 30}')
    put(warehouse, 1)
    report_sync(instance, api_total=None)

    assert ask(instance, "complete").passed


@pytest.mark.parametrize(("days_ago", "is_well"), [([0], True), ([1], False), ([1, 0], True)])
def test_rows_that_went_with_somebody_who_was_forgotten_since_are_no_news(
    days_ago: list[int],
    is_well: bool,
    warehouse: Path,
    instance: dg.DagsterInstance,
) -> None:
    put(warehouse, 1)
    report_sync(instance, api_total=None)
    with connected(configured_account().warehouse, "bounces", print) as client:
        assert client
        for days in days_ago:
            with pytest.MonkeyPatch.context() as patch:
                put_clock_ahead(patch, -timedelta(days=days))
                remember(client, Pseudonyms(SALT), "hmac:somebody")

    assert ask(instance, "complete").passed is is_well
