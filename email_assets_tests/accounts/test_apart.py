"""Accounts of two vendors in one location, and two accounts in two locations of one instance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from email_assets.account import configured_account
from email_assets.account.every import configured_accounts
from email_assets.defs.build import build_all
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.accounts.account_fixtures import (
    Location,
    Pair,
    account_settings,
    two_accounts,
)
from email_assets_tests.alerts.alert_fixtures import Webhook, webhook
from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import instance, materialized, put_back
from email_assets_tests.queries import ask
from email_assets_tests.vendors.postmark_server import ACCOUNT_TOKEN, PostmarkServer

__all__ = ["instance", "webhook"]


@pytest.mark.slow
def test_accounts_of_two_vendors_load_beside_each_other(
    sandbox: Sandbox,
    warehouse: Path,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with PostmarkServer() as postmark:
        settings = account_settings("own", base_url=sandbox.base_url, api_key=KEY)
        settings |= account_settings(
            "bought", vendor="postmark", base_url=postmark.base_url, account_token=ACCOUNT_TOKEN
        )
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        location = Location(instance, build_all(configured_accounts()))

        done = location.run("own/domains", "bought/domains")

    assert materialized(done) == {"own/domains", "bought/domains"}
    assert ask(warehouse, "SELECT count(*) FROM email_own.domains") == [(8,)]
    assert ask(warehouse, "SELECT count(*) FROM email_bought.domains") == [(2,)]
    assert all(found.passed for found in done.get_asset_check_evaluations())
    assert ask(warehouse, "SELECT vendor FROM email_bought._email_account") == [("postmark",)]


@dataclass
class Locations:
    """An instance with a code location for each account."""

    marketing: Location
    support: Location
    pair: Pair


@pytest.fixture(scope="module")
def locations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locations]:
    folder = tmp_path_factory.mktemp("apart")
    with two_accounts(folder, KEY) as (instance, pair):
        here, there = (
            Location(instance, build_all([configured_account(name)]), name)
            for name in ("marketing", "support")
        )
        yield Locations(here, there, pair)


def test_each_location_loads_its_own_account(locations: Locations) -> None:
    done = [
        locations.marketing.run("marketing/messages"),
        locations.support.run("support/messages"),
    ]

    assert [materialized(run) for run in done] == [{"marketing/messages"}, {"support/messages"}]
    for account, rows in {"marketing": 40, "support": 30}.items():
        count = f"SELECT count(*) FROM email_{account}.messages"
        assert ask(locations.pair.warehouse, count) == [(rows,)]


@pytest.mark.slow
def test_alerts_tell_of_their_own_location_alone(locations: Locations, webhook: Webhook) -> None:
    here = locations.marketing.sensor("marketing_alerts")
    there = locations.support.sensor("support_alerts")
    for sensor in (here, there):
        sensor.tick()
    locations.pair.support.set_faults("domains", Fault("status", status=401))

    locations.support.run("support/domains")
    here.tick()
    told_here = [*webhook.texts]
    there.tick()

    locations.pair.support.clear_faults()
    locations.support.run("support/domains")
    here.tick()
    recovered_here = len(webhook.texts) - 1
    there.tick()

    assert told_here == []
    assert recovered_here == 0
    failure, recovery = webhook.texts
    assert "support/domains failed" in failure
    assert "support/domains recovered" in recovery


@pytest.mark.slow
def test_checks_judge_the_rows_of_their_own_location(locations: Locations) -> None:
    assert locations.marketing.run("marketing/servers").success
    assert locations.support.run("support/servers").success
    with duckdb.connect(str(locations.pair.warehouse)) as connection:
        connection.execute("INSERT INTO email_support.servers FROM email_support.servers LIMIT 1")

    def passed(location: Location) -> bool:
        key = dg.AssetCheckKey(dg.AssetKey([location.name, "servers"]), "primary_key")
        selection = dg.AssetSelection.checks(key)
        job = dg.define_asset_job("checks_alone", selection)
        definitions = dg.Definitions.merge(location.definitions, dg.Definitions(jobs=[job]))
        run = definitions.resolve_job_def("checks_alone").execute_in_process(
            instance=location.instance, raise_on_error=False
        )
        (found,) = run.get_asset_check_evaluations()
        return found.passed

    try:
        assert passed(locations.marketing)
        assert not passed(locations.support)
    finally:  # the others have the table too
        with duckdb.connect(str(locations.pair.warehouse)) as connection:
            connection.execute("DROP TABLE email_support.servers")


@pytest.mark.slow
def test_new_rows_start_a_sync_in_their_own_location_alone(locations: Locations) -> None:
    assert locations.marketing.run("marketing/bounces").success
    assert locations.support.run("support/bounces").success
    here = locations.marketing.sensor("marketing_new_records")
    there = locations.support.sensor("support_new_records")
    for sensor in (here, there):
        sensor.tick()

    locations.pair.support.insert_head("bounces", 1)

    assert not here.tick().run_requests
    assert "support/bounces" in there.requested()


def test_retention_deletes_runs_of_its_own_location_alone(locations: Locations) -> None:
    here, there = locations.marketing, locations.support
    runs = [here.report_run("marketing/servers"), there.report_run("support/servers")]
    put_back(here.instance, timedelta(days=91), *runs)

    assert here.run(job="marketing_email_retention").success

    assert [here.instance.has_run(run_id) for run_id in runs] == [False, True]


def test_runs_of_a_host_are_no_business_of_retention(
    locations: Locations,
) -> None:
    instance = locations.marketing.instance
    of_host = instance.add_run(
        dg.DagsterRun(
            job_name="__ASSET_JOB",
            status=dg.DagsterRunStatus.SUCCESS,
            tags={"dagster/code_location": "marketing"},
            asset_selection=frozenset(
                [dg.AssetKey("hosts_own"), dg.AssetKey(["marketing", "servers"])]
            ),
        )
    )
    put_back(instance, timedelta(days=91), of_host.run_id)

    assert locations.marketing.run(job="marketing_email_retention").success

    assert instance.has_run(of_host.run_id)
