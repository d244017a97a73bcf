"""Two accounts in one code location: what each has, and that neither sees anything of the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import dagster as dg
import pytest

from email_assets.account.every import configured_accounts
from email_assets.defs.build import build_all
from email_assets.sandbox import Fault
from email_assets_tests.accounts.account_fixtures import Location, Pair, two_accounts
from email_assets_tests.alerts.alert_fixtures import Webhook, webhook
from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import (
    CHECK_NAMES,
    MADE_OF_EVENTS,
    NAMES,
    materialized,
    put_back,
)
from email_assets_tests.queries import ask

__all__ = ["webhook"]


LOADED = ["messages", "servers"]


@dataclass
class Platform(Location):
    """The one location of both accounts, after a first run of some assets of both."""

    pair: Pair | None = None
    first: dg.ExecuteInProcessResult | None = None


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    folder = tmp_path_factory.mktemp("side_by_side")
    with two_accounts(folder, KEY) as (instance, pair):
        platform = Platform(instance, build_all(configured_accounts()), pair=pair)
        platform.first = platform.run(*sorted(both(*LOADED)))
        yield platform


def both(*names: str) -> set[str]:
    return {f"{account}/{name}" for account in ("marketing", "support") for name in names}


@pytest.mark.slow
def test_all_assets_of_both_are_there(platform: Platform) -> None:
    keys = platform.definitions.resolve_asset_graph().materializable_asset_keys

    assert {key.to_user_string() for key in keys} == both(*NAMES, *MADE_OF_EVENTS)


@pytest.mark.slow
def test_one_run_loads_assets_of_both(platform: Platform) -> None:
    assert platform.first
    assert platform.first.success
    assert materialized(platform.first) == both(*LOADED)


@pytest.mark.parametrize("name", LOADED)
def test_each_has_its_own_rows_in_tables_of_its_own(platform: Platform, name: str) -> None:
    assert platform.pair
    counts = {
        account: ask(platform.pair.warehouse, f"SELECT count(*) FROM email_{account}.{name}")[0][0]
        for account in ("marketing", "support")
    }

    assert counts == {
        "marketing": len(platform.pair.marketing.rows(name)),
        "support": len(platform.pair.support.rows(name)),
    }


def test_every_check_is_of_an_account_and_passes(platform: Platform) -> None:
    assert platform.first
    found = {
        (result.asset_key.to_user_string(), result.check_name): result.passed
        for result in platform.first.get_asset_check_evaluations()
        if result.check_name in CHECK_NAMES
    }

    assert found == {(asset, check): True for asset in both(*LOADED) for check in CHECK_NAMES}


def test_jobs_schedules_and_sensors_are_told_apart(platform: Platform) -> None:
    repository = platform.definitions.get_repository_def()
    ours = {"email_all", "email_events", "email_inventory", "email_retention"}
    ours |= {"email_weekly_report"}

    assert {name for name in repository.job_names if not name.startswith("__")} == {
        f"{account}_{job}" for account in ("marketing", "support") for job in ours
    }
    assert {schedule.name for schedule in repository.schedule_defs} == {
        f"{account}_{job}" for account in ("marketing", "support") for job in ours - {"email_all"}
    }
    assert {sensor.name for sensor in repository.sensor_defs} == {
        f"{account}_{sensor}"
        for account in ("marketing", "support")
        for sensor in ("new_records", "freshness_checks", "alerts")
    }


@pytest.mark.slow
def test_a_job_syncs_one_account_alone(platform: Platform) -> None:
    done = platform.run(job="support_email_inventory")

    assert materialized(done) == {"support/servers", "support/domains"}


def test_each_api_is_observed_on_its_own(platform: Platform) -> None:
    platform.run("marketing/email_api")

    def seen(account: str) -> set[str]:
        key = dg.AssetKey([account, "email_api"])
        records = platform.instance.fetch_observations(key, limit=1).records
        observation = records[0].asset_observation
        assert observation
        return {name for name in observation.metadata if name.startswith("rows_of_")}

    assert len(seen("marketing")) == 5
    assert len(seen("support")) == 1  # by the last sync, of one resource


def test_new_rows_of_one_account_start_a_sync_of_it_alone(platform: Platform) -> None:
    assert platform.pair
    sensors = {name: platform.sensor(f"{name}_new_records") for name in ("marketing", "support")}
    for sensor in sensors.values():
        sensor.tick()

    platform.pair.support.insert_head("bounces", 1)

    assert not sensors["marketing"].tick().run_requests
    assert sensors["support"].requested() == [
        "support/bounces",
        "support/deliverability_daily",
        "support/deliverability_report",
    ]


@pytest.mark.slow
def test_one_that_fails_leaves_the_other_loaded_and_is_told_alone(
    platform: Platform, webhook: Webhook
) -> None:
    assert platform.pair
    sensors = [platform.sensor(f"{account}_alerts") for account in ("marketing", "support")]
    for sensor in sensors:
        sensor.tick()
    platform.pair.support.set_faults("servers", Fault("status", status=401))

    done = platform.run("marketing/servers", "support/servers")
    told: list[list[str]] = []
    for sensor in sensors:
        sensor.tick()
        told.append([*webhook.texts])
    platform.pair.support.clear_faults()
    platform.run("support/servers")
    for sensor in sensors:
        sensor.tick()

    assert materialized(done) == {"marketing/servers"}
    assert told[0] == []
    (failure,) = told[1]
    assert "support/servers" in failure
    assert "SOURCES__EMAIL__ACCOUNTS__SUPPORT__API_KEY" in failure
    (recovery,) = webhook.texts[1:]
    assert "support/servers" in recovery


def test_retention_takes_runs_of_its_own_account_and_of_both(platform: Platform) -> None:
    runs = {
        "of marketing": platform.report_run("marketing/servers"),
        "of support": platform.report_run("support/servers"),
        "of both": platform.report_run("marketing/domains", "support/domains"),
    }
    put_back(platform.instance, timedelta(days=91), *runs.values())

    assert platform.run(job="marketing_email_retention").success

    assert [name for name, run_id in runs.items() if platform.instance.has_run(run_id)] == [
        "of support"
    ]
