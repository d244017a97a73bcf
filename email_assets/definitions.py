"""Everything that Dagster loads: `-m email_assets.definitions`."""

import dagster as dg

from email_assets.defs.assets import DLT_RESOURCE, build_assets
from email_assets.defs.checks import build_checks, build_freshness_checks
from email_assets.defs.deliverability import (
    build_deliverability_assets,
    build_deliverability_checks,
)
from email_assets.defs.email_api import build_api_asset
from email_assets.defs.schedules import build_jobs, build_schedules
from email_assets.defs.sensors import build_sensors

freshness_checks = build_freshness_checks()

defs = dg.Definitions(
    assets=[build_api_asset(), *build_assets(), *build_deliverability_assets()],
    asset_checks=[*build_checks(), *build_deliverability_checks(), *freshness_checks],
    jobs=build_jobs(),
    schedules=build_schedules(),
    sensors=build_sensors(freshness_checks),
    resources=DLT_RESOURCE,
    # an API-bound job gains nothing from a process per step, and each costs seconds of imports
    executor=dg.in_process_executor,
)
