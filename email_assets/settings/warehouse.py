"""The settings of the warehouse, and which destinations it can be."""

from __future__ import annotations

import re
from typing import ClassVar

from dlt.common.configuration import configspec
from dlt.common.destination import Destination
from dlt.common.destination.exceptions import UnknownDestinationModule

from email_assets.settings.resolve import Section, SettingError, where_to_set

CAN_MERGE = (
    *("duckdb", "motherduck", "postgres", "redshift", "snowflake", "bigquery", "mssql"),
    *("synapse", "databricks", "fabric", "clickhouse", "sqlalchemy"),
)
"""Destinations of dlt that can merge by deleting rows and inserting them again."""


def _can_merge(destination: str) -> bool:
    """True if dlt can merge so in a destination; one that it does not know is refused elsewhere."""
    if destination.removeprefix("dlt.destinations.") in CAN_MERGE:
        return True
    try:
        found = Destination.from_reference(destination)
    except UnknownDestinationModule:
        return True
    strategies = found.capabilities().supported_merge_strategies if found else None
    return "delete-insert" in (strategies or ())


def refuse_no_name(settings: Section, dataset_name: str) -> None:
    """Refuse a dataset without a letter or digit in its name.

    Raises:
        SettingError: It has none.
    """
    if not re.search(r"[A-Za-z0-9]", dataset_name):
        raise SettingError(
            "dataset_name must be a name of letters, digits and underscores. "
            + where_to_set(settings, "dataset_name")
        )


@configspec
class WarehouseSettings(Section):
    """`[warehouse]`: where the tables live. The destination's own settings are dlt's."""

    destination_type: str = "duckdb"
    """A dlt destination: a name (`duckdb`, `postgres`) or a type with its module."""
    dataset_name: str = "email"
    """The schema that holds the tables."""
    lock_timeout: float = 600
    """Seconds to wait for others that hold the DuckDB file, or the turn at a server's table."""
    read_copy: bool = False
    """True if each sync writes a copy of the DuckDB file for readers, `warehouse.read.duckdb`."""
    read_parquet: bool = False
    """True if each sync writes its tables for readers: `warehouse.read/email/<table>.parquet`."""

    sections: ClassVar[tuple[str, ...]] = ("warehouse",)

    @property
    def destination_name(self) -> str:
        """The destination's own name, where it is given with its module."""
        return self.destination_type.rpartition(".")[2]

    def table(self, name: str) -> str:
        """A table's name with its dataset."""
        return f"{self.dataset_name}.{name}"

    def on_resolved(self) -> None:
        """Refuse what is no name or no wait, who cannot merge, and a copy of a server."""
        refuse_no_name(self, self.dataset_name)
        if not _can_merge(self.destination_type):
            raise SettingError(
                f"The destination {self.destination_name} cannot replace rows by their primary "
                f"key, which each sync does; these can: {', '.join(CAN_MERGE)}. "
                f"{where_to_set(self, 'destination_type')}"
            )
        for copy in ("read_copy", "read_parquet"):
            if getattr(self, copy) and self.destination_name != "duckdb":
                raise SettingError(
                    f"{copy} is for a DuckDB file; {self.destination_name} lets people read while "
                    f"syncs load. {where_to_set(self, copy)}"
                )
        if not self.lock_timeout >= 0:  # also what is not a number
            raise SettingError(
                f"lock_timeout must not be below 0. {where_to_set(self, 'lock_timeout')}"
            )
