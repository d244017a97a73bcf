"""Who hears of what is wrong, and of what is well again."""

import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.alert_fixtures import (
    RECIPIENTS,
    MailServer,
    Webhook,
    certificate,
    listening,
    mail_server,
    webhook,
)
from email_assets_tests.conftest import PROJECT
from email_assets_tests.dagster_fixtures import (
    EVENTS,
    MADE_OF_EVENTS,
    NAMES,
    command,
    empty_home,
    finish,
    instance,
    materialize,
    settings_for,
)
from email_assets_tests.sensor_fixtures import Sensor, start_run

__all__ = ["certificate", "empty_home", "instance", "mail_server", "webhook"]

UI = "http://127.0.0.1:3000"
REFUSED = "the API refused the key (401). "


@pytest.fixture
def alerts(instance: dg.DagsterInstance) -> Sensor:
    """The sensor, after its first look at a fresh platform."""
    sensor = Sensor("alerts", instance)
    sensor.tick()
    return sensor


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
) -> None:
    """Run a check of the name and result that is asked for."""

    @dg.asset_check(asset=asset, name=check)
    def checked() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=passed, severity=severity, description=why)

    dg.materialize([checked], instance=instance, selection=dg.AssetSelection.all_asset_checks())


def report_materialized(
    instance: dg.DagsterInstance, *assets: str, ago: timedelta = timedelta()
) -> None:
    """Record materializations that are some time ago."""
    for asset in assets:
        with dg.DagsterInstance.ephemeral() as elsewhere:
            elsewhere.report_runless_asset_event(dg.AssetMaterialization(asset))
            entry = elsewhere.get_latest_materialization_event(dg.AssetKey(asset))
        assert entry
        instance.handle_new_event(entry._replace(timestamp=time.time() - ago.total_seconds()))


def fail_foreign_run(instance: dg.DagsterInstance) -> None:
    @dg.op
    def break_down() -> None:
        raise ValueError

    @dg.job
    def foreign() -> None:
        break_down()

    foreign.execute_in_process(instance=instance, raise_on_error=False)


