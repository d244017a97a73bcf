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

from email_assets.defs.catalog import common, described, description_of, metadata_of
from email_assets.defs.email_api import missed_by, seen_by
from email_assets.defs.freshness import window_of
from email_assets.defs.metadata import figures_of, summary_of
from email_assets.errors import EmailAssetsError
from email_assets.settings import resolve
from email_assets.settings.sections import AutomationSettings, WarehouseSettings
from email_assets.sync.pipeline import sync
from email_assets.sync.span import Span
from email_assets.vendors.loading import EMAIL_API, vendor_resources
from email_assets.warehouse.destination import open_pipeline

DLT_RESOURCE = {"dlt_resource": DagsterDltResource()}
"""The Dagster resource that the assets need: Dagster's integration of dlt."""


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
        """The asset's place in the graph, and all that the catalog says of it."""
        resource = vendor_resources()[data.resource.name]
        warehouse = resolve.load(WarehouseSettings)
        window = window_of(resource["kind"], resolve.load(AutomationSettings))
        return dg.AssetSpec(
            key=data.resource.name,
            deps=[EMAIL_API],
            description=description_of(resource),
            kinds={"dlt", warehouse.destination_name},
            **common(kind=resource["kind"]),
            metadata=metadata_of(resource),
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
    resource = vendor_resources()[name]

    @dg.multi_asset(name=name, specs=[spec])
    def asset(
        context: dg.AssetExecutionContext, config: SyncConfig, dlt_resource: DagsterDltResource
    ) -> Iterator[dg.MaterializeResult[Any]]:
        try:
            span = Span.parse(config.full_refresh, config.start, config.end)
            with open_pipeline(name) as pipeline:
                done = sync(pipeline, name, say=context.log.info, span=span)
                load = dlt_resource.extract_resource_metadata(
                    context, done.resource, done.load_info, pipeline
                )
        except EmailAssetsError as error:
            if missed := missed_by(error):
                context.log_event(missed)
            raise dg.Failure(str(error)) from None
        report = done.report
        context.log.info(summary_of(name, report))
        context.log_event(seen_by(name, report))
        yield dg.MaterializeResult(
            metadata={
                # the rest of what Dagster's integration tells names working files that are gone
                # by now, or repeats what Dagster shows anyway
                "dagster/column_schema": described(load["dagster/column_schema"], resource),
                "dagster/uri": done.load_info.destination_displayable_credentials,
                **figures_of(report),
            }
        )

    return asset
