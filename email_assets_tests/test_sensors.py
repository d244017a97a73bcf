"""Sensors, tick by tick on a real instance."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from email_assets.api.errors import KeyRefusedError
from email_assets.checks import build_freshness_checks
from email_assets.definitions import defs
from email_assets.sandbox import Fault, Sandbox
from email_assets.sensors import build_sensors
from email_assets_tests.dagster_fixtures import (
    EVENTS,
    NAMES,
    empty_home,
    instance,
    materialize,
)

__all__ = ["empty_home", "instance"]


@dataclass
class Sensor:
    """A sensor of the project and the cursor that its ticks hand on."""

    name: str
    instance: dg.DagsterInstance
    cursor: str | None = None

    def tick(self) -> Any:
        """What the sensor wants now: requests for runs, a reason to skip, or reactions to runs."""
        with dg.build_sensor_context(
            self.instance, self.cursor, definitions=defs, sensor_name=self.name
        ) as context:
            wanted = defs.resolve_sensor_def(self.name).evaluate_tick(context)
        self.cursor = wanted.cursor
        return wanted

    def requested(self) -> list[str]:
        """The assets that the run of a tick would sync."""
        (request,) = self.tick().run_requests
        return [key.to_user_string() for key in request.asset_selection]


@dataclass
class Webhook:
    """A place that takes alerts, and what it took."""

    url: str = ""
    status: int = 200
    bodies: list[Any] = field(default_factory=list)


@pytest.fixture
def new_records(api: Sandbox, instance: dg.DagsterInstance) -> Sensor:
    return Sensor("new_records", instance)


@pytest.fixture
def freshness_checks(instance: dg.DagsterInstance) -> Sensor:
    return Sensor("freshness_checks", instance)


@pytest.fixture
def alert(instance: dg.DagsterInstance) -> Sensor:
    """The sensor of failed runs, watching from now on."""
    sensor = Sensor("run_failure_alert", instance)
    sensor.tick()
    return sensor


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Webhook]:
    """A webhook that is set in the settings."""
    with listening() as webhook:
        monkeypatch.setenv("ALERTS__WEBHOOK_URL", webhook.url)
        yield webhook


@contextmanager
def listening() -> Iterator[Webhook]:
    webhook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/json"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            webhook.bodies.append(json.loads(body))
            self.send_response(webhook.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        webhook.url = f"http://127.0.0.1:{server.server_port}/services/T0/B0/secret-part"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield webhook
        server.shutdown()
        thread.join()


def start_run(instance: dg.DagsterInstance, **of_the_run: Any) -> dg.DagsterRun:
    """A run that has started and does not end by itself."""
    run = dg.DagsterRun(status=dg.DagsterRunStatus.STARTED, **of_the_run)
    return instance.add_run(run)


def make_runs_older(instance: dg.DagsterInstance, age: str) -> None:
    runs = Path(instance.storage_directory()).parent / "history" / "runs.db"
    with closing(sqlite3.connect(runs)) as database, database:
        database.execute(f"UPDATE runs SET create_timestamp = datetime('now', '-{age}')")


def fail_foreign_run(instance: dg.DagsterInstance) -> None:
    @dg.op
    def break_down() -> None:
        raise ValueError

    @dg.job
    def foreign() -> None:
        break_down()

    foreign.execute_in_process(instance=instance, raise_on_error=False)


class TestAllSensors:
    def test_they_are_stopped_unless_they_are_switched_on(self) -> None:
        assert {sensor.name: sensor.default_status for sensor in build_sensors([])} == {
            "new_records": dg.DefaultSensorStatus.STOPPED,
            "freshness_checks": dg.DefaultSensorStatus.STOPPED,
            "run_failure_alert": dg.DefaultSensorStatus.STOPPED,
        }

    def test_they_run_when_automation_is_enabled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AUTOMATION__ENABLED", "true")

        assert {sensor.default_status for sensor in build_sensors([])} == {
            dg.DefaultSensorStatus.RUNNING
        }


class TestNewRecords:
    def test_the_first_tick_syncs_every_event_resource(self, new_records: Sensor) -> None:
        assert new_records.requested() == EVENTS

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

        assert new_records.requested() == ["messages"]
        assert new_records.tick().run_requests == []

    def test_a_row_that_replaces_another_is_noticed(
        self, new_records: Sensor, api: Sandbox
    ) -> None:
        new_records.tick()
        api.delete_head("messages", 1)
        api.insert_head("messages", 1)

        assert new_records.requested() == ["messages"]

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

        assert new_records.requested() == ["messages"]

    def test_one_resource_that_is_down_does_not_hold_up_the_others(
        self, new_records: Sensor, api: Sandbox
    ) -> None:
        api.set_faults("bounces", Fault("status", status=503))
        assert new_records.requested() == ["messages", "deliverystats"]
        api.clear_faults()

        assert new_records.requested() == ["bounces"]

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
        make_runs_older(instance, "3 hours")

        assert new_records.requested() == EVENTS

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
        make_runs_older(instance, "16 minutes")
        assert new_records.requested() == ["messages"]

    def test_a_resource_that_is_refused_does_not_hold_up_the_others(
        self, new_records: Sensor, api: Sandbox
    ) -> None:
        api.set_faults("deliverystats", Fault("status", status=404))

        assert new_records.requested() == ["bounces", "messages"]

    def test_the_cursor_tells_nothing_of_the_rows(self, new_records: Sensor, api: Sandbox) -> None:
        api.replace("bounces", [{"id": "anna@customer.example"}])

        cursor = new_records.tick().cursor

        assert cursor
        assert "customer" not in cursor

    def test_a_run_that_somebody_else_started_is_no_reason_to_wait(
        self, new_records: Sensor, instance: dg.DagsterInstance
    ) -> None:
        start_run(instance, job_name="email_all")

        assert new_records.requested() == EVENTS


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
            build_freshness_checks(),
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
                            time.time() + fresh_for
                        )
                    },
                )
            )

        (request,) = freshness_checks.tick().run_requests

        assert [key.asset_key.to_user_string() for key in request.asset_check_keys] == ["bounces"]


@pytest.mark.usefixtures("api")
class TestRunFailureAlert:
    def test_a_failed_run_is_told_once_with_the_asset_the_reason_and_the_link(
        self, alert: Sensor, webhook: Webhook, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("servers", Fault("status", status=500))
        run = materialize(instance, "servers")

        alert.tick()
        alert.tick()

        assert webhook.bodies == [
            {
                "text": f"servers failed: {api.base_url} answered 500 Internal Server Error. "
                "Tried 3 times; what was loaded before is untouched. "
                f"http://127.0.0.1:3000/runs/{run.run_id}"
            }
        ]

    def test_assets_that_failed_for_one_reason_share_a_sentence(
        self,
        alert: Sensor,
        webhook: Webhook,
        instance: dg.DagsterInstance,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("API_KEY", "wrong")
        materialize(instance, "servers", "domains")

        alert.tick()

        (body,) = webhook.bodies
        assert body["text"].startswith("domains, servers failed: the API refused the key (401). ")

    def test_assets_that_failed_for_different_reasons_have_a_sentence_each(
        self, alert: Sensor, webhook: Webhook, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("domains", Fault("status", status=404))
        api.set_faults("servers", Fault("status", status=501))
        materialize(instance, "servers", "domains")

        alert.tick()

        (body,) = webhook.bodies
        assert body["text"].startswith(
            f"domains failed: there is no /v1/domains at {api.base_url} (404). "
        )
        assert " servers failed: the API refused /v1/servers (501 Not Implemented)" in body["text"]

    def test_a_check_that_fails_the_run_is_named(
        self, alert: Sensor, webhook: Webhook, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("servers", Fault("null_id", rows=100))
        materialize(instance, "servers")

        alert.tick()

        (body,) = webhook.bodies
        assert body["text"].startswith("servers_checks failed: ")
        assert "failed with ERROR severity: servers: primary_key" in body["text"]

    def test_the_link_leads_where_people_open_dagster(
        self,
        alert: Sensor,
        webhook: Webhook,
        instance: dg.DagsterInstance,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("ALERTS__DAGSTER_URL", "https://dagster.example.org/")
        run = start_run(instance, job_name="email_all")
        instance.report_run_failed(run)

        alert.tick()

        (body,) = webhook.bodies
        assert body["text"].endswith(f" https://dagster.example.org/runs/{run.run_id}")

    def test_a_run_that_ended_outside_of_a_step_is_told(
        self, alert: Sensor, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        run = start_run(instance, job_name="email_events")
        instance.report_run_failed(run, "The run's process was killed.")

        alert.tick()

        assert webhook.bodies == [
            {
                "text": "email_events failed: The run's process was killed. "
                f"http://127.0.0.1:3000/runs/{run.run_id}"
            }
        ]

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
        alert: Sensor,
        webhook: Webhook,
        instance: dg.DagsterInstance,
    ) -> None:
        instance.report_run_failed(start_run(instance, job_name="__ASSET_JOB", **selection))

        alert.tick()

        assert len(webhook.bodies) == 1

    def test_a_failed_run_of_other_code_is_not_told(
        self, alert: Sensor, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        fail_foreign_run(instance)

        alert.tick()

        assert webhook.bodies == []

    def test_a_failed_run_of_other_code_does_not_hold_up_or_repeat_ours(
        self, alert: Sensor, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        instance.report_run_failed(start_run(instance, job_name="email_all"))
        fail_foreign_run(instance)

        alert.tick()
        alert.tick()

        assert len(webhook.bodies) == 1

    def test_what_an_api_says_cannot_call_everybody(
        self, alert: Sensor, webhook: Webhook, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("servers", Fault("status", status=422, body="no <!channel> & no row"))
        materialize(instance, "servers")

        alert.tick()

        (body,) = webhook.bodies
        assert "no &lt;!channel&gt; &amp; no row" in body["text"]

    def test_addresses_are_masked(
        self, alert: Sensor, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        run = start_run(instance, job_name="email_all")
        instance.report_run_failed(run, "ann.baker7@bluebird.example is unknown")

        alert.tick()

        (body,) = webhook.bodies
        assert body["text"].startswith("email_all failed: … is unknown ")

    def test_without_a_webhook_the_alert_is_logged_as_an_error(
        self, alert: Sensor, instance: dg.DagsterInstance, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run = start_run(instance, job_name="email_all")
        instance.report_run_failed(run, "It was killed.")
        capsys.readouterr()

        alert.tick()

        assert (
            capsys.readouterr()
            .err.rstrip()
            .endswith(
                f"ERROR - email_all failed: It was killed. http://127.0.0.1:3000/runs/{run.run_id}"
            )
        )

    def test_a_webhook_that_refuses_the_alert_fails_the_tick_with_it(
        self, alert: Sensor, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        webhook.status = 500
        instance.report_run_failed(start_run(instance, job_name="email_all"), "It was killed.")

        (reaction,) = alert.tick().dagster_run_reactions

        assert "WebhookError: The alert webhook answered 500. " in reaction.error.to_string()
        assert "The alert was: email_all failed: It was killed." in reaction.error.to_string()

    def test_a_webhook_that_does_not_answer_at_once_is_asked_three_times(
        self, alert: Sensor, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        webhook.status = 503
        instance.report_run_failed(start_run(instance, job_name="email_all"), "It was killed.")

        alert.tick()

        assert len(webhook.bodies) == 3

    def test_a_webhook_that_is_gone_fails_the_tick_without_its_address(
        self, alert: Sensor, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with listening() as webhook:
            monkeypatch.setenv("ALERTS__WEBHOOK_URL", webhook.url)
        instance.report_run_failed(start_run(instance, job_name="email_all"), "It was killed.")

        (reaction,) = alert.tick().dagster_run_reactions

        assert "WebhookError: The alert webhook could not be reached" in reaction.error.to_string()
        assert "secret-part" not in reaction.error.to_string()
