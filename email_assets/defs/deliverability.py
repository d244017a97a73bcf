"""The assets of deliverability, derived from messages and bounces, and the check of their rate."""

import time
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import dagster as dg

from email_assets.account import Account
from email_assets.clock import now
from email_assets.defs import recording
from email_assets.defs.catalog import code_references, common
from email_assets.defs.freshness import window_of
from email_assets.defs.names import key_of, keys_of, op_of
from email_assets.deliverability.daily import (
    COLUMNS,
    Outcome,
    SenderDay,
    build_daily,
    read_daily,
)
from email_assets.deliverability.report import (
    DAYS,
    by_sender,
    first_day,
    percent,
    render,
    total,
)
from email_assets.deliverability.selection import derived_assets, resources_read
from email_assets.deliverability.tables import MappingError
from email_assets.errors import EmailAssetsError
from email_assets.settings.sections import DeliverabilitySettings
from email_assets.vendors.resource import DAILY, REPORT

BOUNCE_RATE = "bounce_rate"

Clock = Callable[[], datetime]


def build_deliverability_assets(account: Account, clock: Clock = now) -> list[dg.AssetsDefinition]:
    """Both assets, or none where the vendor's file does not say of what fields to make them.

    Args:
        account: Whose mail.
        clock: The time now, in UTC; tests inject theirs.
    """
    return (
        [_build_daily_asset(account), _build_report_asset(account, clock)]
        if derived_assets(account, account.resources)
        else []
    )


def build_deliverability_checks(
    account: Account, clock: Clock = now
) -> list[dg.AssetChecksDefinition]:
    """`bounce_rate`, where there are the assets."""
    return [_build_check(account, clock)] if derived_assets(account, account.resources) else []


def _spec(
    account: Account, name: str, deps: list[str], description: str, kinds: set[str], **metadata: Any
) -> dg.AssetSpec:
    kind = account.resources["messages"]["kind"]
    window = window_of(kind, account.automation)
    return dg.AssetSpec(
        key=key_of(account, name),
        deps=keys_of(account, deps),
        description=description,
        **common(account),
        kinds=kinds,
        metadata={
            "dagster/code_references": code_references(
                account, "deliverability", r"""["']deliverability["']\s*:""", "deliverability"
            ),
            **metadata,
        },
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=window),
        skippable=True,  # an API's rows may lack the fields
    )


