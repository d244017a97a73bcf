"""The age an asset may reach: the longest wait that its schedule makes, and some slack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from itertools import islice, pairwise, takewhile

import dagster as dg
from croniter import croniter
from dagster._utils.schedules import is_valid_cron_string

from email_assets.settings.sections import AutomationSettings
from email_assets.vendors import Kind

LEAST_SLACK = timedelta(hours=1)
"""Time for a run to start and finish; it also covers the hour that clocks are put back."""
SLACK_SHARE = 10
"""A tenth of the wait is slack too, so that a weekly sync has more of it than an hourly one."""

MIDNIGHT = datetime(2024, 1, 1)
A_DAY = timedelta(days=1)
DAYS_LOOKED_AT = 400
"""Days with a run: more than a year of an expression that runs daily in some months only."""


def cron_of(kind: Kind, automation: AutomationSettings) -> str:
    """The cron expression by which resources of a kind are synced.

    Raises:
        SettingError: It is none for Dagster, whose croniter is an older one: `0 0 15W * *`.
    """
    name = "event_cron" if kind == "event" else "inventory_cron"
    cron: str = getattr(automation, name)
    if not is_valid_cron_string(cron):
        raise automation.no_cron(name)
    return cron


def window_of(kind: Kind, automation: AutomationSettings) -> timedelta:
    """The age beyond which an asset of a kind is stale."""
    wait = longest_wait(cron_of(kind, automation))
    return wait + max(LEAST_SLACK, wait / SLACK_SHARE)


def windows_in(
    assets: Mapping[dg.AssetKey, dg.AssetsDefinition],
) -> Iterator[tuple[str, float]]:
    """The window that each asset's policy gives it, in seconds; those without one are left out."""
    for key, definition in assets.items():
        # only a policy by time has a window
        window = getattr(definition.specs_by_key[key].freshness_policy, "fail_window", None)
        if window is not None:
            yield key.to_user_string(), window.to_timedelta().total_seconds()


@cache
def longest_wait(cron: str) -> timedelta:
    """The longest time between two runs of a cron expression, by the wall clock.

    An expression runs at all its times of day on all its days, so the two are looked at apart: a
    long wait between days is found without counting the minutes of every day before it.
    """
    minute, hour, *days = cron.split()
    times = list(takewhile(lambda at: at < MIDNIGHT + A_DAY, _ticks(f"{minute} {hour} * * *")))
    waits = [later - earlier for earlier, later in pairwise(times)]
    overnight = times[0] + A_DAY - times[-1]
    if days == ["*", "*", "*"]:
        between_days = A_DAY  # as most are; looking at each day would take longer than all else
    else:
        active_days = islice(_ticks(f"0 0 {' '.join(days)}"), DAYS_LOOKED_AT)
        between_days = max(later - earlier for earlier, later in pairwise(active_days))
    return max([*waits, overnight + between_days - A_DAY])


def _ticks(cron: str) -> Iterator[datetime]:
    ticks: Iterator[datetime] = croniter(cron, MIDNIGHT - timedelta(minutes=1)).all_next(datetime)
    return ticks
