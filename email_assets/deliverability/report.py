"""A report on the delivery of mail: how much was sent, what came back, where, why, and what to do.

It is made of counts alone, and names no recipient.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from email_assets.deliverability.blocks import Block, Heading, Picture, Points, Table, Text
from email_assets.deliverability.charts import (
    Bar,
    Limit,
    counts_over_time,
    ranking,
    rates_over_time,
)
from email_assets.deliverability.daily import Outcome
from email_assets.deliverability.engagement import of_opens
from email_assets.deliverability.facts import Facts
from email_assets.deliverability.figures import by_sender, change, percent, total
from email_assets.deliverability.sections import of_domains, of_places, of_reasons, remedies

WORST = 10
"""Senders that the chart names."""
MOST_SENDERS = 25
"""Senders that the table below it names."""
MOST_UNSENT = 5
"""Of them, senders of which something came back and nothing was sent."""
OF_COMPLAINTS = ("Complaints", "Complaint rate")
"""Columns of tables that are left out where the API tells of no complaints."""
NONE = Outcome(0, 0, 0, 0, 0)
DAY_BY_DAY = Heading("Day by day")
"""Stands where what the report says in words ends, and its charts and tables begin."""


def report_of(facts: Facts) -> list[Block]:
    """The parts of the report, the answer in plain words first."""
    found, today = total(facts.of_days), facts.today
    days = f"in the {facts.settings.report_days} days up to {today} (UTC)"
    if not any((found.sent, found.bounced, found.complaints, found.other)):
        return [Text(f"Nothing was sent and nothing bounced {days}.")]
    blocks: list[Block] = [
        Text(_summary(found, days, facts.tells_of_complaints)),
        Heading("What to do"),
        Points(remedies(found, facts.of_days, facts.breakdown, facts.settings)),
        DAY_BY_DAY,
        *_day_by_day(facts),
        Heading("Senders"),
        *_senders(facts),
        *of_places(facts.breakdown),
        *of_opens(facts.breakdown.opens),
        Heading("Why it came back"),
        Picture(_by_kind(found, facts.tells_of_complaints), "What came back, by kind"),
        *of_reasons(facts.breakdown),
        *of_domains(facts.breakdown),
    ]
    if facts.tells_of_complaints:
        return blocks
    return [
        block.without(*OF_COMPLAINTS) if isinstance(block, Table) else block for block in blocks
    ]


def _summary(found: Outcome, days: str, tells_of_complaints: bool) -> str:
    told = f"{found.bounced:,} of {found.sent:,} messages bounced"
    if found.bounce_rate is not None:
        told = f"{percent(found.bounce_rate)} bounced: {found.bounced:,} of {found.sent:,} messages"
    complaints = (
        f"spam complaints: {found.complaints:,} ({percent(found.complaint_rate)})"
        if tells_of_complaints
        else "the API does not tell who called it spam"
    )
    return f"{told}, {days}. Hard bounces: {found.hard:,}, soft: {found.soft:,}; {complaints}."


def _day_by_day(facts: Facts) -> Iterator[Block]:
    settings, today = facts.settings, facts.today
    of_day = {day: total(row for row in facts.of_days if row.day == day) for day in facts.days}

    def bars(values: dict[date, float | None]) -> list[Bar]:
        return [
            Bar(f"{day:%b} {day.day}", value, so_far=day == today) for day, value in values.items()
        ]

    count = f"last {settings.report_days} days"
    sent = bars({day: found.sent or None for day, found in of_day.items()})
    yield Picture(counts_over_time(f"Messages sent, {count}", sent), "Messages sent on each day")
    bounced = bars({day: found.bounce_rate for day, found in of_day.items()})
    limit = Limit("max_bounce_rate", settings.max_bounce_rate)
    yield Picture(
        rates_over_time(f"Bounce rate, {count}", bounced, limit), "Bounce rate of each day"
    )
    if any(found.complaints for found in of_day.values()):
        complained = bars({day: found.complaint_rate for day, found in of_day.items()})
        limit = Limit("max_complaint_rate", settings.max_complaint_rate)
        yield Picture(
            rates_over_time(f"Complaint rate, {count}", complained, limit),
            "Complaint rate of each day",
        )
    yield Text(
        "A day's rate is what came back on that day, hard or soft, or as a complaint, in "
        "proportion to what was sent on it."
    )


def _senders(facts: Facts) -> Iterator[Block]:
    settings, senders = facts.settings, by_sender(facts.of_days)
    least = settings.min_messages
    enough = {sender: found for sender, found in senders.items() if found.sent >= least}
    ranked = sorted((enough or senders).items(), key=lambda pair: -(pair[1].bounce_rate or 0))
    bars = [
        Bar(
            sender,
            found.bounce_rate,
            f"{percent(found.bounce_rate)} ({found.bounced:,} of {found.sent:,})",
        )
        for sender, found in ranked[:WORST]
    ]
    at_least = f" with {least:,} messages or more" if enough else ""
    limit = Limit("max_bounce_rate", settings.max_bounce_rate)
    yield Picture(
        ranking(f"Worst senders{at_least}", bars, limit), "Bounce rate of the worst senders"
    )
    this, last = by_sender(facts.of_week(0)), by_sender(facts.of_week(1))
    of_size = sorted(senders, key=lambda name: (-senders[name].sent, -senders[name].bounced, name))
    unsent = [name for name in of_size if not senders[name].sent][:MOST_UNSENT]
    named = {*(sender for sender, _ in ranked[:WORST]), *unsent}
    named |= {*of_size[: MOST_SENDERS - len(named)]}
    yield Table(
        [
            *("Sender", "This week", "Last week", "Change", "Sent", "Bounced", "Bounce rate"),
            "Complaint rate",
        ],
        [
            _row(sender, senders[sender], this.get(sender, NONE), last.get(sender, NONE))
            for sender in of_size
            if sender in named
        ],
    )
    others = len(of_size) - len(named)
    more = f" Senders that are not named: {others:,}." if others else ""
    yield Text(
        "A week is seven whole days, this one up to yesterday. Sent, Bounced and the rates are of "
        f"the {settings.report_days} days.{more}"
    )


def _row(sender: str, found: Outcome, this: Outcome, last: Outcome) -> list[str]:
    return [
        sender,
        f"{this.sent:,}",
        f"{last.sent:,}",
        change(this.sent, last.sent),
        f"{found.sent:,}",
        f"{found.bounced:,}",
        percent(found.bounce_rate),
        percent(found.complaint_rate),
    ]


def _by_kind(found: Outcome, tells_of_complaints: bool) -> str:
    kinds = {
        "hard": found.hard,
        "soft": found.soft,
        "spam complaint": found.complaints,
        "other (delays, replies)": found.other,
    }
    if not tells_of_complaints:
        del kinds["spam complaint"]
    all_of_them = sum(kinds.values())
    bars = [
        Bar(kind, count, f"{count:,} ({percent(count / all_of_them if all_of_them else None)})")
        for kind, count in kinds.items()
    ]
    return ranking("What came back, by kind", bars)
