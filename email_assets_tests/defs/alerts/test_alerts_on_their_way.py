"""Delivery of alerts when a channel is down or not set, and secrets that they never hold."""

import dagster as dg
import pytest

from email_assets_tests.alerts.alert_fixtures import (
    RECIPIENTS,
    MailServer,
    Webhook,
    certificate,
    listening,
    mail_server,
    webhook,
)
from email_assets_tests.dagster_fixtures import instance
from email_assets_tests.defs.alerts.trouble_fixtures import (
    UI,
    Tick,
    alerts,
    report_failed,
    tick,
    what,
)
from email_assets_tests.defs.sensor_fixtures import Sensor

__all__ = ["alerts", "certificate", "instance", "mail_server", "tick", "webhook"]


class TestDelivery:
    def test_a_webhook_that_is_down_gets_the_alert_once_it_is_up_and_the_mail_is_sent_once(
        self, alerts: Sensor, webhook: Webhook, mail_server: MailServer
    ) -> None:
        webhook.status = 503
        report_failed(alerts.instance)
        for _ in range(3):
            message = alerts.tick().skip_message
        assert message == (
            "Alerts that wait for the webhook: 1. Something is wrong with domains, servers."
        )
        refused = len(webhook.bodies)
        webhook.status = 200
        for _ in range(4):
            alerts.tick()

        assert (refused, len(webhook.bodies) - refused, len(mail_server.mails)) == (2, 1, 1)
        assert alerts.tick().skip_message == "Something is wrong with domains, servers."

    def test_a_mail_server_that_is_down_gets_the_alert_later_and_the_webhook_only_once(
        self, alerts: Sensor, webhook: Webhook, mail_server: MailServer
    ) -> None:
        mail_server.down = True
        report_failed(alerts.instance)
        alerts.tick()
        mail_server.down = False
        alerts.tick()

        (mail,) = mail_server.mails
        assert mail.get_content().splitlines()[-1].startswith("Since ")
        assert mail["To"] == ", ".join(RECIPIENTS)
        assert mail["Subject"] == "ERROR domains, servers failed: It was killed [email_assets]"
        assert len(webhook.bodies) == 1

    def test_a_tick_that_is_repeated_sends_the_mail_under_the_same_id(
        self, alerts: Sensor, mail_server: MailServer, instance: dg.DagsterInstance
    ) -> None:
        report_failed(instance)
        before = alerts.cursor
        alerts.tick()
        alerts.cursor = before
        alerts.tick()

        first, second = mail_server.mails
        assert first["Message-ID"] == second["Message-ID"]

    def test_a_channel_that_is_half_set_is_told_at_each_tick_and_gets_the_alert_once_it_is_set(
        self,
        alerts: Sensor,
        webhook: Webhook,
        mail_server: MailServer,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with monkeypatch.context() as patch:
            patch.delenv("ALERTS__MAIL_TO")
            report_failed(alerts.instance)
            told = alerts.tick().skip_message
        alerts.tick()

        assert told.startswith("E-mail alerts need mail_to too. Set it as [alerts] mail_to in ")
        assert (len(webhook.bodies), len(mail_server.mails)) == (1, 1)

    def test_what_waits_goes_on_waiting_while_no_channel_is_set(
        self, alerts: Sensor, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        webhook.status = 503
        report_failed(alerts.instance)
        alerts.tick()
        webhook.status = 200
        with monkeypatch.context() as patch:
            patch.delenv("ALERTS__WEBHOOK_URL")
            alerts.tick()
        alerts.tick()

        refused, taken = webhook.texts
        assert refused == taken

    def test_without_a_channel_the_alert_is_logged_as_an_error(
        self, alerts: Sensor, instance: dg.DagsterInstance, capsys: pytest.CaptureFixture[str]
    ) -> None:
        run = report_failed(instance)
        capsys.readouterr()

        told = alerts.tick().skip_message

        logged = f"ERROR - domains, servers failed: It was killed. {UI}/runs/{run}"
        assert logged in capsys.readouterr().err
        assert told.startswith("No channel is set, so alerts go to the log. ")

    def test_the_link_leads_where_people_open_dagster(
        self, tick: Tick, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ALERTS__DAGSTER_URL", "https://dagster.example.org/")
        run = report_failed(instance)

        (text,) = tick()

        assert what(text).endswith(f" https://dagster.example.org/runs/{run}")

    @pytest.mark.parametrize("url", ["", "dagster.example.org", "https://ann:word@dagster.example"])
    def test_a_setting_that_makes_no_link_holds_up_no_alert_and_is_told(
        self, url: str, alerts: Sensor, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("ALERTS__DAGSTER_URL", url)
        run = report_failed(alerts.instance)

        told = alerts.tick().skip_message

        assert what(webhook.texts[0]).endswith(f" {UI}/runs/{run}")
        assert told.startswith("dagster_url must be an http or https address without user, ")

    def test_a_cursor_that_cannot_be_read_tells_what_is_wrong_anew(
        self, alerts: Sensor, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        report_failed(instance)
        alerts.tick()
        for cursor in ("{", "[]", '{"causes": 1}', '{"__class__": "RunStatusSensorCursor"}'):
            alerts.cursor = cursor
            alerts.tick()

        assert len(webhook.texts) == 5


class TestSecrets:
    def test_no_address_and_no_call_to_everybody_is_sent(
        self, tick: Tick, instance: dg.DagsterInstance
    ) -> None:
        report_failed(instance, "no <!channel> & no row of ann.baker7@bluebird.example")

        (text,) = tick()

        assert "failed: no channel&gt; &amp; no row of … " in text

    def test_neither_cursor_nor_log_nor_skip_reason_holds_the_webhook_or_the_password(
        self,
        alerts: Sensor,
        mail_server: MailServer,
        instance: dg.DagsterInstance,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        caplog.set_level("DEBUG")
        with listening() as webhook:
            monkeypatch.setenv("ALERTS__WEBHOOK_URL", webhook.url)
            report_failed(instance)
            alerts.tick()
        monkeypatch.setenv("ALERTS__SMTP_PASSWORD", "another-password")
        report_failed(instance, job_name="email_events")
        told = alerts.tick()

        ours = [record for record in caplog.records if not record.name.startswith("mail.")]
        written = [told.skip_message, str(alerts.cursor), *capsys.readouterr()]
        written += [record.getMessage() for record in ours]
        assert "could not be reached (ConnectionError)" in told.skip_message
        assert "refused the login (535)" in told.skip_message
        for text in written:
            for secret in ("secret-part", "another-password", "alerts.example"):
                assert secret not in text
