"""One Dagster asset per resource of the vendor."""

import warnings
from collections.abc import Iterator
from typing import Any

import dagster as dg
import dlt
from pydantic import Field

with warnings.catch_warnings():
    # dagster_embedded_elt names its successor; leaving it for dagster_dlt is this one line
    warnings.filterwarnings("ignore", message="The `dagster-embedded-elt` library")
    from dagster_embedded_elt.dlt import DagsterDltResource, DagsterDltTranslator

from dagster_dlt.translator import DltResourceTranslatorData

from email_assets import settings
from email_assets.errors import EmailAssetsError
from email_assets.freshness import window_of
from email_assets.pipeline import SyncReport, sync
from email_assets.settings import AutomationSettings, CatalogSettings, WarehouseSettings
from email_assets.span import Span
from email_assets.vendor import endpoint_of, vendor_resources
from email_assets.warehouse import open_pipeline

GROUP = "email"
DLT_RESOURCE = {"dlt_resource": DagsterDltResource()}
"""The Dagster resource that the assets need: Dagster's integration of dlt."""

OF_THE_LOAD = frozenset({"first_run", "destination_type", "dagster/column_schema"})
"""What Dagster's dlt integration tells of a load and we pass on. The rest names working files that
are gone by then, or repeats what Dagster shows anyway."""


class SyncConfig(dg.Config):
    """What to sync, where it should not be what is new."""

    full_refresh: bool = Field(
        default=False,
        description="Read everything the API has, and load it even if it is "
        "unchanged. Rows the API no longer has stay.",
    )
    start: str | None = Field(
        default=None, description="Fill in from this date or time on, such as 2026-01-31."
    )
    end: str | None = Field(default=None, description="Fill in up to this date or time.")


class EmailTranslator(DagsterDltTranslator):
    """Describes a dlt resource as this platform's asset of the same name."""

    def get_asset_spec(self, data: DltResourceTranslatorData) -> dg.AssetSpec:
        """The asset's key, description, kinds, owners, tags, table and freshness policy."""
        name = data.resource.name
        resource = vendor_resources()[name]
        catalog, warehouse = settings.load(CatalogSettings), settings.load(WarehouseSettings)
        window = window_of(resource["kind"], settings.load(AutomationSettings))
        endpoint = endpoint_of(resource)
        address = f"{endpoint.get('method', 'GET')} {endpoint['path']}"
        return dg.AssetSpec(
            key=name,
            group_name=GROUP,
            description=f"{resource['description']}\n\nFrom `{address}`.",
            # the last part of a destination that is given with its module
            kinds={"dlt", warehouse.destination_type.rpartition(".")[2]},
            owners=catalog.owners,
            tags=catalog.tags,
            metadata={"dagster/table_name": f"{warehouse.dataset_name}.{name}"},
            freshness_policy=dg.FreshnessPolicy.time_window(fail_window=window),
        )


def build_assets() -> list[dg.AssetsDefinition]:
    """An asset for each resource of the vendor. Nothing is read, opened or asked for it."""
    translator = EmailTranslator()
    # the name is all that the translator wants of a resource; the vendor's file has the rest
    resources = [dlt.resource([], name=name) for name in vendor_resources()]
    return [
        _build_asset(
            translator.get_asset_spec(DltResourceTranslatorData(resource=resource, pipeline=None))
        )
        for resource in resources
    ]


def _build_asset(spec: dg.AssetSpec) -> dg.AssetsDefinition:
    name = spec.key.to_user_string()

    @dg.multi_asset(name=name, specs=[spec])
    def asset(
        context: dg.AssetExecutionContext, config: SyncConfig, dlt_resource: DagsterDltResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        try:
            span = Span.parse(config.full_refresh, config.start, config.end)
            with open_pipeline(name) as pipeline:
                done = sync(pipeline, name, say=context.log.info, span=span)
                of_the_load = dlt_resource.extract_resource_metadata(
                    context, done.resource, done.load_info, pipeline
                )
        except EmailAssetsError as error:
            raise dg.Failure(str(error)) from None
        context.log.info(summary_of(name, done.report))
        yield dg.MaterializeResult(
            metadata={
                **{key: value for key, value in of_the_load.items() if key in OF_THE_LOAD},
                **figures_of(done.report),
            }
        )

    return asset


def summary_of(name: str, report: SyncReport) -> str:
    """A sync in one line of the log."""
    usage = report.usage
    return (
        f"{name}: {report.rows_loaded} rows loaded, {report.rows_unchanged} unchanged, "
        f"{report.row_count} in the table; "
        f"requests: {usage.requests}, retries: {usage.retries}, seconds: {report.seconds:.1f}"
    )


def figures_of(report: SyncReport) -> dict[str, dg.MetadataValue[Any]]:
    """A sync's figures as metadata that Dagster plots over time. Zero is a value too."""
    counts = {
        "rows_received": report.rows_received,
        "rows_listed": report.rows_listed,
        "rows_loaded": report.rows_loaded,
        "rows_unchanged": report.rows_unchanged,
        "rows_without_key": report.rows_without_key,
        "dagster/row_count": report.row_count,
        "requests": report.usage.requests,
        "retries": report.usage.retries,
        "bytes": report.usage.bytes,
    }
    seconds = {
        "seconds": round(report.seconds, 3),
        "seconds_throttled": round(report.usage.seconds_throttled, 3),
    }
    figures: dict[str, dg.MetadataValue[Any]] = {
        **{name: dg.MetadataValue.int(count) for name, count in counts.items()},
        **{name: dg.MetadataValue.float(value) for name, value in seconds.items()},
    }
    if report.api_total is not None:
        figures["api_total"] = dg.MetadataValue.int(report.api_total)
    figures["window"] = dg.MetadataValue.text(str(report.window))
    figures["stopped_early"] = dg.MetadataValue.bool(report.stopped_early)
    figures["newest_is_missing"] = dg.MetadataValue.bool(report.newest_is_missing)
    return figures
