"""All that the report is made of, read from the warehouse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from email_assets.account import Account
from email_assets.deliverability.breakdown import Breakdown, read_breakdown
from email_assets.deliverability.daily import SenderDay, read_daily
from email_assets.settings.deliverability import DeliverabilitySettings
from email_assets.vendors.resource import tells_of_complaints

WEEK = 7


@dataclass(frozen=True)
class Facts:
    """All that a report is made of."""

    rows: Sequence[SenderDay]
    """By day and sender, from `first_day` on."""
    breakdown: Breakdown
    """By recipient and reason, of the days that the report is about."""
    today: date
    settings: DeliverabilitySettings
    tells_of_complaints: bool = True
    """False where the API tells nobody of them: then none is no good news."""

    @property
    def days(self) -> list[date]:
        """The days that the report is about, of which today is the last."""
        count = self.settings.report_days
        return [self.today - timedelta(days=ago) for ago in reversed(range(count))]

    @property
    def of_days(self) -> list[SenderDay]:
        """The rows of those days."""
        return [row for row in self.rows if self.days[0] <= row.day <= self.today]

    def of_week(self, weeks_ago: int) -> list[SenderDay]:
        """The rows of seven whole days: those up to yesterday, or before."""
        last = self.today - timedelta(days=1 + WEEK * weeks_ago)
        return [row for row in self.rows if last - timedelta(days=WEEK) < row.day <= last]


def _first_day(today: date, settings: DeliverabilitySettings) -> date:
    """The first day whose rows a report needs: it compares two weeks, however short its period."""
    return today - timedelta(days=max(settings.report_days - 1, 2 * WEEK))


def read_facts(account: Account, today: date, *, who: str, say: Callable[[str], None]) -> Facts:
    """All that there is to report on a day.

    Args:
        account: Whose mail.
        today: The last day of the report, in UTC.
        who: The asset or command that asks, for sentences.
        say: Told who holds the DuckDB file, when there is somebody to wait for.

    Raises:
        DeliverabilityError: There is no table `deliverability_daily` yet.
        EmailAssetsError: The warehouse or a setting cannot be used.
    """
    settings = account.limits
    rows = read_daily(account, _first_day(today, settings), who=who, say=say)
    since = today - timedelta(days=settings.report_days - 1)
    breakdown = read_breakdown(account, since, today, who=who, say=say)
    mapping = account.deliverability
    told = mapping is not None and tells_of_complaints(mapping)
    return Facts(rows, breakdown, today, settings, told)
