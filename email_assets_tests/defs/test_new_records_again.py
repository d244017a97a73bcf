"""Syncs that the sensor `new_records` asked for and that did not come about."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import pytest

from email_assets.defs import looks
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.dagster_fixtures import EVENTS, INVENTORY, MADE_OF_EVENTS, NAMES, put_back
from email_assets_tests.defs.sensor_fixtures import (
    Sensor,
    instance,
    new_records,
    put_clock_ahead,
    start_run,
)

__all__ = ["instance", "new_records"]


def test_a_run_that_was_killed_is_not_waited_for_for_ever(
    new_records: Sensor, instance: dg.DagsterInstance
) -> None:
    start_run(instance, job_name="some", tags={"dagster/sensor_name": "new_records"})
    put_back(instance, timedelta(hours=3))

    assert new_records.requested() == NAMES + MADE_OF_EVENTS


def test_what_a_failed_run_did_not_sync_is_asked_for_again_after_some_time(
    new_records: Sensor, instance: dg.DagsterInstance, api: Sandbox
) -> None:
    new_records.tick()
    api.insert_head("messages", 3)
    new_records.tick()
    run = start_run(
        instance,
        job_name="some",
        tags={"dagster/sensor_name": "new_records"},
        asset_selection=frozenset({dg.AssetKey("messages")}),
    )
    instance.report_run_failed(run)

    assert new_records.tick().skip_message == "The API has nothing new."
    put_back(instance, timedelta(minutes=16))
    assert new_records.requested() == ["messages", *MADE_OF_EVENTS]


def report_run(instance: dg.DagsterInstance, *asked_for: str, synced: tuple[str, ...] = ()) -> None:
    """A run of the sensor for some resources, of which it synced some."""

    @dg.multi_asset(specs=[dg.AssetSpec(name, skippable=True) for name in asked_for])
    def sync() -> Iterator[dg.MaterializeResult[None]]:
        for name in synced:
            yield dg.MaterializeResult(asset_key=name)
        if synced != asked_for:
            raise dg.Failure

    dg.materialize(
        [sync],
        instance=instance,
        tags={"dagster/sensor_name": "new_records"},
        raise_on_error=False,
    )


def test_what_was_synced_once_waits_for_its_schedule_unless_the_api_has_news(
    new_records: Sensor, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_records.tick()
    report_run(instance, *NAMES, synced=(*NAMES,))
    put_clock_ahead(monkeypatch, timedelta(hours=30))

    assert new_records.tick().skip_message == "The API has nothing new."


@pytest.mark.slow
def test_one_that_failed_is_asked_for_again_though_another_succeeded_meanwhile(
    new_records: Sensor,
    instance: dg.DagsterInstance,
    api: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    new_records.tick()
    report_run(instance, *NAMES, synced=("messages", "deliverystats", *INVENTORY))
    api.insert_head("deliverystats", 1)
    assert new_records.requested() == ["deliverystats"]
    report_run(instance, "deliverystats", synced=("deliverystats",))

    assert new_records.tick().skip_message == "The API has nothing new."
    put_clock_ahead(monkeypatch, timedelta(minutes=16))
    assert new_records.requested() == ["bounces", *MADE_OF_EVENTS]


def test_a_sync_that_somebody_else_started_afterwards_is_as_good(
    new_records: Sensor, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_records.tick()
    report_run(instance, *NAMES, synced=("messages", "deliverystats", *INVENTORY))
    dg.materialize([dg.asset(name="bounces")(lambda: None)], instance=instance)
    put_clock_ahead(monkeypatch, timedelta(minutes=16))

    assert new_records.tick().skip_message == "The API has nothing new."


def test_what_goes_on_failing_is_asked_for_ever_more_seldom(
    new_records: Sensor, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_records.tick()
    report_run(instance, *NAMES, synced=("messages", "deliverystats", *INVENTORY))
    put_clock_ahead(monkeypatch, timedelta(minutes=16))
    new_records.tick()

    put_clock_ahead(monkeypatch, timedelta(minutes=16))
    assert new_records.tick().run_requests == []
    put_clock_ahead(monkeypatch, timedelta(minutes=15))
    assert new_records.requested() == ["bounces", *MADE_OF_EVENTS]


def test_a_request_by_a_clock_that_was_ahead_is_repeated_in_due_time(
    new_records: Sensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as ahead:
        put_clock_ahead(ahead, timedelta(days=900))
        new_records.tick()

    assert new_records.tick().run_requests == []
    put_clock_ahead(monkeypatch, timedelta(minutes=16))
    assert new_records.requested() == NAMES + MADE_OF_EVENTS


def test_a_tick_looks_for_as_long_as_it_has_and_the_next_goes_on_from_there(
    new_records: Sensor, api: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "SECONDS", 0)
    for _ in range(len(EVENTS) + 1):
        new_records.tick()
    assert [asked.resource for asked in api.requests] == [*EVENTS, EVENTS[0]]
    api.insert_head(EVENTS[1], 1)
    assert EVENTS[1] in new_records.requested()


def test_one_that_is_refused_leaves_the_next_tick_to_go_on_with_the_others(
    new_records: Sensor, api: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_records.tick()
    api.set_faults(EVENTS[0], Fault("status", status=403))
    api.insert_head(EVENTS[1], 1)
    monkeypatch.setattr(looks, "SECONDS", 0)

    assert "refused the key (403)" in str(new_records.tick().skip_message)
    assert EVENTS[1] in new_records.requested()
