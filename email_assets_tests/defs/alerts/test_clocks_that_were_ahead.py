"""A clock that was ahead once, and is right again, hides nothing."""

from datetime import timedelta

import dagster as dg
import pytest

from email_assets.alerts.causes import Problem
from email_assets.defs.alerts.times import Sighting, bring_back
from email_assets_tests.alerts.alert_fixtures import webhook
from email_assets_tests.dagster_fixtures import NAMES, instance
from email_assets_tests.defs.alerts.trouble_fixtures import (
    Tick,
    alerts,
    evaluate,
    report_failed,
    report_materialized,
    tick,
    tick_anew,
)
from email_assets_tests.defs.sensor_fixtures import put_clock_ahead

__all__ = ["alerts", "instance", "tick", "tick_anew", "webhook"]

A_YEAR_AHEAD = -timedelta(days=365)
SYNCED, PROBLEM = None, Problem("bounces", "failed", "why", 0, "link")


def times_of(*stamps: float, now: float = 100) -> list[float]:
    """The stamps of events that follow each other, brought back."""
    seen = [Sighting("bounces", at, event) for event, at in enumerate(stamps)]
    bring_back(seen, [], now)
    return [sighting.at for sighting in seen]


@pytest.mark.parametrize(
    "stamps", [(10, 900, 20), (900, 20), (10, 900), (900, 901), (901, 900), (900, 20, 900)]
)
def test_times_to_come_get_the_order_of_their_events(stamps: tuple[float, ...]) -> None:
    found = times_of(*stamps)

    assert found == sorted(found)
    assert len({*found}) == len(found)
    assert max(found) <= 100


def test_times_that_have_come_stay_as_they_are() -> None:
    assert times_of(30, 20, 100) == [30, 20, 100]


def test_what_was_noted_by_a_clock_that_was_ahead_is_before_all_that_is_new() -> None:
    noted = {"bounces": 900.0, "messages": 50.0}
    bring_back([Sighting("bounces", 20, 7)], [noted], 100)

    assert noted["bounces"] < 20
    assert noted["messages"] == 50


def test_a_failure_after_a_sync_by_a_clock_that_was_ahead_is_told(
    tick: Tick, instance: dg.DagsterInstance
) -> None:
    report_materialized(instance, "servers", "domains", ago=A_YEAR_AHEAD)
    report_failed(instance)

    (text,) = tick()

    assert text.startswith("domains, servers failed: It was killed. ")


def test_a_failure_is_told_though_the_sync_before_was_seen_by_a_clock_that_was_ahead(
    tick: Tick, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as ahead:
        put_clock_ahead(ahead, -A_YEAR_AHEAD)
        report_materialized(instance, "servers", "domains")
        tick()
    report_failed(instance)

    assert tick()[-1].startswith("domains, servers failed: It was killed. ")


def test_a_sync_after_one_by_a_clock_that_was_ahead_is_a_recovery(
    tick: Tick, instance: dg.DagsterInstance
) -> None:
    report_materialized(instance, "servers", "domains", ago=A_YEAR_AHEAD)
    report_failed(instance)
    tick()
    tick()
    report_materialized(instance, "servers", "domains")

    _, text = tick()

    assert text.startswith("domains, servers recovered. ")


def test_a_sync_by_a_clock_that_was_ahead_mends_what_failed_before(
    tick: Tick, instance: dg.DagsterInstance
) -> None:
    report_failed(instance)
    tick()
    report_materialized(instance, "servers", "domains", ago=A_YEAR_AHEAD)
    tick()
    report_failed(instance, "It was killed anew.")

    _, recovered, failed = tick()

    assert recovered.startswith("domains, servers recovered. ")
    assert failed.startswith("domains, servers failed: It was killed anew. ")


def test_an_asset_that_was_synced_by_a_clock_that_was_ahead_goes_stale_in_due_time(
    tick_anew: Tick, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_materialized(instance, *NAMES)
    report_materialized(instance, "bounces", ago=A_YEAR_AHEAD)
    assert tick_anew() == []
    put_clock_ahead(monkeypatch, timedelta(minutes=90))
    assert tick_anew() == []
    put_clock_ahead(monkeypatch, timedelta(minutes=31))

    (text,) = tick_anew()

    assert text.startswith("bounces, deliverystats, messages went stale: ")


def test_a_check_that_passed_by_a_clock_that_was_ahead_hides_no_later_warning(
    tick: Tick, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as ahead:
        ahead.setattr("dagster._time._mockable_get_current_timestamp", lambda: 4e9, raising=True)
        evaluate(instance, "bounces", passed=True)
    tick()
    evaluate(instance, "bounces", passed=False)

    (text,) = tick()

    assert text.startswith("bounces got a warning from the check complete: ")
