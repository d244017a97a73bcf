"""Jobs, and the cron schedules that run them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import dagster as dg

from email_assets.account import Account
from email_assets.defs.freshness import cron_of
from email_assets.defs.names import keys_of
from email_assets.defs.retention import CRON, JOB_OF_RETENTION, build_retention_job
from email_assets.defs.runs import LOCATION, unfinished
from email_assets.defs.weekly_report import (
    JOB_OF_REPORT,
    WEEKLY,
    build_report_job,
    has_report,
)
from email_assets.deliverability.selection import with_derived_assets
from email_assets.sentences import in_one_sentence
from email_assets.settings.sections import AutomationSettings
from email_assets.vendors import Kind

JOB_OF_KIND: dict[Kind, str] = {"event": "email_events", "inventory": "email_inventory"}
JOB_OF_ALL = "email_all"
PATIENCE = timedelta(days=1)
"""The longest that a schedule waits for a run. An older one was killed, and nothing has said so."""


def names_of(account: Account, kind: Kind) -> list[str]:
    """The resources of a kind."""
    return [name for name, found in account.resources.items() if found["kind"] == kind]


def build_jobs(
    account: Account, beside: Sequence[Account] = ()
) -> list[dg.UnresolvedAssetJobDefinition | dg.JobDefinition]:
    """A job for each kind of resource, one for everything, one that sends the report of mail.

    The last one deletes old runs.

    Args:
        account: Whose assets they sync.
        beside: The accounts that stand in the same definitions.
    """
    jobs = [
        dg.define_asset_job(
            account.named(job),
            selection=_selection(account, names),
            description=f"Syncs {', '.join(map(account.title_of, names))}.",
        )
        for kind, job in JOB_OF_KIND.items()
        if (names := names_of(account, kind))
    ]
    whose = f" of {account.name}" if account.name else ""
    everything = dg.define_asset_job(
        account.named(JOB_OF_ALL),
        selection=_selection(account, account.resources),
        description=f"Syncs everything{whose}.",
    )
    report = [build_report_job(account)] if has_report(account) else []
    names = [job.name for job in (*jobs, everything)] + [job.name for job in report]
    return [*jobs, everything, *report, build_retention_job(account, beside, names)]


def _selection(account: Account, names: Iterable[str]) -> dg.AssetSelection:
    return dg.AssetSelection.assets(*keys_of(account, with_derived_assets(account, names)))


def build_schedules(account: Account) -> list[dg.ScheduleDefinition]:
    """A schedule for the job of each kind, a daily one that deletes old runs, and a weekly report.

    They are switched off unless the settings say otherwise. That of the report is until somebody
    switches it on: nobody is to get mail unasked.
    """
    automation = account.automation
    crons = {
        account.named(job): cron_of(kind, automation)
        for kind, job in JOB_OF_KIND.items()
        if names_of(account, kind)
    }
    crons[account.named(JOB_OF_RETENTION)] = CRON
    schedules = [build_schedule(job, cron, automation) for job, cron in crons.items()]
    if has_report(account):
        report = account.named(JOB_OF_REPORT)
        schedules.append(build_schedule(report, WEEKLY, automation, unasked=False))
    return schedules


def build_schedule(
    job: str, cron: str, automation: AutomationSettings, *, unasked: bool = True
) -> dg.ScheduleDefinition:
    """A schedule of a job, which skips a tick while an earlier run is under way.

    Args:
        job: The job's name.
        cron: When it is to run.
        automation: The time zone of the cron expression, and whether schedules start switched on.
        unasked: Whether it may start switched on, if the settings say so.
    """

    @in_one_sentence(job)
    def request_run(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        # runs that take longer than the time between two ticks would pile up
        places = _locations_of(context.instance, job) or [LOCATION]
        if any(unfinished(context.instance, PATIENCE, place, job_name=job) for place in places):
            return dg.SkipReason(
                f"An earlier run of the job {job} has not finished yet. The next tick looks again."
            )
        return dg.RunRequest()

    return dg.ScheduleDefinition(
        name=job,
        job_name=job,
        cron_schedule=cron,
        execution_timezone=automation.timezone,
        execution_fn=request_run,
        default_status=(
            dg.DefaultScheduleStatus.RUNNING
            if automation.enabled and unasked
            else dg.DefaultScheduleStatus.STOPPED
        ),
        description=f"Runs the job {job}, unless an earlier run of it is under way.",
    )


def _locations_of(instance: dg.DagsterInstance, schedule: str) -> set[str]:
    """The code locations that have a schedule of this name; a tick is not told its own."""
    return {
        state.origin.repository_origin.code_location_origin.location_name
        for state in instance.all_instigator_state()
        if state.name == schedule
    }
