"""Automation conditions instead of schedules: Dagster decides asset by asset what to run."""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

from email_assets.account import Account
from email_assets.defs.freshness import cron_of
from email_assets.defs.names import CONDITIONS, key_of
from email_assets.settings.resolve import SettingError
from email_assets.vendors.resource import EMAIL_API


def with_conditions(
    account: Account, assets: Iterable[dg.AssetsDefinition]
) -> list[dg.AssetsDefinition]:
    """The assets, each with the condition on which Dagster is to run it.

    Resources are run by the cron expression of their kind, and what is made of them when they
    have changed.

    Raises:
        SettingError: A resource has partitions, of which a condition would run the newest alone.
    """
    kinds = {key_of(account, name): found["kind"] for name, found in account.resources.items()}
    automation = account.automation
    api = dg.AssetSelection.assets(key_of(account, EMAIL_API))

    def with_condition(spec: dg.AssetSpec) -> dg.AssetSpec:
        if spec.partitions_def:
            raise SettingError(
                f"[{account.section_of(spec.key.path[-1])}] partition: conditions would sync the "
                "newest partition alone, and miss what changes late. Take out partition, or set "
                "[automation] mode to schedules."
            )
        condition = dg.AutomationCondition.eager()
        if kind := kinds.get(spec.key):
            cron = dg.AutomationCondition.on_cron(cron_of(kind, automation), automation.timezone)
            condition = cron.ignore(api)  # nobody need have looked at the API before
        return spec.replace_attributes(automation_condition=condition)

    return [found.map_asset_specs(with_condition) for found in assets]


def build_condition_sensor(
    account: Account, assets: Iterable[dg.AssetsDefinition]
) -> dg.SensorDefinition:
    """The sensor that looks at the conditions, switched off unless the settings say otherwise."""
    keys = [key for found in assets for key in found.keys]
    enabled = account.automation.enabled
    return dg.AutomationConditionSensorDefinition(
        name=account.named(CONDITIONS),
        target=dg.AssetSelection.assets(*keys),
        minimum_interval_seconds=60,
        default_status=(
            dg.DefaultSensorStatus.RUNNING if enabled else dg.DefaultSensorStatus.STOPPED
        ),
        description="Runs the assets whose automation condition is met.",
    )