@pytest.mark.usefixtures("api")
class TestFailedRuns:
    def test_one_message_names_all_assets_of_a_cause_and_one_tells_that_it_is_gone(
        self,
        alerts: Sensor,
        webhook: Webhook,
        instance: dg.DagsterInstance,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setenv("API_KEY", "wrong")
            run = materialize(instance)
            alerts.tick()
            alerts.tick()

        names = ", ".join(sorted(NAMES))
        (text,) = webhook.texts
        assert text.startswith(f"{names} failed: {REFUSED}")
        assert text.endswith(f" {UI}/runs/{run.run_id}")

        materialize(instance)
        alerts.tick()
        alerts.tick()

        _, text = webhook.texts
        assert text.startswith(f"{names} recovered. It was: {REFUSED}")

    def test_a_cause_that_spreads_is_told_again_with_the_assets_that_are_new(
        self,
        alerts: Sensor,
        webhook: Webhook,
        instance: dg.DagsterInstance,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("API_KEY", "wrong")
        for names in (["servers"], ["domains", "servers"]):
            materialize(instance, *names)
            alerts.tick()

        assert [text.partition(" failed: ")[0] for text in webhook.texts] == ["servers", "domains"]

    def test_different_causes_have_a_message_each(
        self, alerts: Sensor, webhook: Webhook, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("domains", Fault("status", status=404))
        api.set_faults("servers", Fault("status", status=501))
        materialize(instance, "servers", "domains")

        alerts.tick()

        domains, servers = sorted(webhook.texts)
        assert domains.startswith(f"domains failed: there is no /v1/domains at {api.base_url}")
        assert servers.startswith("servers failed: the API refused /v1/servers (501 ")

    def test_a_check_that_fails_its_run_is_one_message(
        self, alerts: Sensor, webhook: Webhook, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("servers", Fault("null_id", rows=100))
        materialize(instance, "servers")

        alerts.tick()

        (text,) = webhook.texts
        assert (
            "servers did not pass the check primary_key: rows that came without id and were not "
            f"loaded: 5. {UI}/assets/servers?view=checks&amp;checkDetail=primary_key"
        ) in text.splitlines()
        assert " failed: " not in text

    def test_a_night_in_which_old_runs_were_not_deleted_is_told_until_one_in_which_they_are(
        self,
        alerts: Sensor,
        webhook: Webhook,
        instance: dg.DagsterInstance,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setenv("RETENTION__DAYS", "1")
            materialize(instance, job="email_retention")
        alerts.tick()
        report_failed(instance, job_name="email_retention")
        alerts.tick()
        materialize(instance, job="email_retention")
        alerts.tick()

        failed, killed, recovered = webhook.texts
        assert failed.startswith("email_retention failed: days must be a whole number of days ")
        assert killed.startswith("email_retention failed: It was killed. ")
        assert recovered.startswith("email_retention recovered. It was: days must be ")

    def test_half_a_character_in_a_reason_keeps_no_tick_from_its_end(
        self, alerts: Sensor, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        report_failed(instance, "The API said: \ud83d.")

        alerts.tick()

        (text,) = webhook.texts
        assert text.startswith("domains, servers failed: The API said: ?. ")

    def test_a_run_that_ended_outside_of_a_step_is_told_with_what_it_left_undone(
        self, alerts: Sensor, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        run = report_failed(instance, "The run's process was killed.")

        alerts.tick()

        assert webhook.texts == [
            f"domains, servers failed: The run's process was killed. {UI}/runs/{run}"
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
        alerts: Sensor,
        webhook: Webhook,
        instance: dg.DagsterInstance,
    ) -> None:
        report_failed(instance, job_name="__ASSET_JOB", **selection)

        alerts.tick()

        (text,) = webhook.texts
        assert text.startswith("bounces ")

    def test_a_failed_run_of_other_code_is_not_told_and_holds_up_none_of_ours(
        self, alerts: Sensor, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        fail_foreign_run(instance)
        report_failed(instance)
        fail_foreign_run(instance)

        alerts.tick()

        assert len(webhook.texts) == 1

    def test_a_failure_that_a_later_run_mended_before_anybody_looked_is_not_told(
        self, alerts: Sensor, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        report_failed(instance, job_name="email_inventory")
        report_materialized(instance, "servers", "domains")

        alerts.tick()

        assert webhook.texts == []

    def test_a_failure_that_dagster_will_retry_is_left_to_the_retry(
        self, alerts: Sensor, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        report_failed(instance, job_name="email_inventory", tags={"dagster/will_retry": "true"})

        alerts.tick()

        assert webhook.texts == []

    def test_what_failed_before_the_first_look_and_was_not_mended_is_told(
        self, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        report_failed(instance)

        Sensor("alerts", instance).tick()

        assert len(webhook.texts) == 1

    def test_runs_that_were_deleted_hide_no_later_failure(
        self, alerts: Sensor, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        runs = [report_failed(instance) for _ in range(3)]
        alerts.tick()
        for run in runs:
            instance.delete_run(run)
        report_failed(instance, job_name="email_events")

        alerts.tick()

        assert [text.partition(" failed")[0] for text in webhook.texts] == [
            "domains, servers",
            ", ".join(sorted(EVENTS)),
        ]

    def test_a_failed_run_of_the_command_line_is_told(
        self, alerts: Sensor, webhook: Webhook, api: Sandbox, tmp_path: Path
    ) -> None:
        cli = command(
            *("dagster", "asset", "materialize", "--select", "servers"),
            *("-m", "email_assets.definitions"),
            home=tmp_path / "dagster_home",
            cwd=PROJECT,
            env=settings_for(tmp_path, api) | {"API_KEY": "wrong"},
        )
        finish({"cli": cli})

        alerts.tick()

        (text,) = webhook.texts
        assert text.startswith(f"servers failed: {REFUSED}")


class TestChecks:
    def test_a_warning_is_told_until_the_check_passes(
        self, alerts: Sensor, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        evaluate(instance, "bounces", passed=False, why="bounces: 250 rows of 300 came.")
        alerts.tick()
        evaluate(instance, "bounces", passed=False, why="bounces: 260 rows of 310 came.")
        alerts.tick()
        evaluate(instance, "bounces", passed=True)
        alerts.tick()

        assert webhook.texts == [
            "bounces got a warning from the check complete: 250 rows of 300 came. "
            f"{UI}/assets/bounces?view=checks&amp;checkDetail=complete",
            "bounces recovered. It was: 250 rows of 300 came.",
        ]

    def test_a_warning_of_before_the_first_look_is_told(
        self, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        evaluate(instance, "bounces", passed=False)
        evaluate(instance, "messages", passed=False)
        evaluate(instance, "messages", passed=True)

        Sensor("alerts", instance).tick()

        (text,) = webhook.texts
        assert text.startswith("bounces got a warning")

    def test_a_check_of_something_else_is_not_told(
        self, alerts: Sensor, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        evaluate(instance, "somebody_elses", passed=False)

        alerts.tick()

        assert webhook.texts == []


class TestStaleness:
    def test_stale_assets_are_one_message_whatever_their_freshness_check_says(
        self, alerts: Sensor, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        report_materialized(instance, *NAMES)
        report_materialized(instance, "bounces", "messages", ago=timedelta(hours=3))
        evaluate(instance, "bounces", passed=False, check="freshness_check")
        sensor = Sensor("alerts", instance)
        sensor.tick()
        sensor.tick()

        (text,) = webhook.texts
        assert text.startswith("bounces, messages went stale: not materialized within 2 h. ")

        report_materialized(instance, "bounces", "messages")
        sensor.tick()

        assert webhook.texts[1].startswith("bounces, messages recovered. ")

    def test_an_asset_that_was_never_materialized_is_stale_a_window_after_the_first_look(
        self, alerts: Sensor, webhook: Webhook
    ) -> None:
        assert alerts.cursor
        assert webhook.texts == []
        memory = json.loads(alerts.cursor)
        memory["read"]["watched"] = {
            name: since - 3 * 3600 for name, since in memory["read"]["watched"].items()
        }
        alerts.cursor = json.dumps(memory)

        alerts.tick()

        (text,) = webhook.texts
        assert text.startswith(f"{', '.join(sorted(EVENTS))} went stale: ")

    def test_an_asset_whose_runs_are_known_to_fail_goes_stale_without_a_word(
        self, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        report_materialized(instance, *NAMES)
        report_materialized(instance, *EVENTS, ago=timedelta(hours=3))
        report_failed(instance, job_name="email_events")

        Sensor("alerts", instance).tick()

        (text,) = webhook.texts
        assert " failed: It was killed." in text

    def test_what_a_blocking_check_keeps_from_being_made_goes_stale_without_a_word(
        self, webhook: Webhook, instance: dg.DagsterInstance
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

        Sensor("alerts", instance).tick()

        (text,) = webhook.texts
        assert text.startswith("messages did not pass the check primary_key: ")


class TestDelivery:
    def test_a_webhook_that_is_down_gets_the_alert_once_it_is_up_and_the_mail_is_sent_once(
        self,
        alerts: Sensor,
        webhook: Webhook,
        mail_server: MailServer,
        instance: dg.DagsterInstance,
    ) -> None:
        webhook.status = 503
        report_failed(instance)
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
        self,
        alerts: Sensor,
        webhook: Webhook,
        mail_server: MailServer,
        instance: dg.DagsterInstance,
    ) -> None:
        mail_server.down = True
        report_failed(instance)
        alerts.tick()
        mail_server.down = False
        alerts.tick()

        (mail,) = mail_server.mails
        assert mail["To"] == ", ".join(RECIPIENTS)
        assert mail["Subject"] == "[email_assets] domains, servers failed: It was killed."
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
        instance: dg.DagsterInstance,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        with monkeypatch.context() as patch:
            patch.delenv("ALERTS__MAIL_TO")
            report_failed(instance)
            told = alerts.tick().skip_message
        alerts.tick()

        assert told.startswith("E-mail alerts need mail_to too. Set it as [alerts] mail_to in ")
        assert (len(webhook.bodies), len(mail_server.mails)) == (1, 1)

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
        self,
        alerts: Sensor,
        webhook: Webhook,
        instance: dg.DagsterInstance,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("ALERTS__DAGSTER_URL", "https://dagster.example.org/")
        run = report_failed(instance)

        alerts.tick()

        (text,) = webhook.texts
        assert text.endswith(f" https://dagster.example.org/runs/{run}")

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
        self, alerts: Sensor, webhook: Webhook, instance: dg.DagsterInstance
    ) -> None:
        report_failed(instance, "no <!channel> & no row of ann.baker7@bluebird.example")

        alerts.tick()

        (text,) = webhook.texts
        assert "failed: no &lt;!channel&gt; &amp; no row of … " in text

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
