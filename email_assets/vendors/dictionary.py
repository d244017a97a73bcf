"""The data dictionary: the meaning of tables and columns, by the vendor's file and by dlt.

The catalog, the comments in the warehouse and the sources of a dbt project take it from here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cache

from dlt.common.normalizers.naming import NamingConvention
from dlt.common.schema import Schema

from email_assets.dlt_columns import DLT_ID, LIST_IDX, LOAD_ID, PARENT_ID, ROOT_ID, VARIANT
from email_assets.normalizer import column_of
from email_assets.vendors import VendorResource
from email_assets.vendors.resource import column_hints

Notes = dict[tuple[str, str], str]
"""Meanings by table and column; the column is empty where it is the table's own."""

TABLE = ""
OF_DLT = {
    DLT_ID: "Tells the row from all others of its table.",
    LOAD_ID: "The load that brought the row, in seconds since 1970.",
    PARENT_ID: "The _dlt_id of the row that the list is in.",
    ROOT_ID: "The _dlt_id of the API's row, however deep the list is in it.",
    LIST_IDX: "The item's place in its list, from 0 on.",
}
"""The columns that dlt adds."""


def notes_of(resource: VendorResource, tables: Mapping[str, Collection[str]]) -> Notes:
    """The meanings that are known of a resource's tables.

    Args:
        resource: The resource; a column of it may be named `recipients.email`, in a list.
        tables: The columns of each table, of which only the resource's own are looked at.
    """
    root = _naming().normalize_table_identifier(str(resource["name"]))
    own = {
        table: columns
        for table, columns in tables.items()
        if table == root or (table.startswith(f"{root}__") and PARENT_ID in columns)
    }
    said = {
        f"{root}__{column_of(name, _naming())}": str(hints["description"])
        for name, hints in column_hints(resource).items()
        if hints.get("description")
    }
    notes: Notes = {}
    for table, columns in own.items():
        above = [other for other in own if table.startswith(f"{other}__")]
        notes[table, TABLE] = (
            f"Items of lists in {max(above, key=len)}: join its _dlt_id to {PARENT_ID}."
            if above
            else resource["description"]
        )
        notes |= {(table, name): text for name, text in _columns(table, columns, said)}
    return notes


def _columns(
    table: str, columns: Collection[str], said: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """The columns of a table that something is known of."""
    for name in columns:
        of, variant, data_type = name.rpartition(VARIANT)
        if text := OF_DLT.get(name) or said.get(f"{table}__{name}"):
            yield name, text
        elif variant and of in columns:
            yield name, f"The values of {of} that came as {data_type}."


@cache
def _naming() -> NamingConvention:
    """The way dlt names tables; it reads its settings for that, which nothing does at import."""
    return Schema("dictionary").naming
