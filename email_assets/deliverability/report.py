"""A report on the delivery of mail in the last thirty days, in Markdown with charts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from email_assets.deliverability.charts import Bar, as_image, ranking, rates_over_time
from email_assets.deliverability.daily import Outcome, SenderDay
from email_assets.deliverability.figures import by_sender, percent, total

DAYS = 30
WORST = 10
"""Senders that the report names."""


def first_day(today: date) -> date:
    """The first of the days that a report is about; today is the last."""
    return today - timedelta(days=DAYS - 1)


def render(rows: Sequence[SenderDay], today: date, limit: float, min_messages: int) -> str:
    """The report.

    Args:
        rows: Those of the days that it is about.
        today: The last day, in UTC.
        limit: The share of messages that may bounce.
        min_messages: The number of messages from which on a sender's rate is compared with others'.
    """
    found = total(rows)
    if not any((found.sent, found.bounced, found.complaints, found.other)):
        return f"Nothing was sent and nothing bounced in the {DAYS} days up to {today} (UTC)."
    parts = [
        _summary(found, today),
        as_image(_over_time(rows, today, limit), f"Bounce rate of each of {DAYS} days"),
        as_image(_worst_senders(rows, limit, min_messages), "Bounce rate of the worst senders"),
        as_image(_by_type(found), "Bounces by type"),
        "A day's bounce rate is what bounced on that day, hard or soft, in proportion to what was "
        "sent on it.",
    ]
    return "\n\n".join(parts)


def _summary(found: Outcome, today: date) -> str:
    told = f"{found.bounced:,} of {found.sent:,} messages bounced"
    if found.bounce_rate is not None:
        told = f"{percent(found.bounce_rate)} bounced: {found.bounced:,} of {found.sent:,} messages"
    return (
        f"{told}, in the {DAYS} days up to {today} (UTC). Hard bounces: {found.hard:,}, "
        f"soft: {found.soft:,}; spam complaints: {found.complaints:,}."
    )


def _over_time(rows: Sequence[SenderDay], today: date, limit: float) -> str:
    days = [first_day(today) + timedelta(days=number) for number in range(DAYS)]
    rates = {day: total(row for row in rows if row.day == day).bounce_rate for day in days}
    bars = [
        Bar(f"{day:%b} {day.day}", rate, "" if rate is None else f"{rate * 100:.1f}")
        for day, rate in rates.items()
    ]
    return rates_over_time(f"Bounce rate, last {DAYS} days", bars, limit)


def _worst_senders(rows: Sequence[SenderDay], limit: float, min_messages: int) -> str:
    senders = by_sender(rows)
    enough = {sender: found for sender, found in senders.items() if found.sent >= min_messages}
    ranked = sorted((enough or senders).items(), key=lambda pair: -(pair[1].bounce_rate or 0))
    bars = [
        Bar(
            sender,
            found.bounce_rate,
            f"{percent(found.bounce_rate)} ({found.bounced:,} of {found.sent:,})",
        )
        for sender, found in ranked[:WORST]
    ]
    at_least = f" with {min_messages} messages or more" if enough else ""
    return ranking(f"Worst senders{at_least}", bars, limit)


def _by_type(found: Outcome) -> str:
    kinds = {
        "hard": found.hard,
        "soft": found.soft,
        "spam complaint": found.complaints,
        "other (delays, replies)": found.other,
    }
    all_of_them = sum(kinds.values())
    bars = [
        Bar(kind, count, f"{count:,} ({percent(count / all_of_them if all_of_them else None)})")
        for kind, count in kinds.items()
    ]
    return ranking("Bounces by type", bars)
