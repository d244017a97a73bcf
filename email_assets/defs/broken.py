"""The asset that stands for an account whose settings cannot be used, and says why."""

from __future__ import annotations

import logging

import dagster as dg

from email_assets.account import Account
from email_assets.account.every import account_or_problem
from email_assets.defs.alerts.sensor import build_alerts
from email_assets.defs.freshness import cron_of
from email_assets.defs.names import SETTINGS, key_of, op_of
from email_assets.defs.schedules import JOB_OF_ALL, JOB_OF_KIND, build_schedule


def build_broken(account: Account, executor: dg.ExecutorDefinition | None) -> dg.Definitions:
    """The asset `settings`, which fails, with a schedule that runs it and the sensor of alerts.

    Jobs, schedule and sensor have the names that they have while the account can be used, so that
    what was switched on or off in the UI stays so.

    Args:
        account: One with a problem.
        executor: The one of the definitions.
    """
    automation = account.automation  # what all share may have a mistake too: it is told first
    logging.getLogger(__name__).warning(
        "The account %s is left out: %s", account.name, account.problem
    )
    key = key_of(account, SETTINGS)
    whole, every = account.named(JOB_OF_ALL), account.named(JOB_OF_KIND["event"])
    status = "RUNNING" if automation.enabled else "STOPPED"
    return dg.Definitions(
        assets=[_build_asset(account)],
        jobs=[dg.define_asset_job(job, dg.AssetSelection.assets(key)) for job in (whole, every)],
        schedules=[build_schedule(every, cron_of("event", automation), automation)],
        sensors=[build_alerts(account, dg.DefaultSensorStatus[status])],
        executor=executor,
    )


def _build_asset(account: Account) -> dg.AssetsDefinition:
    spec = dg.AssetSpec(
        key_of(account, SETTINGS),
        group_name=account.group,
        description=f"The assets of this account are missing while its settings have a mistake: "
        f"{account.problem} Then reload the code location.",
    )

    @dg.multi_asset(name=op_of(account, SETTINGS), specs=[spec])
    def settings() -> None:
        # as they are now: they may have another mistake, or none any more
        problem = account_or_problem(account.name).problem or account.problem
        raise dg.Failure(f"{problem} Then reload the code location.")

    return settings
