"""How old an asset may be: the longest wait that its schedule makes, and some slack."""

from __future__ import annotations

from datetime import datetime, timedelta

from croniter import croniter

from email_assets.settings import AutomationSettings
from email_assets.vendors import Kind

LEAST_SLACK = timedelta(hours=1)
"""Time for a run to start and finish; it also covers the hour that clocks are put back."""
SLACK_SHARE = 10
"""A tenth of the wait is slack too, so that a weekly sync has more of it than an hourly one."""


def cron_of(kind: Kind, automation: AutomationSettings) -> str:
    """The cron expression by which resources of a kind are synced."""
    return automation.event_cron if kind == "event" else automation.inventory_cron


def window_of(kind: Kind, automation: AutomationSettings) -> timedelta:
    """The age beyond which an asset of a kind is stale."""
    wait = longest_wait(cron_of(kind, automation))
    return wait + max(LEAST_SLACK, wait / SLACK_SHARE)


def longest_wait(cron: str) -> timedelta:
    """The longest time between two runs of a cron expression.

    It is looked for in a week and in sixty runs, whichever takes longer: no expression of days,
    weekdays, hours and minutes hides a longer one from that.
    """
    start = datetime(2024, 1, 1)
    ticks = croniter(cron, start)
    previous, longest, runs = ticks.get_next(datetime), timedelta(), 0
    while runs < 60 or previous - start < timedelta(days=8):
        tick = ticks.get_next(datetime)
        longest, previous, runs = max(longest, tick - previous), tick, runs + 1
    return longest
