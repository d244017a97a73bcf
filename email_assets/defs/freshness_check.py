"""Asset checks that syncs come as often as the schedule makes them; backfills are none."""

from datetime import datetime, timedelta, timezone
from typing import Any

import dagster as dg

from email_assets.account import Account
from email_assets.clock import now
from email_assets.defs import recording
from email_assets.defs.freshness import window_of
from email_assets.defs.last_sync import last_sync
from email_assets.defs.names import key_of, op_of
from email_assets.vendors import VendorResource

FRESHNESS_CHECK = "freshness_check"
PARAMETERS = "dagster/freshness_params"
"""The metadata by which Dagster's sensor of such checks knows one."""
FRESH_UNTIL = "dagster/fresh_until_timestamp"
"""The metadata of a check that has passed, from which on the sensor asks for it again."""


def build_freshness_checks(account: Account) -> list[dg.AssetChecksDefinition]:
    """`freshness_check` for every resource: was it synced within its window?

    FreshnessPolicy shows a badge, and takes a backfill for a sync; this check has a history.
    """
    return [_build_check(account, resource) for resource in account.resources.values()]


def _build_check(account: Account, resource: VendorResource) -> dg.AssetChecksDefinition:
    name = str(resource["name"])
    asset, window = key_of(account, name), window_of(resource["kind"], account.automation)
    parameters = {"timezone": "UTC", "lower_bound_delta_seconds": window.total_seconds()}
    spec = dg.AssetCheckSpec(
        FRESHNESS_CHECK,
        asset=asset,
        description="The last sync is no longer ago than the longest wait of its schedule, and "
        "some slack. Backfills are no syncs.",
        metadata={PARAMETERS: dg.MetadataValue.json(parameters)},
    )

    # one for each asset: a check of several waits for, and fails with, every one of them
    @dg.multi_asset_check(name=f"{op_of(account, name)}_freshness", specs=[spec], can_subset=True)
    def check(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        latest = context.instance.fetch_materializations(asset, limit=1).records
        last = last_sync(context.instance, latest[0] if latest else None)
        at = datetime.fromtimestamp(last.timestamp, timezone.utc) if last else None
        never = "never synced, by more than a backfill." if latest else "never synced."
        return _judge(name, at, window, never)

    return check


def _judge(name: str, last: datetime | None, window: timedelta, never: str) -> dg.AssetCheckResult:
    metadata: dict[str, Any] = {}
    told = f"{name}: {never}"
    passed = last is not None and now() - last <= window
    if last:
        metadata["dagster/last_updated_timestamp"] = dg.MetadataValue.timestamp(last)
        ago = timedelta(seconds=int((now() - last).total_seconds()))
        allowed = timedelta(seconds=int(window.total_seconds()))
        told = f"{name}: the last sync was {ago} ago, where {allowed} are allowed."
        if passed:
            metadata[FRESH_UNTIL] = dg.MetadataValue.timestamp(last + window)
    return recording.judged(
        FRESHNESS_CHECK, told, metadata, passed=passed, severity=dg.AssetCheckSeverity.WARN
    )
