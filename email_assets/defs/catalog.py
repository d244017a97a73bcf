"""A resource's entry in Dagster's catalog: its table, its tags, where to read on."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from email_assets.account import Account
from email_assets.settings.resolve import PROJECT_ROOT
from email_assets.sync.shown_names import ShownNames
from email_assets.vendors import VendorResource
from email_assets.vendors.dictionary import TABLE, notes_of
from email_assets.vendors.resource import endpoint_of

LONGEST_TAG = 63
"""Characters that Dagster allows."""


def description_of(resource: VendorResource) -> str:
    """A sentence on what a row is, and the request that brings it."""
    endpoint = endpoint_of(resource)
    address = f"{endpoint.get('method', 'GET')} {endpoint['path']}"
    return f"{resource['description']}\n\nFrom `{address}`."


def common(account: Account, **tags: str) -> dict[str, Any]:
    """The part of a spec that all assets share: group, owners, and the tags of the settings.

    Args:
        account: Whose asset it is.
        tags: Its own, besides the vendor's.
    """
    # a file may have a name that Dagster takes for no tag
    tag = re.sub(r"[^A-Za-z0-9_-]", "_", account.vendor_name)[:LONGEST_TAG]
    return {
        "group_name": account.group,
        "owners": account.catalog.owners,
        "tags": {"vendor": tag, **tags, **account.catalog.tags},
    }


def metadata_of(account: Account, resource: VendorResource) -> dict[str, Any]:
    """The table's name, the API's documentation, and links to the vendor's file and to a guide."""
    name = str(resource["name"])
    metadata: dict[str, Any] = {
        "dagster/table_name": account.warehouse.table(name),
        "dagster/code_references": code_references(
            account, name, rf"""["']name["']\s*:\s*["']{name}["']""", "incremental"
        ),
    }
    if address := resource.get("documentation"):
        metadata["api_documentation"] = dg.MetadataValue.url(address)
    return metadata


def described(
    schema: dg.TableSchema, resource: VendorResource, names: ShownNames
) -> dg.TableSchema:
    """A table's columns without addresses in names, and with the vendor's file's descriptions."""
    table = str(resource["name"])
    shown = [names.column(table, column.name) for column in schema.columns]
    notes = notes_of(resource, {table: shown})
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name,
                column.type,
                description=notes.get((table, name)),
                constraints=column.constraints,
            )
            for name, column in zip(shown, schema.columns, strict=True)
        ]
    )


def nested_tables(
    load: Mapping[str, Any], resource: VendorResource, names: ShownNames
) -> dict[str, Any]:
    """The tables of lists in a resource's rows, and what their columns mean, if there are any.

    Args:
        load: What Dagster's integration tells of a load, each such table's columns included.
        resource: The resource.
        names: Of its tables and columns, without addresses.
    """
    root = str(resource["name"])
    schemas = {
        table: of
        for table, of in load.items()
        if isinstance(of, dg.TableSchema) and table.startswith(f"{root}__")
    }
    records = [
        {
            "table": names.table(table),
            "column": names.column(table, column.name) if column else "",
            "type": column.type if column else "",
        }
        for table, of in sorted(schemas.items())
        for column in [None, *of.columns]
    ]
    if not records:
        return {}
    columns: dict[str, list[str]] = {root: []}
    for record in records:
        columns.setdefault(record["table"], []).append(record["column"])
    # a note names the table or the field that it is about
    notes = notes_of(resource, columns)
    for record in records:
        record["meaning"] = notes.get((record["table"], record["column"] or TABLE), "")
    shown = dg.TableSchema([dg.TableColumn(name) for name in records[0]])
    return {"nested_tables": dg.MetadataValue.table([*map(dg.TableRecord, records)], shown)}


def code_references(
    account: Account, name: str, entry: str, guide: str
) -> dg.CodeReferencesMetadataValue:
    """Links to where an asset stands in the vendor's file, and to a guide.

    Args:
        account: Whose vendor it is.
        name: What the link to the vendor's file is called.
        entry: A pattern of the line there.
        guide: The file's stem in `docs/`.
    """
    file, told = account.vendor_file, PROJECT_ROOT / "docs" / f"{guide}.md"
    places = [(file, entry, name)]
    if told.is_file():  # not in an installed package
        places.append((told, "^# ", guide))
    with warnings.catch_warnings():
        # beta, and no more than a link
        warnings.filterwarnings("ignore", message=".*CodeReference")
        return dg.CodeReferencesMetadataValue(
            code_references=[
                dg.LocalFileCodeReference(
                    file_path=str(file),
                    line_number=_line_of(pattern, file),
                    label=f"{file.name}: {label}",
                )
                for file, pattern, label in places
            ]
        )


def _line_of(pattern: str, file: Path) -> int:
    """The first line of a file that a pattern is found in, or 1 if it is found nowhere."""
    # a source of another encoding is legal too
    lines = enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
    return next((number for number, line in lines if re.search(pattern, line)), 1)