def _build_daily_asset(account: Account) -> dg.AssetsDefinition:
    warehouse, mapping = account.warehouse, account.deliverability
    schema = dg.TableSchema(
        [dg.TableColumn(name, type_, description) for name, (type_, description) in COLUMNS.items()]
    )
    spec = _spec(
        account,
        DAILY,
        resources_read(account),
        "What each sender sent on each day, and what of it bounced.",
        {"sql", warehouse.destination_name},
        **{
            "dagster/table_name": warehouse.table(DAILY),
            "dagster/column_schema": schema,
        },
    )

    @dg.multi_asset(name=op_of(account, DAILY), specs=[spec])
    def daily(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        started = time.monotonic()
        try:
            rows, without_day = build_daily(account.as_set_now(), say=recording.info(context))
        except MappingError as error:
            if mapping and mapping.get("optional"):
                recording.warning(context)(f"{error} {DAILY} and {REPORT} are skipped.")
                return
            raise dg.Failure(str(error)) from None
        except EmailAssetsError as error:
            raise dg.Failure(str(error)) from None
        seconds = round(time.monotonic() - started, 3)
        recording.info(context)(f"{DAILY}: {rows} rows in the table; seconds: {seconds:.1f}")
        if without_day:
            recording.warning(context)(
                f"{DAILY}: {without_day} messages and bounces tell no time and are not counted. "
                "Look at schema_unchanged of messages and bounces."
            )
        yield recording.materialized(
            {
                "dagster/row_count": rows,
                "rows_without_day": without_day,
                "seconds": seconds,
            }
        )

    return daily


def _build_report_asset(account: Account, clock: Clock) -> dg.AssetsDefinition:
    spec = _spec(
        account,
        REPORT,
        [DAILY],
        f"The bounce rate of the last {DAYS} days, the worst senders, and bounces by type.",
        {"markdown"},
    )

    @dg.multi_asset(name=op_of(account, REPORT), specs=[spec])
    def report(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        started, today = time.monotonic(), clock().date()
        try:
            now_set = account.as_set_now()
            rows = read_daily(now_set, first_day(today), who=REPORT, say=recording.info(context))
            settings = now_set.limits
        except EmailAssetsError as error:
            raise dg.Failure(str(error)) from None
        rows = [row for row in rows if row.day <= today]
        found = total(rows)
        text = render(rows, today, settings.max_bounce_rate, settings.min_messages)
        yield recording.materialized(
            {
                "report": dg.MetadataValue.md(text),
                **_figures(found, ""),
                "complaints": found.complaints,
                "seconds": round(time.monotonic() - started, 3),
            }
        )

    return report


def _build_check(account: Account, clock: Clock) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        name=BOUNCE_RATE,
        asset=key_of(account, DAILY),
        description="The bounce rates of the last whole day and of today so far are within "
        "max_bounce_rate. A day of fewer messages than min_messages is not judged.",
    )
    def bounce_rate(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        today = clock().date()
        try:
            now_set = account.as_set_now()
            settings = now_set.limits
            yesterday = today - timedelta(days=1)
            rows = read_daily(now_set, yesterday, who=DAILY, say=recording.info(context))
        except EmailAssetsError as error:
            return _result(str(error), passed=False)
        return _judge(rows, today, settings)

    return bounce_rate


def _judge(
    rows: list[SenderDay], today: date, settings: DeliverabilitySettings
) -> dg.AssetCheckResult:
    limit, least = settings.max_bounce_rate, settings.min_messages
    yesterday = today - timedelta(days=1)
    of_day = {day: [row for row in rows if row.day == day] for day in (yesterday, today)}
    figures: dict[str, Any] = {"max_bounce_rate": limit, "min_messages": least}
    figures["day"] = str(yesterday)
    figures |= _figures(total(of_day[yesterday]), "")
    figures |= _figures(total(of_day[today]), "today_")
    for day, so_far in ((yesterday, ""), (today, " so far")):
        found = total(of_day[day])
        if found.sent < least or (found.bounce_rate or 0) <= limit:
            continue
        # the one that bounced most, since a sender of few messages easily has the highest rate
        sender, worst = max(by_sender(of_day[day]).items(), key=lambda pair: pair[1].bounced)
        return _result(
            f"{DAILY}: the bounce rate of {day}{so_far} (UTC) is {percent(found.bounce_rate)}, "
            f"{found.bounced} bounces for {found.sent} messages; max_bounce_rate is "
            f"{percent(limit)}. "
            f"{sender} had most bounces, {worst.bounced} of {worst.sent}. Providers suspend "
            "accounts for that: stop writing to addresses that bounced hard, which are in bounces, "
            "and look at where that sender's addresses come from.",
            figures | {"worst_sender": sender},
            passed=False,
        )
    return _result(_too_few(figures), figures, passed=True)


def _too_few(figures: dict[str, Any]) -> str | None:
    """The reason why the last whole day was not judged, or None if it was."""
    if not figures["sent"]:
        return f"{DAILY}: nothing was sent on {figures['day']} (UTC)."
    if figures["sent"] < figures["min_messages"]:
        return (
            f"{DAILY}: messages sent on {figures['day']} (UTC): {figures['sent']}. Their bounce "
            f"rate is not judged, since min_messages is {figures['min_messages']}."
        )
    return None


def _figures(found: Outcome, prefix: str) -> dict[str, Any]:
    counts: dict[str, Any] = {f"{prefix}sent": found.sent, f"{prefix}bounced": found.bounced}
    if found.bounce_rate is not None:
        counts[f"{prefix}bounce_rate"] = round(found.bounce_rate, 6)
    return counts


def _result(
    sentence: str | None, metadata: dict[str, Any] | None = None, *, passed: bool
) -> dg.AssetCheckResult:
    return recording.judged(
        BOUNCE_RATE, sentence, metadata, passed=passed, severity=dg.AssetCheckSeverity.WARN
    )
