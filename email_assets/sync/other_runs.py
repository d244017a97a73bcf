"""The columns that other runs of a resource have made in its tables while one was reading.

dlt takes the schema of whoever loads last for that of the tables, and would forget what only the
others know: of such a column, the next sync would take the type from the rows that come then, and
the warehouse would cast their values into the type that the column has.
"""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any, cast

import dlt
from dlt.common.destination.client import JobClientBase, WithStateSync
from dlt.common.json import json
from dlt.common.schema import Schema
from dlt.common.schema.typing import TPartialTableSchema, TTableSchema, TTableSchemaColumns
from dlt.common.schema.utils import get_nested_tables
from dlt.common.storages.load_package import PackageStorage

from email_assets.errors import SyncError
from email_assets.sync.column_layout import FIELDS, LISTS
from email_assets.sync.plan import REPAIR


class OtherRuns:
    """Notices what other runs of a resource load from now on.

    Args:
        pipeline: The resource's pipeline.
        warehouse: The client whose connection has the turn.
        resource: The resource's name, which is its table's.
    """

    def __init__(self, pipeline: dlt.Pipeline, warehouse: JobClientBase, resource: str) -> None:
        assert isinstance(warehouse, WithStateSync)  # noqa: S101 (all that merge are)
        self._pipeline, self._warehouse, self._resource = pipeline, warehouse, resource
        self._known = self._version()

    def take_in(self) -> None:
        """Let what is about to be loaded know the columns that they made, in the turn to load it.

        Raises:
            SyncError: It has such a column too, for values of another type or field.
        """
        packages = self._pipeline.list_normalized_load_packages()
        stored = self._warehouse.get_stored_schema(self._resource) if packages else None
        if stored is None or stored.version_hash == self._known:
            return
        theirs = Schema.from_stored_schema(json.loads(stored.schema))
        for package in map(self._pipeline.get_load_package_info, packages):
            if not _join(package.schema, theirs, self._resource):
                raise SyncError(
                    f"{self._resource}: while it was read, another run made columns in its tables "
                    "that this one has for values of another kind. Nothing of this run was "
                    "loaded: run it again."
                )
            file = Path(package.package_path, PackageStorage.SCHEMA_FILE_NAME)
            file.write_text(json.dumps(package.schema.to_dict()), encoding="utf-8")

    def _version(self) -> str | None:
        stored = self._warehouse.get_stored_schema(self._resource)
        return stored.version_hash if stored else None


def _join(ours: Schema, theirs: Schema, resource: str) -> bool:
    """Add the tables and columns of a schema to another; False if they contradict each other."""
    for found in get_nested_tables(theirs.tables, resource):
        if found["name"] not in ours.tables:
            ours.update_table(deepcopy(found), normalize_identifiers=False)
            continue
        table = ours.tables[found["name"]]
        columns = _lacked(table, found)
        if columns is None:
            return False
        added: TPartialTableSchema = {"name": table["name"], "columns": deepcopy(columns)}
        if "parent" in table:
            added["parent"] = table["parent"]
        ours.update_table(added, normalize_identifiers=False)
    return _join_hints(_hints_of(ours, resource), _hints_of(theirs, resource))


def _lacked(table: TTableSchema, found: TTableSchema) -> TTableSchemaColumns | None:
    """The columns that a table lacks of another one; None if one of them has two types."""
    columns: TTableSchemaColumns = {}
    for name, hints in found["columns"].items():
        own = table["columns"].get(name, {}).get("data_type")
        if own is None:
            columns[name] = hints
        elif hints.get("data_type", own) != own:
            return None
    return columns


def _hints_of(schema: Schema, resource: str) -> dict[str, Any]:
    return cast(dict[str, Any], schema.tables.get(resource, {}))


def _join_hints(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """Add what fields and lists have which columns and tables; False if two have one."""
    if REPAIR in theirs:
        ours.setdefault(REPAIR, theirs[REPAIR])
    pairs = [(ours.setdefault(LISTS, {}), theirs.get(LISTS, {}))]
    fields = ours.setdefault(FIELDS, {})
    pairs += [(fields.setdefault(table, {}), of) for table, of in theirs.get(FIELDS, {}).items()]
    return all(
        own.setdefault(name, path) == path for own, found in pairs for name, path in found.items()
    )
