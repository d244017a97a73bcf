"""Alerts of assets whose checks warn, and of assets that go stale."""

import json
from datetime import timedelta

import dagster as dg
import pytest

from email_assets_tests.alerts.alert_fixtures import Webhook, webhook
from email_assets_tests.dagster_fixtures import (
    EVENTS,
    MADE_OF_EVENTS,
    NAMES,
    instance,
)
from email_assets_tests.defs.alerts.trouble_fixtures import (
    UI,
    Tick,
    alerts,
    evaluate,
    report_failed,
    report_materialized,
    tick,
    tick_anew,
    what,
)
from email_assets_tests.defs.check_runs import report_sync
from email_assets_tests.defs.sensor_fixtures import Sensor

__all__ = ["alerts", "instance", "tick", "tick_anew", "webhook"]


class TestChecks:
    def test_a_warning_is_told_until_the_check_passes(
        self, tick: Tick, instance: dg.DagsterInstance
    ) -> None:
        evaluate(instance, "bounces", passed=False, why="bounces: 250 rows of 300 came.")
        tick()
        evaluate(instance, "bounces", passed=False, why="bounces: 260 rows of 310 came.")
        tick()
        evaluate(instance, "bounces", passed=True)

        assert [what(text) for text in tick()] == [
            "bounces got a warning from the check complete: 250 rows of 300 came. "
            f"{UI}/assets/bounces?view=checks&amp;checkDetail=complete",
            f"bounces recovered. It was: 250 rows of 300 came. {UI}/assets/bounces",
        ]

    def test_a_warning_of_before_the_first_look_is_told(
        self, tick_anew: Tick, instance: dg.DagsterInstance
    ) -> None:
        evaluate(instance, "bounces", passed=False)
        evaluate(instance, "messages", passed=False)
        evaluate(instance, "messages", passed=True)

        (text,) = tick_anew()

        assert text.startswith("bounces got a warning")

    def test_a_check_of_something_else_is_not_told(
        self, tick: Tick, instance: dg.DagsterInstance
    ) -> None:
        evaluate(instance, "somebody_elses", passed=False)

        assert tick() == []


class TestStaleness:
    @pytest.mark.slow
    def test_stale_assets_are_one_message_whatever_their_freshness_check_says(
        self, tick_anew: Tick, instance: dg.DagsterInstance
    ) -> None:
        report_materialized(instance, *NAMES)
        report_materialized(instance, "bounces", "messages", ago=timedelta(hours=3))
        evaluate(instance, "bounces", passed=False, check="freshness_check")
        tick_anew()

        (text,) = tick_anew()
        assert text.startswith("bounces, messages went stale: not materialized within 2 h. ")

        report_materialized(instance, "bounces", "messages")
        _, text = tick_anew()
        assert text.startswith("bounces, messages recovered. ")

    def test_an_asset_that_was_but_backfilled_since_is_stale(
        self, tick_anew: Tick, instance: dg.DagsterInstance
    ) -> None:
        report_materialized(instance, *NAMES)
        report_materialized(instance, "bounces", ago=timedelta(hours=3))
        report_sync(instance, is_backfill=True)
        tick_anew()

        (text,) = tick_anew()

        assert text.startswith("bounces went stale: not materialized within 2 h. ")

    def test_an_asset_that_was_never_materialized_is_told_once_a_window_after_the_first_look(
        self, alerts: Sensor, tick: Tick, webhook: Webhook
    ) -> None:
        assert alerts.cursor
        assert webhook.texts == []
        state = json.loads(alerts.cursor)
        state["position"]["watched"] = {
            name: since - 3 * 3600 for name, since in state["position"]["watched"].items()
        }
        alerts.cursor = json.dumps(state)

        (text,) = tick()

        assert text.startswith(f"{', '.join(sorted(EVENTS))} went stale: never materialized ")
        assert tick() == [text]

    def test_an_asset_whose_runs_are_known_to_fail_goes_stale_without_a_word(
        self, tick_anew: Tick, instance: dg.DagsterInstance
    ) -> None:
        report_materialized(instance, *NAMES)
        report_materialized(instance, *EVENTS, ago=timedelta(hours=3))
        report_failed(instance, job_name="email_events")

        (text,) = tick_anew()

        assert " failed: It was killed." in text

    def test_what_a_blocking_check_keeps_from_being_made_goes_stale_without_a_word(
        self, tick_anew: Tick, instance: dg.DagsterInstance
    ) -> None:
        report_materialized(instance, *NAMES)
        report_materialized(instance, *MADE_OF_EVENTS, ago=timedelta(hours=3))
        evaluate(
            instance,
            "messages",
            passed=False,
            check="primary_key",
            severity=dg.AssetCheckSeverity.ERROR,
        )

        (text,) = tick_anew()

        assert text.startswith("messages did not pass the check primary_key: ")
