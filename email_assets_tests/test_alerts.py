"""Who hears of a failed run, and what of it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import dagster as dg
import pytest

from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.dagster_fixtures import (
    empty_home,
    instance,
    materialize,
)
from email_assets_tests.sensor_fixtures import Sensor, start_run

__all__ = ["empty_home", "instance"]


@dataclass
class Webhook:
    """A place that takes alerts, and what it took."""

    url: str = ""
    status: int = 200
    bodies: list[Any] = field(default_factory=list)


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


def fail_foreign_run(instance: dg.DagsterInstance) -> None:
    @dg.op
    def break_down() -> None:
        raise ValueError

    @dg.job
    def foreign() -> None:
        break_down()

    foreign.execute_in_process(instance=instance, raise_on_error=False)


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
