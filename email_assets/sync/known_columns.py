"""The tables and columns of a load's rows, as dlt's normalizer and its schema tell them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
from dlt.common.destination import DestinationCapabilitiesContext
from dlt.common.libs.pyarrow import columns_to_arrow
from dlt.common.schema import Schema
from dlt.common.schema.utils import is_complete_column

from email_assets.dlt_columns import DLT_ID, ROOT_ID
from email_assets.sync.column_values import UnfitColumnError
from email_assets.warehouse.nul import has_no_nul

Row = dict[str, Any]
Path = tuple[str, ...]
Lists = tuple[Path, ...]
"""The paths of lists in lists, from a row of the resource inwards."""

_LEAF = "leaf"


class KnownColumns:
    """Knows the columns that the fields of one load's rows go into.

    Args:
        schema: The schema as dlt goes by it; `forget` what was learnt of it when it changes.
        capabilities: Of the destination.
        load_id: Of the load, which each row names.
        root: The resource's table.

    Attributes:
        has_no_nul: True if the destination cannot store NULs.
    """

    def __init__(
        self,
        schema: Schema,
        capabilities: DestinationCapabilitiesContext,
        load_id: str,
        root: str,
    ) -> None:
        self._schema, self._capabilities = schema, capabilities
        self.load_id, self.root = load_id, root
        self.has_no_nul = has_no_nul(capabilities)
        self.forget()

    def forget(self) -> None:
        """Look at the schema anew: it has changed."""
        self._places: dict[Lists, tuple[str, str, bool]] = {}
        self._children: dict[Lists, tuple[str, bool] | None] = {}
        self._arrow: dict[str, pa.Schema] = {}

    def columns_of(self, table: str) -> pa.Schema:
        """The columns of a table that have a type, as dlt writes them."""
        if table not in self._arrow:
            columns = self._schema.tables[table]["columns"] if table in self._schema.tables else {}
            self._arrow[table] = columns_to_arrow(columns, self._capabilities, "UTC")
        return self._arrow[table]

    def data_type(self, table: str, column: str) -> str | None:
        """The type of a column, or None if it has none yet."""
        found = self._schema.tables.get(table, {}).get("columns", {}).get(column)
        return found["data_type"] if found and is_complete_column(found) else None

    def place(self, lists: Lists, path: Path) -> tuple[str, bool]:
        """The column of a field, and whether the parts of objects in it are columns of their own.

        Raises:
            UnfitColumnError: dlt puts it elsewhere.
        """
        key = (*lists, path)
        if key not in self._places:
            *_, (table, row) = self._probe(key, {_LEAF: _LEAF})
            (of, flat) = (table, not any(isinstance(value, dict) for value in row.values()))
            *_, (table, row) = self._probe(key, _LEAF)
            names = [name for name, value in row.items() if value is _LEAF]
            self._places[key] = names[0] if len(names) == 1 and of == table else "", table, flat
        name, _, flat = self._places[key]
        if not name:
            raise UnfitColumnError
        return name, flat

    def child(self, lists: Lists) -> tuple[str, bool] | None:
        """The table of a list, and whether it names the resource's row; None if there is none."""
        if lists not in self._children:
            found = list(self._probe(lists, [{_LEAF: _LEAF}]))
            self._children[lists] = None
            if len(found) == len(lists) + 1:
                table, row = found[-1]
                self._children[lists] = table, ROOT_ID in row
        return self._children[lists]

    def _probe(self, lists: Lists, leaf: Any) -> Iterator[tuple[str, Row]]:
        """The tables and rows that dlt makes of a row with something at a path through lists."""
        for depth, path in enumerate(reversed(lists)):
            if depth:
                leaf = [leaf]
            for field in reversed(path):
                leaf = {field: leaf}
        row = {**leaf, DLT_ID: leaf.get(DLT_ID, "probe")}
        for (table, *_), found in self._schema.normalize_data_item(row, self.load_id, self.root):
            yield table, dict(found)
