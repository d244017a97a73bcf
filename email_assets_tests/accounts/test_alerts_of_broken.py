"""Alerts and automation of an account whose settings cannot be used."""

from __future__ import annotations

import dagster as dg
import pytest

from email_assets_tests.accounts.account_fixtures import Location, Pair
from email_assets_tests.accounts.broken_fixtures import (
    accounts,
    instance,
    location,
    run_with_a_wrong_key,
    spoil,
)
from email_assets_tests.alerts.alert_fixtures import Webhook, webhook

__all__ = ["accounts", "instance", "webhook"]


def test_its_alert_names_the_mistake_and_recovers_once_it_is_mended(
    instance: dg.DagsterInstance, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        spoil(patch, vendor="nobody")
        broken = location(instance)
        alerts = broken.sensor("support_alerts")
        alerts.tick()
        broken.run(job="support_email_events")
        alerts.tick()
    alerts.definitions = location(instance).definitions
    alerts.tick()

    told, recovered = webhook.texts
    assert "support/settings failed: vendor 'nobody'" in told
    assert "account support" in told
    assert "support/settings recovered. It was: vendor 'nobody'" in recovered


@pytest.mark.slow
def test_what_was_wrong_before_the_mistake_recovers_after_it(
    accounts: tuple[dg.DagsterInstance, Pair], webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = accounts[0]
    here = location(instance)
    alerts = here.sensor("support_alerts")
    alerts.tick()
    run_with_a_wrong_key(here, "support", monkeypatch)
    alerts.tick()
    with monkeypatch.context() as patch:
        spoil(patch, vendor="nobody")
        alerts.definitions = location(instance).definitions
        alerts.tick()
    back = location(instance)
    alerts.definitions = back.definitions
    back.run("support/servers")
    alerts.tick()

    told, recovered = webhook.texts
    assert "support/servers failed" in told
    assert "support/servers recovered" in recovered


@pytest.mark.slow
def test_what_was_well_before_the_mistake_recovers_with_the_others_of_its_cause_after_it(
    accounts: tuple[dg.DagsterInstance, Pair], webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = accounts[0]
    alerts = location(instance).sensor("support_alerts")
    alerts.tick()
    for name in ("servers", "domains"):
        evaluate(instance, name, passed=False)
    alerts.tick()
    evaluate(instance, "servers", passed=True)
    alerts.tick()
    with monkeypatch.context() as patch:
        spoil(patch, vendor="nobody")
        alerts.definitions = location(instance).definitions
        alerts.tick()
    alerts.definitions = location(instance).definitions
    evaluate(instance, "domains", passed=True)
    alerts.tick()

    told, recovered = webhook.texts
    assert "support/domains, support/servers did not pass" in told
    assert "support/domains, support/servers recovered" in recovered


def evaluate(instance: dg.DagsterInstance, name: str, *, passed: bool) -> None:
    """A run of the account's in which a check of an asset has passed or not."""
    key = dg.AssetKey(["support", name])

    @dg.asset_check(asset=key, name="primary_key")
    def check() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=passed, description="keys come twice.")

    here = Location(instance, dg.Definitions(assets=[dg.AssetSpec(key)], asset_checks=[check]))
    here.run()


@pytest.mark.slow
def test_the_other_account_goes_on_alerting(
    accounts: tuple[dg.DagsterInstance, Pair], webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, vendor="nobody")
    here = location(accounts[0])
    alerts = here.sensor("marketing_alerts")
    alerts.tick()
    run_with_a_wrong_key(here, "marketing", monkeypatch)
    alerts.tick()
    here.run("marketing/servers")
    alerts.tick()

    told, recovered = webhook.texts
    assert "marketing/servers failed" in told
    assert "marketing/servers recovered" in recovered


@pytest.fixture
def automated(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> dg.RepositoryDefinition:
    """All that Dagster knows of the broken account, and of the other, where automation is on."""
    spoil(monkeypatch, vendor="nobody")
    monkeypatch.setenv("AUTOMATION__ENABLED", "true")
    return location(instance).definitions.get_repository_def()


def test_its_jobs_keep_their_names(automated: dg.RepositoryDefinition) -> None:
    assert {name for name in automated.job_names if name.startswith("support")} == {
        "support_email_all",
        "support_email_events",
    }


def test_it_is_told_by_the_schedule_of_its_events(automated: dg.RepositoryDefinition) -> None:
    (schedule,) = (one for one in automated.schedule_defs if one.name.startswith("support"))
    others = automated.get_schedule_def("marketing_email_events")

    assert schedule.name == "support_email_events"
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert schedule.cron_schedule == others.cron_schedule


def test_its_alerts_stay_on(automated: dg.RepositoryDefinition) -> None:
    (sensor,) = (one for one in automated.sensor_defs if one.name.startswith("support"))

    assert sensor.name == "support_alerts"
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
