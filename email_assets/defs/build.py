"""All that Dagster needs for an account, to stand alone or in the definitions of others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import dagster as dg

from email_assets.account import Account
from email_assets.account.every import account_or_problem
from email_assets.defs.assets import DLT_RESOURCE, build_assets
from email_assets.defs.broken import build_broken
from email_assets.defs.checks import build_checks
from email_assets.defs.conditions import build_condition_sensor, with_conditions
from email_assets.defs.deliverability import build_deliverability_assets
from email_assets.defs.deliverability_checks import build_deliverability_checks
from email_assets.defs.email_api import build_api_asset
from email_assets.defs.executors import configured_executor
from email_assets.defs.freshness_check import build_freshness_checks
from email_assets.defs.privacy import build_privacy_checks
from email_assets.defs.schedules import JOB_OF_KIND, build_jobs, build_schedules
from email_assets.defs.sensors import build_sensors
from email_assets.settings.common import refuse_misspelt_names
from email_assets.settings.resolve import SettingError
from email_assets.settings.sections import MODES

NAME = re.compile(r"[A-Za-z0-9_]+")
"""The names that Dagster takes for jobs, sensors and groups."""
WHERE = "Correct it where build_defs is called, or in the component's defs.yaml."


def build_all(accounts: Sequence[Account]) -> dg.Definitions:
    """The definitions of several accounts side by side, with the executor of the settings."""
    return dg.Definitions.merge(
        *(build_defs(account, with_executor=True, beside=accounts) for account in accounts)
    )


def build_defs(
    account: Account | str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    group: str | None = None,
    with_executor: bool = False,
    automation: str | None = None,
    beside: Sequence[Account] = (),
) -> dg.Definitions:
    """The assets, checks, jobs, schedules and sensors of an account. Nothing is read or asked.

    Args:
        account: An account, or its name in the settings; without one that of `[sources.email]`.
            Each run looks the settings of that name up anew.
        key_prefix: Stands before the keys of its assets and in the names of its jobs, schedules
            and sensors; without one the account's name, if it has any.
        group: The group of its assets in the catalog, where it is not to be that of the settings.
        with_executor: Whether runs take place as `[execution]` says; else as the host has them.
        automation: `schedules` or `conditions`, where it is not to be as the settings say.
        beside: The accounts whose definitions these are merged with, as far as they are known.

    Of a named account that cannot be used there is one asset, which says why: what else is in the
    code location goes on.

    Raises:
        SettingError: There is no such account, a setting that all share cannot be used, or one of
            `[sources.email]`, where that is the account; or Dagster has no such names.
    """
    if not isinstance(account, Account):
        refuse_misspelt_names()
        account = account_or_problem(account)
    if key_prefix is not None:
        prefix = (key_prefix,) if isinstance(key_prefix, str) else tuple(key_prefix)
        _refuse_other_than_names("key_prefix", *prefix)
        account = replace(account, key_prefix=prefix)
    if group is not None:
        _refuse_other_than_names("group", group)
        account = replace(account, group=group)
    if automation not in (None, *MODES):
        raise SettingError(f"automation can only be {' or '.join(MODES)}. {WHERE}")
    executor = configured_executor() if with_executor else None
    if not account.problem:
        try:
            return _build(account, automation or account.automation.mode, beside, executor)
        except SettingError as error:
            if account.name is None:
                raise
            account = replace(account, problem=error)
    return build_broken(account, executor)


def _refuse_other_than_names(what: str, *names: str) -> None:
    for name in names:
        if not NAME.fullmatch(name):
            raise SettingError(
                f"{what} {name!r} is no name of letters, digits and underscores. {WHERE}"
            )


def _build(
    account: Account,
    automation: str,
    beside: Sequence[Account],
    executor: dg.ExecutorDefinition | None,
) -> dg.Definitions:
    freshness_checks = build_freshness_checks(account)
    assets = [*build_assets(account), *build_deliverability_assets(account)]
    schedules, sensors = build_schedules(account), build_sensors(account, freshness_checks)
    if automation == "conditions":
        assets = with_conditions(account, assets)
        syncs = {account.named(job) for job in JOB_OF_KIND.values()}
        schedules = [one for one in schedules if one.name not in syncs]
        sensors.append(build_condition_sensor(account, assets))
    return dg.Definitions(
        assets=[build_api_asset(account), *assets],
        asset_checks=[
            *build_checks(account),
            *build_privacy_checks(account),
            *build_deliverability_checks(account),
            *freshness_checks,
        ],
        jobs=build_jobs(account, beside),
        schedules=schedules,
        sensors=sensors,
        resources=DLT_RESOURCE,
        executor=executor,
    )
