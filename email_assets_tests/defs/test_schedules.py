"""Jobs and the schedules that run them."""

import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    InProcessCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from email_assets.account import configured_account
from email_assets.clock import now
from email_assets.definitions import defs
from email_assets.defs.runs import LOCATION_TAG, UNFINISHED
from email_assets.defs.schedules import build_jobs, build_schedules
from email_assets.sandbox import Sandbox
from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import (
    CHECK_NAMES,
    EVENTS,
    INVENTORY,
    MADE_OF_EVENTS,
    NAMES,
    empty_home,
    instance_on_disk,
    materialize,
    materialized,
    platform,
)
from email_assets_tests.defs.sensor_fixtures import put_clock_ahead

__all__ = ["empty_home", "instance_on_disk"]

JOBS = {
    "email_events": EVENTS + MADE_OF_EVENTS,
    "email_inventory": INVENTORY,
    "email_all": NAMES + MADE_OF_EVENTS,
}


def schedules() -> dict[str, dg.ScheduleDefinition]:
    """The schedules as the settings of the moment make them."""
    return {schedule.name: schedule for schedule in build_schedules(configured_account())}


def test_each_job_says_what_it_syncs() -> None:
    assert {job.name: job.description for job in build_jobs(configured_account())} == {
        "email_events": "Syncs bounces, messages, deliverystats.",
        "email_inventory": "Syncs servers, domains.",
        "email_all": "Syncs everything.",
        "email_weekly_report": "Sends the report of deliverability to the webhook and the mail "
        "addresses of [alerts].",
        "email_retention": "Deletes runs older than `[retention] days` with their events and logs, "
        "except those that the present state of an asset or a check comes from.",
    }


@pytest.mark.parametrize("job", JOBS)
def test_a_job_selects_its_assets(job: str) -> None:
    selected = defs.resolve_job_def(job).asset_layer.executable_asset_keys

    assert {key.to_user_string() for key in selected} == set(JOBS[job])


def test_events_run_hourly_and_everything_else_daily_by_utc() -> None:
    assert {
        name: (schedule.cron_schedule, schedule.execution_timezone)
        for name, schedule in schedules().items()
    } == {
        "email_events": ("0 * * * *", "UTC"),
        "email_inventory": ("30 5 * * *", "UTC"),
        "email_retention": ("45 3 * * *", "UTC"),
        "email_weekly_report": ("0 7 * * 1", "UTC"),
    }


def test_schedules_are_stopped_unless_they_are_switched_on() -> None:
    assert {schedule.default_status for schedule in schedules().values()} == {
        dg.DefaultScheduleStatus.STOPPED
    }


def test_schedules_run_when_automation_is_enabled_but_that_of_the_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AUTOMATION__ENABLED", "true")
    running = dg.DefaultScheduleStatus.RUNNING

    off = [name for name, one in schedules().items() if one.default_status is not running]
    assert off == ["email_weekly_report"]


def test_cron_and_time_zone_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMATION__EVENT_CRON", "*/10 8-18 * * *")
    monkeypatch.setenv("AUTOMATION__INVENTORY_CRON", "0 3 * * 1")
    monkeypatch.setenv("AUTOMATION__TIMEZONE", "Europe/Berlin")

    assert {
        name: (schedule.cron_schedule, schedule.execution_timezone)
        for name, schedule in schedules().items()
    } == {
        "email_events": ("*/10 8-18 * * *", "Europe/Berlin"),
        "email_inventory": ("0 3 * * 1", "Europe/Berlin"),
        "email_retention": ("45 3 * * *", "Europe/Berlin"),
        "email_weekly_report": ("0 7 * * 1", "Europe/Berlin"),
    }


@pytest.fixture(scope="module")
def run_of_tick(
    tmp_path_factory: pytest.TempPathFactory, empty_home: Path
) -> dg.ExecuteInProcessResult:
    """The run that a tick of the schedule of the inventory requests."""
    schedule = defs.resolve_schedule_def("email_inventory")
    at = datetime(2026, 3, 1, 5, 30, tzinfo=timezone.utc)
    folder = tmp_path_factory.mktemp("tick")
    with (
        Sandbox(messages=20, api_key=KEY) as sandbox,
        platform(folder, sandbox, shutil.copytree(empty_home, folder / "dagster_home")) as instance,
        dg.build_schedule_context(instance=instance, scheduled_execution_time=at) as context,
    ):
        (request,) = schedule.evaluate_tick(context).run_requests or []
        return materialize(instance, job=schedule.job_name, tags=request.tags)


