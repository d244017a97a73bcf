"""One Dagster asset per resource of the vendor."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from pydantic import Field

from email_assets.account import Account
from email_assets.defs import recording
from email_assets.defs.catalog import (
    common,
    described,
    description_of,
    metadata_of,
    nested_tables,
)
from email_assets.defs.dlt_integration import DagsterDltResource
from email_assets.defs.email_api import missed_by, seen_by
from email_assets.defs.freshness import window_of
from email_assets.defs.metadata import metadata_of_sync, summary_of
from email_assets.defs.names import key_of, keys_of, op_of
from email_assets.defs.partitions import partitions_of, refuse_different_partitions, span_of
from email_assets.defs.rows_gone import Left
from email_assets.errors import EmailAssetsError
from email_assets.sentences import in_one_sentence
from email_assets.sync.pipeline import sync
from email_assets.sync.report import SyncReport
from email_assets.sync.span import Span
from email_assets.sync.watched import Watched
from email_assets.vendors import VendorResource
from email_assets.vendors.resource import EMAIL_API
from email_assets.warehouse.destination import open_pipeline

DLT_RESOURCE = {"email_dlt_resource": DagsterDltResource()}
"""The Dagster resource that the assets need: Dagster's integration of dlt.

All accounts share this one, and its name leaves `dlt_resource` to whoever else uses dlt.
"""


class SyncConfig(dg.Config):
    """The run config of a sync that is to load more than new rows."""

    full_refresh: bool = Field(
        default=False,
        description="Read everything the API has, and load it even if it is "
        "unchanged. Rows the API no longer has stay.",
    )
    # not None, which the launchpad would not show
    start: str = Field(
        default="", description="Fill in from this date or time on, such as 2026-01-31."
    )
    end: str = Field(default="", description="Fill in up to this date or time.")


def build_assets(account: Account) -> list[dg.AssetsDefinition]:
    """An asset for each resource of the vendor. Nothing is read, opened or asked for it.

    Raises:
        SettingError: Resources have different partitions, and one job could not sync them all.
    """
    refuse_different_partitions(account)
    return [_build_asset(account, resource) for resource in account.resources.values()]


def spec_of(account: Account, resource: VendorResource) -> dg.AssetSpec:
    """A resource's asset: its place in the graph, and all that the catalog says of it."""
    window = window_of(resource["kind"], account.automation)
    return dg.AssetSpec(
        key=key_of(account, str(resource["name"])),
        deps=keys_of(account, [EMAIL_API]),
        description=description_of(resource),
        kinds={"dlt", account.warehouse.destination_name},
        **common(account, kind=resource["kind"]),
        metadata=metadata_of(account, resource),
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=window),
        partitions_def=partitions_of(account, resource),
    )


def _build_asset(account: Account, resource: VendorResource) -> dg.AssetsDefinition:
    name = str(resource["name"])
    spec = spec_of(account, resource)
    is_partitioned = spec.partitions_def is not None

    @dg.multi_asset(
        name=op_of(account, name),
        specs=[spec],
        # several partitions are one stretch of time, and read at once
        backfill_policy=dg.BackfillPolicy.single_run() if is_partitioned else None,
    )
    def asset(
        context: dg.AssetExecutionContext,
        config: SyncConfig,
        email_dlt_resource: DagsterDltResource,
    ) -> Iterator[dg.MaterializeResult[Any]]:
        watched = Watched(account.title_of(name))
        try:
            asked = Span.parse(config.full_refresh, config.start, config.end)
            span = span_of(context, asked, is_ours=is_partitioned)
            now = account.as_set_now()
            say = recording.info(context)
            left = Left.by_sync(context.instance.get_latest_materialization_event(spec.key))
            with in_one_sentence(name), open_pipeline(now.warehouse, name, say=say) as pipeline:
                done = sync(now, pipeline, name, say=say, span=span)
                load = email_dlt_resource.extract_resource_metadata(
                    context, done.resource, done.load_info, pipeline
                )
            uri = done.load_info.destination_displayable_credentials
            rows_gone = 0
            if left and left.uri == uri and not _came_again(left, done.report):
                rows_gone = left.gone(now, name, done.report.rows_before, say)
        except EmailAssetsError as error:
            watched.tell("failed", state="failed")
            if missed := missed_by(account, error):
                context.log_event(missed)
            raise dg.Failure(str(error)) from None
        report = done.report
        watched.tell(f"{report.rows_loaded:,} rows loaded", state="done")
        say(summary_of(name, report))
        context.log_event(seen_by(account, name, report))
        yield recording.materialized(
            {
                # the rest of what Dagster's integration tells names working files that are gone
                # by now, or repeats what Dagster shows anyway
                "dagster/column_schema": described(
                    load["dagster/column_schema"], resource, done.names
                ),
                **nested_tables(load, resource, done.names),
                "dagster/uri": uri,
                "dagster/table_name": now.warehouse.table(name),
                **metadata_of_sync(report, rows_gone),
            }
        )

    return asset


def _came_again(left: Left, report: SyncReport) -> bool:
    """True if rows that were gone may all be back: they were all asked for."""
    return report.asked_for_everything and report.row_count >= left.rows
