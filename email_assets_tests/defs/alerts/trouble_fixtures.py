"""A platform in which something is wrong, and the sensor that tells of it."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import dagster as dg
import pytest

from email_assets.clock import now
from email_assets_tests.alerts.alert_fixtures import Webhook, webhook
from email_assets_tests.dagster_fixtures import instance
from email_assets_tests.defs.sensor_fixtures import Sensor, start_run

__all__ = ["instance", "webhook"]

UI = "http://127.0.0.1:3000"


@pytest.fixture
def alerts(instance: dg.DagsterInstance) -> Sensor:
    """The sensor, after its first look at a fresh platform."""
    sensor = Sensor("alerts", instance)
    sensor.tick()
    return sensor


Tick = Callable[[], list[str]]


@pytest.fixture
def tick(alerts: Sensor, webhook: Webhook) -> Tick:
    """Let the sensor look again; gives all that the webhook has been told by then."""
    return partial(tell, alerts, webhook)


@pytest.fixture
def tick_anew(instance: dg.DagsterInstance, webhook: Webhook) -> Tick:
    """The same with a sensor that has never looked before."""
    return partial(tell, Sensor("alerts", instance), webhook)


def tell(alerts: Sensor, webhook: Webhook) -> list[str]:
    alerts.tick()
    return webhook.texts


def what(text: str) -> str:
    """An alert without its last line, which says when and where."""
    return text.rpartition("\n")[0]


def report_failed(instance: dg.DagsterInstance, why: str = "It was killed.", **of_run: Any) -> str:
    """A run of ours that failed outside of its steps."""
    run = start_run(instance, **(of_run or {"job_name": "email_inventory"}))
    instance.report_run_failed(run, why)
    return run.run_id


def evaluate(
    instance: dg.DagsterInstance,
    asset: str,
    *,
    passed: bool,
    why: str | None = None,
    check: str = "complete",
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN,
) -> str:
    """A run of a check of the name and result that is asked for."""

    @dg.asset_check(asset=asset, name=check)
    def checked() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=passed, severity=severity, description=why)

    return dg.materialize(
        [checked],
        instance=instance,
        selection=dg.AssetSelection.all_asset_checks(),
    ).run_id


def cancel_half_way(instance: dg.DagsterInstance) -> None:
    """A run that is cancelled when a check has found something wrong, and whose step then fails."""

    @dg.asset_check(asset="servers", name="complete")
    def checked() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False)

    @dg.asset
    def domains(context: dg.AssetExecutionContext) -> None:
        instance.report_run_canceling(context.run)
        raise dg.Failure

    dg.materialize(
        [checked, domains],
        instance=instance,
        selection=dg.AssetSelection.all() | dg.AssetSelection.all_asset_checks(),
        raise_on_error=False,
    )


def report_materialized(
    instance: dg.DagsterInstance, *assets: str, ago: timedelta = timedelta()
) -> None:
    """Record materializations that are some time ago."""
    for asset in assets:
        with dg.DagsterInstance.ephemeral() as elsewhere:
            elsewhere.report_runless_asset_event(dg.AssetMaterialization(asset))
            entry = elsewhere.get_latest_materialization_event(dg.AssetKey(asset))
        assert entry
        instance.handle_new_event(entry._replace(timestamp=now().timestamp() - ago.total_seconds()))


def fail_foreign_run(instance: dg.DagsterInstance) -> None:
    @dg.op
    def break_down() -> None:
        raise ValueError

    @dg.job
    def foreign() -> None:
        break_down()

    foreign.execute_in_process(instance=instance, raise_on_error=False)
