"""Alerts of runs that failed, and of runs that mended it."""

from pathlib import Path

import dagster as dg
import pytest

from email_assets.sandbox import Fault, Sandbox
from email_assets_tests import programs
from email_assets_tests.alerts.alert_fixtures import Webhook, webhook
from email_assets_tests.conftest import PROJECT
from email_assets_tests.dagster_fixtures import (
    INVENTORY,
    empty_home,
    instance,
    instance_on_disk,
    materialize,
    settings_for,
)
from email_assets_tests.defs.alerts.trouble_fixtures import (
    UI,
    Tick,
    alerts,
    report_failed,
    tell,
    tick,
    what,
)
from email_assets_tests.defs.sensor_fixtures import Sensor

__all__ = ["alerts", "empty_home", "instance", "instance_on_disk", "tick", "webhook"]


REFUSED = "the API refused the key (401). "


@pytest.mark.usefixtures("api")
class TestFailedRuns:
    def test_one_message_names_all_assets_of_a_cause_and_one_tells_that_it_is_gone(
        self, tick: Tick, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setenv("API_KEY", "wrong")
            run = materialize(instance, *INVENTORY)
            tick()
            text = what(*tick())

        names = ", ".join(sorted(INVENTORY))
        assert text.startswith(f"{names} failed: {REFUSED}")
        assert (step := text.rpartition("logs=step%3A")[2]) in INVENTORY
        assert text.endswith(
            f" {UI}/runs/{run.run_id}?selection=name%3A%22{step}%22&amp;logs=step%3A{step}"
        )

        materialize(instance, *INVENTORY)
        tick()

        _, text = tick()
        assert text.startswith(f"{names} recovered. It was: {REFUSED}")

    def test_a_cause_that_spreads_is_told_again_with_the_assets_that_are_new(
        self, tick: Tick, instance: dg.DagsterInstance
    ) -> None:
        for names in (["servers"], ["domains", "servers"]):
            assets = {dg.AssetKey(name) for name in names}
            report_failed(instance, job_name="__ASSET_JOB", asset_selection=assets)
            told = tick()

        assert [text.partition(" failed: ")[0] for text in told] == ["servers", "domains"]

    @pytest.mark.slow
    def test_different_causes_have_a_message_each(
        self, tick: Tick, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("domains", Fault("status", status=404))
        api.set_faults("servers", Fault("status", status=501))
        materialize(instance, "servers", "domains")

        domains, servers = sorted(tick())

        assert domains.startswith(f"domains failed: there is no /v1/domains at {api.base_url}")
        assert servers.startswith("servers failed: the API refused /v1/servers (501 ")

    @pytest.mark.slow
    def test_a_check_that_fails_its_run_is_one_message(
        self, tick: Tick, api: Sandbox, instance: dg.DagsterInstance
    ) -> None:
        api.set_faults("servers", Fault("null_id", rows=100))
        materialize(instance, "servers")

        (text,) = tick()

        assert (
            "servers did not pass the check primary_key: rows that came without id and were not "
            f"loaded: 5. {UI}/assets/servers?view=checks&amp;checkDetail=primary_key"
        ) in text.splitlines()
        assert " failed: " not in text

    def test_a_night_in_which_old_runs_were_not_deleted_is_told_until_one_in_which_they_are(
        self, tick: Tick, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setenv("RETENTION__DAYS", "1")
            materialize(instance, job="email_retention")
        tick()
        report_failed(instance, job_name="email_retention")
        tick()
        materialize(instance, job="email_retention")

        failed, killed, recovered = tick()

        assert failed.startswith("email_retention failed: days must be a whole number of days ")
        assert killed.startswith("email_retention failed: It was killed. ")
        assert recovered.startswith("email_retention recovered. It was: days must be ")

    def test_a_report_that_was_not_sent_is_told(
        self, tick: Tick, instance: dg.DagsterInstance
    ) -> None:
        materialize(instance, job="email_weekly_report")

        (text,) = tick()

        assert text.startswith("email_weekly_report failed: deliverability_report: there is no ")

    def test_half_a_character_in_a_reason_keeps_no_tick_from_its_end(
        self, tick: Tick, instance: dg.DagsterInstance
    ) -> None:
        report_failed(instance, "The API said: \ud83d.")

        (text,) = tick()

        assert text.startswith("domains, servers failed: The API said: ?. ")

    def test_a_run_that_ended_outside_of_a_step_is_told_with_what_it_left_undone(
        self, tick: Tick, instance: dg.DagsterInstance
    ) -> None:
        run = report_failed(instance, "The run's process was killed.")

        (text,) = tick()

        assert what(text) == (
            f"domains, servers failed: The run's process was killed. {UI}/runs/{run}"
        )

    @pytest.mark.slow
    def test_a_failed_run_of_the_command_line_is_told(
        self, api: Sandbox, instance_on_disk: dg.DagsterInstance, webhook: Webhook, tmp_path: Path
    ) -> None:
        sensor = Sensor("alerts", instance_on_disk)
        sensor.tick()
        programs.run(
            *("dagster", "asset", "materialize", "--select", "servers"),
            *("-m", "email_assets.definitions"),
            home=tmp_path / "dagster_home",
            cwd=PROJECT,
            env=settings_for(tmp_path, api) | {"API_KEY": "wrong"},
        )

        (text,) = tell(sensor, webhook)

        assert text.startswith(f"servers failed: {REFUSED}")
