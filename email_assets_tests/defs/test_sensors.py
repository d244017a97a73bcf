"""Sensors: runs that no schedule asked for."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from email_assets.account import configured_account
from email_assets.clock import now
from email_assets.defs.checks import build_freshness_checks
from email_assets.defs.sensors import build_sensors
from email_assets.errors import KeyRefusedError
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.dagster_fixtures import (
    EVENTS,
    MADE_OF_EVENTS,
    NAMES,
    empty_home,
    instance,
)
from email_assets_tests.defs.sensor_fixtures import Sensor, start_run

__all__ = ["empty_home", "instance"]


@pytest.fixture
def new_records(api: Sandbox, instance: dg.DagsterInstance) -> Sensor:
    return Sensor("new_records", instance)


@pytest.fixture
def freshness_checks(instance: dg.DagsterInstance) -> Sensor:
    return Sensor("freshness_checks", instance)


def make_runs_older(instance: dg.DagsterInstance, age: timedelta) -> None:
    runs = Path(instance.storage_directory()).parent / "history" / "runs.db"
    with closing(sqlite3.connect(runs)) as database, database:
        created = (now() - age).replace(tzinfo=None).isoformat(" ")
        database.execute("UPDATE runs SET create_timestamp = ?", [created])


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


class TestNewRecords:
    def test_the_first_tick_syncs_every_event_resource(self, new_records: Sensor) -> None:
        assert new_records.requested() == EVENTS + MADE_OF_EVENTS

    def test_a_tick_asks_for_one_row_of_each_event_resource(
        self, new_records: Sensor, api: Sandbox
    ) -> None:
        new_records.tick()

        assert [(asked.resource, asked.limit) for asked in api.requests] == [
            (name, 1) for name in EVENTS
        ]

    def test_nothing_new_is_a_reason_to_skip(self, new_records: Sensor) -> None:
        new_records.tick()

        assert new_records.tick().skip_message == "The API has nothing new."

    def test_only_what_has_new_rows_is_synced(self, new_records: Sensor, api: Sandbox) -> None:
        new_records.tick()
        api.insert_head("messages", 3)

        assert new_records.requested() == ["messages", *MADE_OF_EVENTS]
        assert new_records.tick().run_requests == []

    def test_what_changes_neither_messages_nor_bounces_is_synced_alone(
        self, new_records: Sensor, api: Sandbox
    ) -> None:
        new_records.tick()
        api.insert_head("deliverystats", 1)

        assert new_records.requested() == ["deliverystats"]

    def test_a_row_that_replaces_another_is_noticed(
        self, new_records: Sensor, api: Sandbox
    ) -> None:
        new_records.tick()
        api.delete_head("messages", 1)
        api.insert_head("messages", 1)

        assert new_records.requested() == ["messages", *MADE_OF_EVENTS]

    def test_a_change_that_is_undone_and_made_again_is_synced_each_time(
        self, new_records: Sensor, api: Sandbox
    ) -> None:
        before, after = api.rows("messages")[1:], api.rows("messages")
        keys = []
        for rows in (before, after, before, after):
            api.replace("messages", rows)
            (request,) = new_records.tick().run_requests
            keys.append(request.run_key)

        # Dagster drops a request whose run key a run has had before
        assert [key for key in keys if key is not None and keys.count(key) > 1] == []

    def test_an_api_that_is_down_is_a_reason_to_skip(
        self, new_records: Sensor, api: Sandbox
    ) -> None:
        new_records.tick()
        api.stop()

        reason = new_records.tick().skip_message

        assert reason.startswith(f"bounces: {api.base_url} refused the connection.")

    def test_an_api_that_cannot_answer_now_is_a_reason_to_skip(
        self, new_records: Sensor, api: Sandbox
    ) -> None:
        for name in EVENTS:
            api.set_faults(name, Fault("status", status=503))

        reason = new_records.tick().skip_message

        assert reason.startswith(f"bounces: {api.base_url} answered 503 Service Unavailable.")

    def test_what_came_while_the_api_was_down_is_synced_afterwards(
        self, new_records: Sensor, api: Sandbox
    ) -> None:
        new_records.tick()
        api.insert_head("messages", 3)
        api.stop()
        new_records.tick()
        api.start()

        assert new_records.requested() == ["messages", *MADE_OF_EVENTS]

    def test_one_resource_that_is_down_does_not_hold_up_the_others(
        self, new_records: Sensor, api: Sandbox
    ) -> None:
        api.set_faults("bounces", Fault("status", status=503))
        assert new_records.requested() == ["messages", "deliverystats", *MADE_OF_EVENTS]
        api.clear_faults()

        assert new_records.requested() == ["bounces", *MADE_OF_EVENTS]

    def test_the_next_tick_is_the_retry(self, new_records: Sensor, api: Sandbox) -> None:
        for name in EVENTS:
            api.set_faults(name, Fault("status", status=503))

        new_records.tick()

        assert [api.request_count(name) for name in EVENTS] == [1, 1, 1]

    def test_a_refused_key_fails_the_tick_and_says_so(
        self, new_records: Sensor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("API_KEY", "wrong")

        with pytest.raises(KeyRefusedError) as refused:
            new_records.tick()

        assert str(refused.value) == (
            "bounces: the API refused the key (401). Set api_key in .dlt/secrets.toml or the "
            "environment variable API_KEY."
        )

    def test_a_run_that_has_not_finished_is_waited_for(
        self, new_records: Sensor, instance: dg.DagsterInstance, api: Sandbox
    ) -> None:
        start_run(instance, job_name="some", tags={"dagster/sensor_name": "new_records"})

        wanted = new_records.tick()

        assert wanted.skip_message == "The run of an earlier tick has not finished yet."
        assert api.requests == []

    def test_a_run_that_was_killed_is_not_waited_for_for_ever(
        self, new_records: Sensor, instance: dg.DagsterInstance
    ) -> None:
        start_run(instance, job_name="some", tags={"dagster/sensor_name": "new_records"})
        make_runs_older(instance, timedelta(hours=3))

        assert new_records.requested() == EVENTS + MADE_OF_EVENTS

    def test_what_a_failed_run_did_not_sync_is_asked_for_again_after_some_time(
        self, new_records: Sensor, instance: dg.DagsterInstance, api: Sandbox
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
        make_runs_older(instance, timedelta(minutes=16))
        assert new_records.requested() == ["messages", *MADE_OF_EVENTS]

    def test_a_resource_that_is_refused_does_not_hold_up_the_others(
        self, new_records: Sensor, api: Sandbox
    ) -> None:
        api.set_faults("deliverystats", Fault("status", status=404))

        assert new_records.requested() == ["bounces", "messages", *MADE_OF_EVENTS]

    def test_the_cursor_tells_nothing_of_the_rows(self, new_records: Sensor, api: Sandbox) -> None:
        api.replace("bounces", [{"id": "anna@customer.example"}])

        cursor = new_records.tick().cursor

        assert cursor
        assert "customer" not in cursor

    def test_a_run_that_somebody_else_started_is_no_reason_to_wait(
        self, new_records: Sensor, instance: dg.DagsterInstance
    ) -> None:
        start_run(instance, job_name="email_all")

        assert new_records.requested() == EVENTS + MADE_OF_EVENTS


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
