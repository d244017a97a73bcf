"""Chooses the format of the files that dlt loads, as a destination takes them fastest."""

from __future__ import annotations

from collections.abc import Iterable

import dlt
from dlt.common.typing import TLoaderFileFormat

from email_assets.sync.dlt_seam import problem_of_names
from email_assets.warehouse.nul import has_no_nul

PLAIN = frozenset({"text", "bigint", "double", "bool", "timestamp"})
"""Types of columns of which a file of Parquet is the same in PostgreSQL as dlt's statements."""


def file_format_of(
    pipeline: dlt.Pipeline, resource: str, hinted: Iterable[str | None]
) -> TLoaderFileFormat | None:
    """The format of a load's files, or None for dlt's default: Parquet, which is loaded faster.

    PostgreSQL takes Parquet where Apache Arrow's driver (ADBC) is installed. It cannot fill
    `jsonb`, which dlt's default makes of JSON, so a resource with columns of it keeps the default.

    Args:
        pipeline: With the schema that the warehouse keeps of the resource's tables.
        resource: The resource's name.
        hinted: Types of columns, by the vendor's file.
    """
    assert pipeline.destination  # noqa: S101 (open_pipeline sets it)
    capabilities = pipeline.destination.capabilities()
    supported = capabilities.supported_loader_file_formats
    if not capabilities.loader_file_format_selector:  # a driver is nothing to ask for
        return "parquet" if "parquet" in supported else None
    if not has_no_nul(capabilities):  # PostgreSQL, of which alone this is known
        return None
    types = {*hinted, *_types_in(pipeline.schemas.get(resource))} - {None}
    # NULs, which PostgreSQL does not have, are written out by way of dlt's inner names
    is_sure = PLAIN.issuperset(types) and not problem_of_names()
    preferred = capabilities.preferred_loader_file_format
    select = capabilities.loader_file_format_selector
    _, supported = select(preferred, supported, table_schema={"name": resource})
    # named in any case, since a table keeps the format that it had before
    return "parquet" if is_sure and "parquet" in supported else preferred


def _types_in(schema: dlt.Schema | None) -> Iterable[str | None]:
    tables = schema.data_tables() if schema else []
    return {hints.get("data_type") for table in tables for hints in table["columns"].values()}
