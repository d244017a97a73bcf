"""Runs of the asset checks, and what they say."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg

from email_assets.account import configured_account
from email_assets.api.usage import Usage
from email_assets.api.window import Window
from email_assets.defs.checks import build_checks
from email_assets.defs.freshness_check import build_freshness_checks
from email_assets.defs.metadata import metadata_of_sync
from email_assets.sync.report import SyncReport
from email_assets_tests.dagster_fixtures import instance
from email_assets_tests.queries import attached

__all__ = ["instance"]


CHECKS = [*build_checks(configured_account()), *build_freshness_checks(configured_account())]


THREE_ROWS_SYNCED = SyncReport(
    rows_received=3,
    rows_listed=3,
    rows_loaded=3,
    rows_without_key=0,
    rows_unchanged=0,
    api_total=3,
    window=Window(),
    stopped_early=False,
    row_count=3,
    usage=Usage(requests=1, bytes=300),
    seconds=0.5,
)


def ask(instance: dg.DagsterInstance, check: str) -> dg.AssetCheckResult:
    """Evaluate a check of bounces on the warehouse as it is, without a run around it."""
    key = dg.AssetCheckKey(dg.AssetKey("bounces"), check)
    (definition,) = (found for found in CHECKS if key in found.check_keys)
    results: Any = definition(dg.build_asset_check_context(instance=instance))
    (result,) = (found for found in results if found.check_name == check)
    assert isinstance(result, dg.AssetCheckResult)
    return result


def report_sync(instance: dg.DagsterInstance, asset: str = "bounces", **changes: Any) -> None:
    """Record a materialization with the figures of a sync, as an asset leaves them."""
    report = replace(THREE_ROWS_SYNCED, **changes)
    instance.report_runless_asset_event(
        dg.AssetMaterialization(asset, metadata=metadata_of_sync(report))
    )


def put(warehouse: Path, *ids: Any, column: str = "BIGINT") -> None:
    """Put rows with these ids into the table of bounces, past the asset."""
    with attached(warehouse) as connection:
        connection.execute("CREATE SCHEMA email")
        connection.execute(f"CREATE TABLE email.bounces (id {column})")
        connection.executemany("INSERT INTO email.bounces VALUES (?)", [[key] for key in ids])


def metadata_of(found: dg.AssetCheckEvaluation | dg.AssetCheckResult) -> dict[str, Any]:
    return {key: getattr(value, "value", value) for key, value in (found.metadata or {}).items()}
