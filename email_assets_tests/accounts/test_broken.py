"""An account whose settings cannot be used, beside one that is well."""

from __future__ import annotations

import re
from pathlib import Path

import dagster as dg
import pytest

from email_assets.defs.build import build_defs
from email_assets.settings.resolve import SettingError
from email_assets_tests.accounts.account_fixtures import (
    Location,
    Pair,
)
from email_assets_tests.accounts.broken_fixtures import (
    accounts,
    instance,
    location,
    said_by_its_run,
    spoil,
)
from email_assets_tests.check_fixtures import Check, check
from email_assets_tests.queries import ask

__all__ = ["accounts", "check", "instance"]

MISTAKES = {
    "vendor": ({"vendor": "nobody"}, "vendor 'nobody' is neither one of"),
    "file": ({"vendor": "vendor.py"}, r"'vendor\.py' cannot be loaded: SyntaxError"),
    "value": ({"read_ahead": "0"}, "read_ahead must be .*ACCOUNTS__SUPPORT__READ_AHEAD"),
    "type": ({"read_ahead": "many"}, "of the wrong type.*ACCOUNTS__SUPPORT__READ_AHEAD"),
    "group": ({"group": "a b"}, "ACCOUNTS__SUPPORT__GROUP"),
    "dataset": ({"dataset_name": "mail_staging"}, "ACCOUNTS__SUPPORT__DATASET_NAME"),
    "resource": ({"servers__lag": "60"}, "servers. lag means nothing without"),
    "partition": ({"servers__partition": "hourly"}, "partition can only be daily"),
    "partitions": (
        {"servers__partition": "daily", "servers__partition_start": "2026-01-01"},
        "servers. partition means nothing",
    ),
}


def keys_of(account: str, definitions: dg.Definitions) -> set[str]:
    keys = definitions.resolve_asset_graph().get_all_asset_keys()
    return {key.path[-1] for key in keys if key.path[0] == account}


@pytest.mark.parametrize(("settings", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_any_mistake_of_one_account_is_shown_and_leaves_the_other_its_assets(
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
    assert keys_of("support", here.definitions) == {"settings"}
    assert len(keys_of("marketing", here.definitions)) == 8
    assert re.search(sentence, said_by_its_run(here))
    assert "The account support is left out" in caplog.text


def test_a_run_tells_the_mistake_as_it_is_now(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(monkeypatch, vendor="nobody")
    here = location(instance)
    spoil(monkeypatch, vendor="somebody")

    assert said_by_its_run(here).startswith("vendor 'somebody' is neither one of")


@pytest.mark.slow
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
