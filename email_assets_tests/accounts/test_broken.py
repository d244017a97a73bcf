"""An account whose settings cannot be used, beside one that is well."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from email_assets.account.every import configured_accounts
from email_assets.defs.build import build_all, build_defs
from email_assets.settings.resolve import SettingError
from email_assets_tests.accounts.account_fixtures import (
    Location,
    Pair,
    account_settings,
    two_accounts,
)
from email_assets_tests.alerts.alert_fixtures import Webhook, webhook
from email_assets_tests.check_fixtures import Check, check
from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import empty_home, materialized
from email_assets_tests.queries import ask

__all__ = ["check", "empty_home", "webhook"]

MISTAKES = {
    "vendor": ({"vendor": "nobody"}, "vendor 'nobody' is neither one of"),
    "file": ({"vendor": "vendor.py"}, r"'vendor\.py' cannot be loaded: SyntaxError"),
    "value": ({"read_ahead": "0"}, "ACCOUNTS__SUPPORT__READ_AHEAD"),
    "type": ({"read_ahead": "many"}, "ACCOUNTS__SUPPORT__READ_AHEAD"),
    "group": ({"group": "a b"}, "ACCOUNTS__SUPPORT__GROUP"),
    "dataset": ({"dataset_name": "mail_staging"}, "ACCOUNTS__SUPPORT__DATASET_NAME"),
    "resource": ({"servers__lag": "60"}, "servers. lag means nothing without"),
    "partition": ({"servers__partition": "hourly"}, "partition"),
    "partitions": (
        {"servers__partition": "daily", "servers__partition_start": "2026-01-01"},
        "servers. partition means nothing",
    ),
}


@pytest.fixture
def accounts(tmp_path: Path, empty_home: Path) -> Iterator[tuple[dg.DagsterInstance, Pair]]:
    with two_accounts(tmp_path, empty_home, KEY) as found:
        yield found


@pytest.fixture
def instance(accounts: tuple[dg.DagsterInstance, Pair]) -> dg.DagsterInstance:
    return accounts[0]


def spoil(patch: pytest.MonkeyPatch, **settings: str) -> None:
    for name, value in account_settings("support", **settings).items():
        patch.setenv(name, value)


def location(instance: dg.DagsterInstance) -> Location:
    """The code location, as it loads now."""
    return Location(instance, build_all(configured_accounts()))


def keys_of(account: str, definitions: dg.Definitions) -> set[str]:
    keys = definitions.resolve_asset_graph().get_all_asset_keys()
    return {key.path[-1] for key in keys if key.path[0] == account}


@pytest.mark.parametrize(("settings", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_any_mistake_of_one_account_is_shown_and_leaves_the_other_loaded(
    settings: dict[str, str],
    sentence: str,
    instance: dg.DagsterInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "vendor.py").write_text("VENDOR = {")
    if settings.get("vendor") == "vendor.py":
        settings = {"vendor": str(tmp_path / "vendor.py")}
        sentence = sentence.replace("'vendor", f"'{tmp_path}/vendor")
    spoil(monkeypatch, **settings)

    here = location(instance)
    done = here.run("marketing/servers", "support/settings")

    assert keys_of("support", here.definitions) == {"settings"}
    assert len(keys_of("marketing", here.definitions)) == 8
    assert materialized(done) == {"marketing/servers"}
    (failure,) = (event for event in done.all_events if event.is_step_failure)
    failed = failure.step_failure_data.user_failure_data
    assert failed
    assert re.search(sentence, failed.description or "")
    assert "The account support is left out" in caplog.text


def test_its_alert_names_the_mistake_and_recovers_once_it_is_mended(
    instance: dg.DagsterInstance, webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        spoil(patch, vendor="nobody")
        broken = location(instance)
        alerts = broken.sensor("support_alerts")
        alerts.tick()
        broken.run(job="support_email_events")
        alerts.tick()
    alerts.definitions = location(instance).definitions
    alerts.tick()

    told, recovered = webhook.texts
    assert "support/settings failed: vendor 'nobody'" in told
    assert "account support" in told
    assert "support/settings recovered. It was: vendor 'nobody'" in recovered


def test_what_was_wrong_before_the_mistake_recovers_after_it(
    accounts: tuple[dg.DagsterInstance, Pair], webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = accounts[0]
    here = location(instance)
    alerts = here.sensor("support_alerts")
    alerts.tick()
    with monkeypatch.context() as patch:
        patch.setenv("SOURCES__EMAIL__ACCOUNTS__SUPPORT__API_KEY", "wrong")
        here.run("support/servers")
    alerts.tick()
    with monkeypatch.context() as patch:
        spoil(patch, vendor="nobody")
        alerts.definitions = location(instance).definitions
        alerts.tick()
    back = location(instance)
    alerts.definitions = back.definitions
    back.run("support/servers")
    alerts.tick()

    told, recovered = webhook.texts
    assert "support/servers failed" in told
    assert "support/servers recovered" in recovered


def test_the_other_account_goes_on_alerting(
    accounts: tuple[dg.DagsterInstance, Pair], webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, vendor="nobody")
    here = location(accounts[0])
    alerts = here.sensor("marketing_alerts")
    alerts.tick()
    with monkeypatch.context() as patch:
        patch.setenv("SOURCES__EMAIL__ACCOUNTS__MARKETING__API_KEY", "wrong")
        here.run("marketing/servers")
    alerts.tick()
    here.run("marketing/servers")
    alerts.tick()

    told, recovered = webhook.texts
    assert "marketing/servers failed" in told
    assert "marketing/servers recovered" in recovered


def test_its_job_and_schedule_keep_their_names_and_retention_rests(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, vendor="nobody")
    monkeypatch.setenv("AUTOMATION__ENABLED", "true")

    repository = location(instance).definitions.get_repository_def()

    (schedule,) = (one for one in repository.schedule_defs if one.name.startswith("support"))
    assert schedule.name == "support_email_events"
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert {name for name in repository.job_names if name.startswith("support")} == {
        "support_email_all",
        "support_email_events",
    }
    assert "marketing_email_retention" in repository.job_names


def test_the_rows_of_both_load_after_a_reload_once_it_is_mended(
    accounts: tuple[dg.DagsterInstance, Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    instance, pair = accounts
    with monkeypatch.context() as patch:
        spoil(patch, vendor="nobody")
        location(instance).run("marketing/servers")

    assert location(instance).run("support/servers").success

    for account, api in {"marketing": pair.marketing, "support": pair.support}.items():
        count = ask(pair.warehouse, f"SELECT count(*) FROM email_{account}.servers")
        assert count == [(len(api.rows("servers")),)]


def test_the_connection_check_names_it_and_checks_the_other(
    accounts: tuple[dg.DagsterInstance, Pair], check: Check, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, vendor="nobody")

    status, said = check()

    assert status == 1
    assert "support: its settings cannot be used\nvendor 'nobody' is neither" in said
    assert f"marketing: generic at {accounts[1].marketing.base_url}\n  resource" in said


def test_a_host_keeps_its_own_assets_beside_it(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, vendor="nobody")

    @dg.asset
    def hosts_own() -> None:
        """An asset that has nothing to do with mail."""

    merged = dg.Definitions.merge(
        dg.Definitions(assets=[hosts_own]), build_defs("support", key_prefix=["crm", "mail"])
    )

    assert {key.to_user_string() for key in merged.resolve_asset_graph().get_all_asset_keys()} == {
        "hosts_own",
        "crm/mail/settings",
    }
    assert Location(instance, merged).run("hosts_own").success


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("AUTOMATION__EVENT_CRON", "daily", "AUTOMATION__EVENT_CRON"),
        ("SOURCES__EMAIL__READ_AHEAD", "0", "READ_AHEAD"),
    ],
)
def test_a_mistake_that_all_share_stops_everything(
    variable: str,
    value: str,
    named: str,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingError, match=named):
        location(instance)
