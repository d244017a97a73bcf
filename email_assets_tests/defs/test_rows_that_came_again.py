"""Rows that were deleted by hand and came again, of an API that gives what is recent alone."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from email_assets.account.every import configured_accounts
from email_assets.defs.build import build_all
from email_assets_tests.dagster_fixtures import instance
from email_assets_tests.queries import change
from email_assets_tests.vendors.events_fixtures import BOTH_ENDS, Describe, api, days_ago, describe
from email_assets_tests.vendors.events_server import EventsServer
from email_assets_tests.vendors.vendor_fixtures import use_vendor

__all__ = ["api", "describe", "instance", "use_vendor"]

EVENTS = dg.AssetKey("events")


def complete(instance: dg.DagsterInstance, *, full_refresh: bool = False) -> bool:
    """Sync the events, and give whether `complete` passes in the same run."""
    config = {"ops": {"events": {"config": {"full_refresh": full_refresh}}}}
    job = build_all(configured_accounts()).resolve_job_def("__ASSET_JOB")
    result = job.execute_in_process(config, instance=instance, asset_selection=[EVENTS])
    checks = result.get_asset_check_evaluations()
    return next(found.passed for found in checks if found.check_name == "complete")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "full_refresh"), [("email.events", False), ("email.events LIMIT 1", True)]
)
def test_all_that_was_deleted_and_came_again_is_well(
    api: EventsServer,
    describe: Describe,
    instance: dg.DagsterInstance,
    warehouse: Path,
    rows: str,
    full_refresh: bool,
) -> None:
    describe(f'{BOTH_ENDS}, "initial_value": timedelta(days=10)')
    for days in (1, 5, 9):
        api.add(days_ago(days))
    complete(instance)
    change(warehouse, f"DELETE FROM email.events WHERE id IN (SELECT id FROM {rows})")

    assert complete(instance, full_refresh=full_refresh)
