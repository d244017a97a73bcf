"""All sensors, and the one that repeats the freshness checks."""

import dagster as dg
import pytest

from email_assets.account import configured_account
from email_assets.clock import now
from email_assets.defs.freshness_check import build_freshness_checks
from email_assets.defs.sensors import build_sensors
from email_assets_tests.dagster_fixtures import (
    NAMES,
    instance,
)
from email_assets_tests.defs.check_runs import report_sync
from email_assets_tests.defs.sensor_fixtures import Sensor

__all__ = ["instance"]


@pytest.fixture
def freshness_checks(instance: dg.DagsterInstance) -> Sensor:
    return Sensor("freshness_checks", instance)


class TestAllSensors:
    def test_they_are_stopped_unless_they_are_switched_on(self) -> None:
        assert {
            sensor.name: sensor.default_status for sensor in build_sensors(configured_account(), [])
        } == {
            "new_records": dg.DefaultSensorStatus.STOPPED,
            "freshness_checks": dg.DefaultSensorStatus.STOPPED,
            "alerts": dg.DefaultSensorStatus.STOPPED,
        }

    def test_they_run_when_automation_is_enabled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AUTOMATION__ENABLED", "true")

        assert {sensor.default_status for sensor in build_sensors(configured_account(), [])} == {
            dg.DefaultSensorStatus.RUNNING
        }


class TestFreshnessChecks:
    def test_a_check_that_was_never_evaluated_is_due(self, freshness_checks: Sensor) -> None:
        (request,) = freshness_checks.tick().run_requests

        assert {(key.asset_key.to_user_string(), key.name) for key in request.asset_check_keys} == {
            (name, "freshness_check") for name in NAMES
        }

    def test_a_check_that_failed_is_not_repeated(
        self, freshness_checks: Sensor, instance: dg.DagsterInstance
    ) -> None:
        (request,) = freshness_checks.tick().run_requests
        dg.materialize(
            build_freshness_checks(configured_account()),
            selection=dg.AssetSelection.checks(*request.asset_check_keys),
            instance=instance,
        )

        assert freshness_checks.tick().run_requests == []

    def test_a_check_that_passed_is_not_repeated_before_its_asset_may_be_stale(
        self, freshness_checks: Sensor, instance: dg.DagsterInstance
    ) -> None:
        for name in NAMES:
            report_sync(instance, name)
        done = dg.materialize(
            build_freshness_checks(configured_account()),
            selection=dg.AssetSelection.all_asset_checks(),
            instance=instance,
        )

        assert [found.passed for found in done.get_asset_check_evaluations()] == [True] * 5
        assert freshness_checks.tick().run_requests == []

    def test_a_check_whose_asset_may_have_gone_stale_is_due(
        self, freshness_checks: Sensor, instance: dg.DagsterInstance
    ) -> None:
        for name in NAMES:
            fresh_for = -60 if name == "bounces" else 3600
            instance.report_runless_asset_event(
                dg.AssetCheckEvaluation(
                    asset_key=dg.AssetKey(name),
                    check_name="freshness_check",
                    passed=True,
                    metadata={
                        "dagster/fresh_until_timestamp": dg.MetadataValue.timestamp(
                            now().timestamp() + fresh_for
                        )
                    },
                )
            )

        (request,) = freshness_checks.tick().run_requests

        assert [key.asset_key.to_user_string() for key in request.asset_check_keys] == ["bounces"]
