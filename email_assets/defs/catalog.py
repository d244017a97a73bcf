"""A resource's entry in Dagster's catalog: its table, its tags, where to read on."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import dagster as dg
import dlt

from email_assets.account import Account
from email_assets.normalizer import column_of
from email_assets.settings.resolve import PROJECT_ROOT
from email_assets.sync.shown_names import ShownNames
from email_assets.vendors import VendorResource
from email_assets.vendors.resource import column_hints, endpoint_of

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
    naming = dlt.Schema("catalog").naming
    descriptions = {
        column_of(name, naming): hints["description"]
        for name, hints in column_hints(resource).items()
        if "description" in hints
    }
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                names.column(table, column.name),
                column.type,
                description=descriptions.get(column.name),
                constraints=column.constraints,
            )
            for column in schema.columns
        ]
    )


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