@pytest.mark.slow
def test_a_tick_syncs_the_assets_of_the_schedule(run_of_tick: dg.ExecuteInProcessResult) -> None:
    assert run_of_tick.success
    assert materialized(run_of_tick) == set(INVENTORY)


@pytest.mark.slow
def test_a_tick_checks_what_it_synced(run_of_tick: dg.ExecuteInProcessResult) -> None:
    checked = {
        (evaluation.asset_key.to_user_string(), evaluation.check_name)
        for evaluation in run_of_tick.get_asset_check_evaluations()
    }

    assert checked == {(asset, check) for asset in INVENTORY for check in CHECK_NAMES}


@pytest.mark.parametrize("name", ["email_events", "email_inventory", "email_retention"])
def test_a_schedule_runs_the_job_of_its_name(name: str) -> None:
    assert schedules()[name].job_name == name


def tick_of_events(instance: dg.DagsterInstance) -> Any:
    with dg.build_schedule_context(instance=instance, scheduled_execution_time=now()) as context:
        return defs.resolve_schedule_def("email_events").evaluate_tick(context)


# a run in the queue cannot be made up: it needs the code location that it came from
@pytest.mark.parametrize("status", UNFINISHED[1:])
def test_a_tick_is_skipped_while_an_earlier_run_of_its_job_is_under_way(
    instance_on_disk: dg.DagsterInstance, status: dg.DagsterRunStatus
) -> None:
    instance_on_disk.add_run(dg.DagsterRun(job_name="email_events", status=status))

    tick = tick_of_events(instance_on_disk)

    assert tick.run_requests == []
    assert tick.skip_message == (
        "An earlier run of the job email_events has not finished yet. The next tick looks again."
    )


@pytest.mark.parametrize(
    "run",
    [
        dg.DagsterRun(job_name="email_events", status=dg.DagsterRunStatus.FAILURE),
        dg.DagsterRun(job_name="email_inventory", status=dg.DagsterRunStatus.STARTED),
        dg.DagsterRun(
            job_name="email_events",
            status=dg.DagsterRunStatus.STARTED,
            tags={LOCATION_TAG: "of_somebody_else"},
        ),
    ],
    ids=["ended", "of another job", "of another code location"],
)
def test_a_tick_does_not_wait_for(instance_on_disk: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    instance_on_disk.add_run(run)

    assert len(tick_of_events(instance_on_disk).run_requests or []) == 1


def test_a_tick_waits_for_runs_of_the_location_that_has_the_schedule(
    instance_on_disk: dg.DagsterInstance,
) -> None:
    at = InProcessCodeLocationOrigin(
        LoadableTargetOrigin(module_name="of.somebody"), location_name="of_somebody_else"
    )
    schedule = RemoteInstigatorOrigin(RemoteRepositoryOrigin(at, "__repository__"), "email_events")
    instance_on_disk.add_instigator_state(
        InstigatorState(
            schedule,
            InstigatorType.SCHEDULE,
            InstigatorStatus.RUNNING,
            ScheduleInstigatorData("0 * * * *"),
        )
    )
    instance_on_disk.add_run(
        dg.DagsterRun(
            job_name="email_events",
            status=dg.DagsterRunStatus.STARTED,
            tags={LOCATION_TAG: "of_somebody_else"},
        )
    )

    assert tick_of_events(instance_on_disk).run_requests == []


def test_a_tick_does_not_wait_for_ever_for_a_run_that_was_killed(
    instance_on_disk: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance_on_disk.add_run(
        dg.DagsterRun(job_name="email_events", status=dg.DagsterRunStatus.STARTED)
    )
    put_clock_ahead(monkeypatch, timedelta(days=1, minutes=1))

    assert len(tick_of_events(instance_on_disk).run_requests or []) == 1
