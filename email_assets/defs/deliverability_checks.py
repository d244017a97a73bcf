"""The checks of deliverability: how much of the mail bounced, and how much was called spam."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

import dagster as dg

from email_assets.account import Account
from email_assets.clock import now
from email_assets.defs import recording
from email_assets.defs.names import key_of
from email_assets.deliverability.daily import Outcome, SenderDay, read_daily
from email_assets.deliverability.figures import by_sender, percents_apart, total
from email_assets.deliverability.joins import UNKNOWN_SENDER
from email_assets.deliverability.selection import derived_assets
from email_assets.errors import EmailAssetsError
from email_assets.settings.deliverability import DeliverabilitySettings
from email_assets.vendors.resource import DAILY, tells_of_complaints

BOUNCE_RATE = "bounce_rate"
COMPLAINT_RATE = "complaint_rate"
WEEK = 7
"""Days that the complaint rate is of, today included: on one day, one complaint is a high rate."""

Clock = Callable[[], datetime]
Judge = Callable[[list[SenderDay], date, DeliverabilitySettings], dg.AssetCheckResult]


def build_deliverability_checks(
    account: Account, clock: Clock = now
) -> list[dg.AssetChecksDefinition]:
    """`bounce_rate` and `complaint_rate`, where there is what they are of."""
    mapping = account.deliverability
    if mapping is None or not derived_assets(account, account.resources):
        return []
    of_bounces = _build_check(
        *(account, clock, BOUNCE_RATE, 2, judge_bounces),
        "The bounce rates of the last whole day and of today so far are within "
        "max_bounce_rate. A day of fewer messages than min_messages is not judged.",
    )
    if not tells_of_complaints(mapping):  # a check of none would always pass
        return [of_bounces]
    of_complaints = _build_check(
        *(account, clock, COMPLAINT_RATE, WEEK, judge_complaints),
        f"The share of the last {WEEK} days' messages that was called spam is within "
        "max_complaint_rate, and below a third of it. Fewer messages than min_messages are "
        "not judged.",
    )
    return [of_bounces, of_complaints]


def _build_check(
    account: Account, clock: Clock, name: str, days: int, judge: Judge, description: str
) -> dg.AssetChecksDefinition:
    """A check that judges the rows of the last days, of which today is one."""

    @dg.asset_check(name=name, asset=key_of(account, DAILY), description=description)
    def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        today = clock().date()
        try:
            now_set = account.as_set_now()
            settings = now_set.limits
            since = today - timedelta(days=days - 1)
            rows = read_daily(now_set, since, who=DAILY, say=recording.info(context))
        except EmailAssetsError as error:
            return _warning(name, str(error), {})
        return judge([row for row in rows if row.day <= today], today, settings)

    return check


def judge_bounces(
    rows: list[SenderDay], today: date, settings: DeliverabilitySettings
) -> dg.AssetCheckResult:
    """The last whole day and today so far, each by its bounce rate."""
    limit, least = settings.max_bounce_rate, settings.min_messages
    yesterday = today - timedelta(days=1)
    of_day = {day: [row for row in rows if row.day == day] for day in (yesterday, today)}
    figures: dict[str, Any] = {"max_bounce_rate": limit, "min_messages": least}
    figures["day"] = str(yesterday)
    figures |= bounce_figures(total(of_day[yesterday]))
    figures |= bounce_figures(total(of_day[today]), "today_")
    for day, so_far in ((yesterday, ""), (today, " so far")):
        found = total(of_day[day])
        if found.sent < least or (found.bounce_rate or 0) <= limit:
            continue
        sender, worst = _with_most(of_day[day], lambda outcome: outcome.bounced)
        told, of_limit = percents_apart(found.bounce_rate or 0, limit)
        is_known = sender != UNKNOWN_SENDER
        known = f"{sender} had most bounces, {worst.bounced} of {worst.sent}"
        whose = known if is_known else "Of most bounces no sender is known"
        return _warning(
            BOUNCE_RATE,
            f"{DAILY}: the bounce rate of {day}{so_far} (UTC) is {told}, "
            f"{found.bounced} bounces for {found.sent} messages; max_bounce_rate is {of_limit}. "
            f"{whose}. Providers suspend accounts for that: stop writing to addresses that bounced "
            "hard, which are in bounces, and look at where "
            f"{'that sender' if is_known else 'the account'}'s addresses come from.",
            figures | {"worst_sender": sender},
        )
    whole_day = total(of_day[yesterday])
    sentence = _too_few(whole_day, f"on {yesterday}", "bounce", least)
    return recording.judged(
        BOUNCE_RATE, sentence, figures, passed=True, severity=dg.AssetCheckSeverity.WARN
    )


def judge_complaints(
    rows: list[SenderDay], today: date, settings: DeliverabilitySettings
) -> dg.AssetCheckResult:
    """The days of the rows by their complaint rate: above the limit it fails, near it it warns."""
    limit, least, found = settings.max_complaint_rate, settings.min_messages, total(rows)
    days = f"in the {WEEK} days up to {today}"
    figures: dict[str, Any] = {
        "max_complaint_rate": limit,
        "min_messages": least,
        "sent": found.sent,
        "complaints": found.complaints,
    }
    if found.complaint_rate is not None:
        figures["complaint_rate"] = round(found.complaint_rate, 6)
    rate = found.complaint_rate or 0
    if found.sent < least or rate <= settings.warned_complaint_rate:
        sentence = _too_few(found, days, "complaint", least)
        return recording.judged(COMPLAINT_RATE, sentence, figures, passed=True)
    sender, worst = _with_most(rows, lambda outcome: outcome.complaints)
    fails = rate > limit
    of_rate, of_limit = percents_apart(rate, limit)
    told = f"max_complaint_rate is {of_limit}"
    if not fails:
        told += ", and a third of it is warned of"
    whose = f"{sender} had most complaints, {worst.complaints} of {worst.sent}"
    if sender == UNKNOWN_SENDER:
        whose = "Of most complaints the API tells no sender"
    return recording.judged(
        COMPLAINT_RATE,
        f"{DAILY}: the complaint rate {days} (UTC) is {of_rate}, {found.complaints} "
        f"complaints for {found.sent} messages; {told}. {whose}. Mailbox providers put "
        "such mail into spam or refuse it: write only to those who asked for it, let them "
        "unsubscribe in one click, and pause "
        f"what {'that sender sends' if sender != UNKNOWN_SENDER else 'you send'} to many until "
        "you know why.",
        figures | {"worst_sender": sender},
        passed=False,
        severity=dg.AssetCheckSeverity.ERROR if fails else dg.AssetCheckSeverity.WARN,
    )


def bounce_figures(found: Outcome, prefix: str = "") -> dict[str, Any]:
    """The messages sent and those that bounced, as metadata."""
    counts: dict[str, Any] = {f"{prefix}sent": found.sent, f"{prefix}bounced": found.bounced}
    if found.bounce_rate is not None:
        counts[f"{prefix}bounce_rate"] = round(found.bounce_rate, 6)
    return counts


def _with_most(rows: Iterable[SenderDay], count: Callable[[Outcome], int]) -> tuple[str, Outcome]:
    """The sender with most of something: one of few messages easily has the highest rate."""
    return max(by_sender(rows).items(), key=lambda pair: count(pair[1]))


def _too_few(found: Outcome, when: str, what: str, least: int) -> str | None:
    """The reason why messages were not judged, or None if they were."""
    if not found.sent:
        return f"{DAILY}: nothing was sent {when} (UTC)."
    if found.sent < least:
        return (
            f"{DAILY}: messages sent {when} (UTC): {found.sent}. Their {what} rate is not judged, "
            f"since min_messages is {least}."
        )
    return None


def _warning(check: str, sentence: str, figures: dict[str, Any]) -> dg.AssetCheckResult:
    return recording.judged(
        check, sentence, figures, passed=False, severity=dg.AssetCheckSeverity.WARN
    )
