"""All sensors: what starts runs that no schedule asked for, and what tells people."""

import warnings
from collections.abc import Sequence

import dagster as dg

from email_assets.account import Account
from email_assets.defs.alerts.sensor import build_alerts
from email_assets.defs.names import FRESHNESS_CHECKS
from email_assets.defs.new_records import build_new_records


def build_sensors(
    account: Account,
    freshness_checks: Sequence[dg.AssetChecksDefinition],
) -> list[dg.SensorDefinition]:
    """All sensors, switched off unless the settings say otherwise."""
    enabled = account.automation.enabled
    status = dg.DefaultSensorStatus.RUNNING if enabled else dg.DefaultSensorStatus.STOPPED
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*build_sensor_for_freshness_checks")
        freshness = dg.build_sensor_for_freshness_checks(
            freshness_checks=freshness_checks,
            name=account.named(FRESHNESS_CHECKS),
            default_status=status,
        )
    return [build_new_records(account, status), freshness, build_alerts(account, status)]
