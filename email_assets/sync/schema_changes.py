"""The changes that a load made to the shape of a resource's tables."""

from __future__ import annotations

from dlt.common.pipeline import LoadInfo
from dlt.common.schema.typing import TColumnSchema

from email_assets.dlt_columns import DLT_ID, VARIANT
from email_assets.sync.shown_names import ShownNames


def schema_changes(load_info: LoadInfo, resource: str, names: ShownNames) -> list[str]:
    """A phrase for each column and child table that a load added; dlt takes none away.

    Args:
        load_info: What dlt tells of the load.
        resource: Its table, and those that dlt made of lists in its rows, are looked at.
        names: Of its tables and columns, without addresses.
    """
    changes: list[str] = []
    for package in load_info.load_packages:
        for table, update in package.schema_update.items():
            if table != resource and not table.startswith(f"{resource}__"):
                continue
            columns = update.get("columns", {})
            if DLT_ID in columns:
                changes.append(f"a new table {names.table(table)}")
                continue
            for name, column in columns.items():
                changes.append(_phrase(names.of(table, name), column))
    return changes


def _phrase(name: str, column: TColumnSchema) -> str:
    data_type = column.get("data_type")
    # the name alone would not tell: so is a field `v_max` of an object
    if column.get("variant"):
        before = name.rpartition(VARIANT)[0]
        return f"{before} also came as {data_type}, which is in {name}"
    return f"a new column {name} ({data_type})"
