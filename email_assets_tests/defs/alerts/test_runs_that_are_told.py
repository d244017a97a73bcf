"""Runs whose failure is told, and those whose failure is not."""

from typing import Any

import dagster as dg
import pytest

from email_assets.defs.alerts import history
from email_assets.defs.runs import LOCATION, LOCATION_TAG
from email_assets_tests.alerts.alert_fixtures import Webhook, webhook
from email_assets_tests.dagster_fixtures import EVENTS, NAMES, instance, materialize
from email_assets_tests.defs.alerts.trouble_fixtures import (
    Tick,
    alerts,
    cancel_half_way,
    fail_foreign_run,
    report_failed,
    report_materialized,
    tell,
    tick,
    tick_anew,
)
from email_assets_tests.defs.sensor_fixtures import Sensor

__all__ = ["alerts", "instance", "tick", "tick_anew", "webhook"]


@pytest.mark.usefixtures("api")
class TestRunsThatAreTold:
    @pytest.mark.parametrize(
        "selection",
        [
            {"asset_selection": {dg.AssetKey("bounces")}},
            {"asset_check_selection": {dg.AssetCheckKey(dg.AssetKey("bounces"), "complete")}},
        ],
    )
    def test_a_run_of_some_assets_or_checks_is_told(
        self,
        selection: dict[str, Any],
        tick: Tick,
        instance: dg.DagsterInstance,
    ) -> None:
        report_failed(instance, job_name="__ASSET_JOB", **selection)

        (text,) = tick()

        assert text.startswith("bounces ")

    def test_a_failed_run_of_other_code_is_not_told_and_holds_up_none_of_ours(
        self, tick: Tick, instance: dg.DagsterInstance
    ) -> None:
        fail_foreign_run(instance)
        report_failed(instance)
        fail_foreign_run(instance)

        assert len(tick()) == 1

    @pytest.mark.parametrize(
        "alike",
        [
            {"job_name": "email_inventory"},
            {"job_name": "__ASSET_JOB", "asset_selection": {dg.AssetKey("bounces")}},
        ],
    )
    def test_a_failed_run_of_another_code_location_with_the_same_names_is_not_told(
        self, alike: dict[str, Any], tick: Tick, instance: dg.DagsterInstance
    ) -> None:
        report_failed(instance, tags={LOCATION_TAG: "staging"}, **alike)

        assert tick() == []

    def test_a_job_that_fails_is_not_mended_by_its_namesake_in_another_code_location(
        self, tick: Tick, instance: dg.DagsterInstance
    ) -> None:
        materialize(instance, job="email_retention", tags={LOCATION_TAG: LOCATION})
        report_failed(instance, job_name="email_retention", tags={LOCATION_TAG: LOCATION})
        materialize(instance, job="email_retention", tags={LOCATION_TAG: "staging"})
        (failed,) = tick()
        assert failed.startswith("email_retention failed: It was killed. ")

        materialize(instance, job="email_retention", tags={LOCATION_TAG: LOCATION})
        materialize(instance, job="email_retention", tags={LOCATION_TAG: "staging"})

        assert tick()[-1].startswith("email_retention recovered. It was: It was killed. ")

    def test_a_success_on_the_command_line_mends_it_whatever_ran_elsewhere_since(
        self, tick: Tick, instance: dg.DagsterInstance
    ) -> None:
        materialize(instance, job="email_retention", tags={LOCATION_TAG: LOCATION})
        report_failed(instance, job_name="email_retention", tags={LOCATION_TAG: LOCATION})
        tick()

        materialize(instance, job="email_retention")
        for other in ("staging", "another"):
            materialize(instance, job="email_retention", tags={LOCATION_TAG: other})

        assert tick()[-1].startswith("email_retention recovered. It was: It was killed. ")

    def test_the_code_location_may_have_any_name(
        self, alerts: Sensor, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        alerts.location = "staging"
        report_failed(instance, job_name="email_events", tags={LOCATION_TAG: LOCATION})
        report_failed(instance, job_name="email_inventory", tags={LOCATION_TAG: "staging"})

        (text,) = tell(alerts, webhook)

        assert text.startswith("domains, servers failed: ")

    def test_a_failure_that_a_later_run_mended_before_anybody_looked_is_not_told(
        self, tick: Tick, instance: dg.DagsterInstance
    ) -> None:
        report_failed(instance, job_name="email_inventory")
        report_materialized(instance, "servers", "domains")

        assert tick() == []

    def test_a_failure_that_dagster_will_retry_is_left_to_the_retry(
        self, tick: Tick, instance: dg.DagsterInstance
    ) -> None:
        report_failed(instance, job_name="email_inventory", tags={"dagster/will_retry": "true"})

        assert tick() == []

    def test_of_a_cancelled_run_what_its_checks_found_is_told_and_no_failure(
        self, tick: Tick, instance: dg.DagsterInstance
    ) -> None:
        cancel_half_way(instance)

        (text,) = tick()

        assert text.startswith("servers did not pass the check complete: ")

    def test_runs_that_are_too_many_for_one_look_are_told_at_the_next_ones(
        self, tick: Tick, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(history, "MOST_RUNS", 2)
        monkeypatch.setattr(history, "OVERLAP", 1)
        for name in NAMES:
            report_failed(instance, job_name="__ASSET_JOB", asset_selection={dg.AssetKey(name)})
        for _ in range(3):
            told = tick()

        assert [text.partition(" failed: ")[0] for text in told] == [
            "bounces, messages",
            "deliverystats, servers",
            "domains",
        ]

    def test_what_failed_before_the_first_look_and_was_not_mended_is_told(
        self, tick_anew: Tick, instance: dg.DagsterInstance
    ) -> None:
        report_failed(instance)

        assert len(tick_anew()) == 1

    def test_runs_that_were_deleted_hide_no_later_failure(
        self, tick: Tick, instance: dg.DagsterInstance
    ) -> None:
        runs = [report_failed(instance) for _ in range(3)]
        tick()
        for run in runs:
            instance.delete_run(run)
        report_failed(instance, job_name="email_events")

        assert [text.partition(" failed")[0] for text in tick()] == [
            "domains, servers",
            ", ".join(sorted(EVENTS)),
        ]
