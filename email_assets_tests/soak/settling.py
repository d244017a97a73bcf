"""The end of a soak: faults and automation off, and a last sync in which nothing may be wrong."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

import dagster as dg

from email_assets.defs.checks import SCHEMA_UNCHANGED
from email_assets.defs.runs import UNFINISHED
from email_assets_tests.soak.alarms import read_looks, sensors_of
from email_assets_tests.soak.processes import Platform
from email_assets_tests.soak.users import assets_of, launch, switch_off
from email_assets_tests.soak.verdict import MAX_RUNTIME
from email_assets_tests.soak.world import Service

UNTIL_QUIET = 2 * MAX_RUNTIME + 120
MEASURE_EVERY = 10.0
LOOKS_AT_THE_END = 2


def settle(world: Service, platform: Platform, instance: dg.DagsterInstance) -> list[str]:
    """Faults and automation off, wait until nothing runs, and sync everything twice more."""
    world.calm()
    platform.wait_until_up()
    sensors = sensors_of(world.accounts)
    switch_off(platform, but=sensors)
    problems = []
    if not _until(lambda: not instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)), platform):
        problems.append(f"There were unfinished runs after {UNTIL_QUIET} s.")
    # the first may rightly warn of a column that the last changes brought
    problems += _sync_everything(world, platform, instance, tolerated=(SCHEMA_UNCHANGED,))
    problems += _sync_everything(world, platform, instance)
    return problems + _look_once_more(instance, platform, sensors)


def _sync_everything(
    world: Service,
    platform: Platform,
    instance: dg.DagsterInstance,
    tolerated: Collection[str] = (),
) -> list[str]:
    """Sync all assets, with no faults any more; a sentence for each thing that is not well.

    Args:
        world: The service.
        platform: The platform.
        instance: With the run.
        tolerated: Checks that need not pass.
    """
    problems = []
    run_id = launch(platform, *assets_of(world.accounts))
    if not _until(lambda: _ended(instance, run_id), platform):
        problems.append(f"The last run did not end within {UNTIL_QUIET} s.")
    run = instance.get_run_by_id(run_id)
    if run is None or not run.is_success:
        problems.append("A run with no faults any more failed.")
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
        assert entry.dagster_event
        check = entry.dagster_event.asset_check_evaluation_data
        if not check.passed and check.check_name not in tolerated:
            problems.append(
                f"With no faults any more, {check.check_name} of "
                f"{check.asset_key.to_user_string()} failed: {check.description}"
            )
    return problems


def _look_once_more(
    instance: dg.DagsterInstance, platform: Platform, sensors: Collection[str]
) -> list[str]:
    """Wait until each sensor of alerts has seen that all is well."""
    enough = {sensor: len(read_looks(instance, sensor)) + LOOKS_AT_THE_END for sensor in sensors}

    def late() -> list[str]:
        return [name for name in sensors if len(read_looks(instance, name)) < enough[name]]

    _until(lambda: not late(), platform)
    return [f"The sensor {name} did not look within {UNTIL_QUIET} s." for name in late()]


def _until(condition: Callable[[], object], platform: Platform) -> bool:
    deadline, told = time.monotonic() + UNTIL_QUIET, 0.0
    while not condition():
        if time.monotonic() > deadline:
            return False
        platform.keep_up()
        if time.monotonic() - told > MEASURE_EVERY:
            told = time.monotonic()
            platform.measure()
        time.sleep(1)
    return True


def _ended(instance: dg.DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is not None and run.is_finished
