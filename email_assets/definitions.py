"""Everything that Dagster loads: `-m email_assets.definitions`."""

import dagster as dg

from email_assets.account import Account, configured_account
from email_assets.defs.assets import DLT_RESOURCE, build_assets
from email_assets.defs.checks import build_checks, build_freshness_checks
from email_assets.defs.deliverability import (
    build_deliverability_assets,
    build_deliverability_checks,
)
from email_assets.defs.email_api import build_api_asset
from email_assets.defs.schedules import build_jobs, build_schedules
from email_assets.defs.sensors import build_sensors


def build_defs(account: Account) -> dg.Definitions:
    """All that Dagster needs for an account. Nothing is read, opened or asked for it."""
    freshness_checks = build_freshness_checks(account)
    return dg.Definitions(
        assets=[
            build_api_asset(account),
            *build_assets(account),
            *build_deliverability_assets(account),
        ],
        asset_checks=[
            *build_checks(account),
            *build_deliverability_checks(account),
            *freshness_checks,
        ],
        jobs=build_jobs(account),
        schedules=build_schedules(account),
        sensors=build_sensors(account, freshness_checks),
        resources=DLT_RESOURCE,
        # an API-bound job gains nothing from a process per step, and each costs seconds of imports
        executor=dg.in_process_executor,
    )


defs = build_defs(configured_account())
