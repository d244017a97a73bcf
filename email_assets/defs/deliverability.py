"""The assets of deliverability, derived from messages and bounces."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import dagster as dg

from email_assets.account import Account
from email_assets.clock import now
from email_assets.defs import recording
from email_assets.defs.catalog import code_references, common
from email_assets.defs.deliverability_checks import bounce_figures
from email_assets.defs.freshness import window_of
from email_assets.defs.names import key_of, keys_of, op_of
from email_assets.deliverability.blocks import as_markdown
from email_assets.deliverability.daily import build_daily
from email_assets.deliverability.dictionary import MADE
from email_assets.deliverability.facts import read_facts
from email_assets.deliverability.figures import total
from email_assets.deliverability.report import report_of
from email_assets.deliverability.selection import derived_assets, resources_read
from email_assets.deliverability.tables import MappingError
from email_assets.errors import EmailAssetsError
from email_assets.sync.watched import Watched
from email_assets.vendors.resource import DAILY, REPORT

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
    meaning, columns = MADE[DAILY]
    schema = dg.TableSchema(
        [dg.TableColumn(name, type_, text) for name, (type_, text) in columns.items()]
    )
    spec = _spec(
        account,
        DAILY,
        resources_read(account),
        meaning,
        {"sql", warehouse.destination_name},
        **{
            "dagster/table_name": warehouse.table(DAILY),
            "dagster/column_schema": schema,
        },
    )

    @dg.multi_asset(name=op_of(account, DAILY), specs=[spec])
    def daily(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        started, watched = time.monotonic(), Watched(account.title_of(DAILY))
        watched.tell("counting …")
        try:
            rows, without_day = build_daily(account.as_set_now(), say=recording.info(context))
        except MappingError as error:
            if mapping and mapping.get("optional"):
                recording.warning(context)(f"{error} {DAILY} and {REPORT} are skipped.")
                watched.tell("skipped", state="done")
                return
            watched.tell("failed", state="failed")
            raise dg.Failure(str(error)) from None
        except EmailAssetsError as error:
            watched.tell("failed", state="failed")
            raise dg.Failure(str(error)) from None
        seconds = round(time.monotonic() - started, 3)
        watched.tell(f"{rows:,} rows in the table", state="done")
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
        "How much was sent in the last report_days, what came back, where and why, and what to do.",
        {"markdown"},
    )

    @dg.multi_asset(name=op_of(account, REPORT), specs=[spec])
    def report(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[Any]]:
        started, watched = time.monotonic(), Watched(account.title_of(REPORT))
        watched.tell("being written …")
        try:
            facts = read_facts(
                account.as_set_now(), clock().date(), who=REPORT, say=recording.info(context)
            )
        except EmailAssetsError as error:
            watched.tell("failed", state="failed")
            raise dg.Failure(str(error)) from None
        found = total(facts.of_days)
        watched.tell("written", state="done")
        yield recording.materialized(
            {
                "report": dg.MetadataValue.md(as_markdown(report_of(facts))),
                **bounce_figures(found),
                **({"complaints": found.complaints} if facts.tells_of_complaints else {}),
                "seconds": round(time.monotonic() - started, 3),
            }
        )

    return report
