"""Names of columns and tables as people may see them.

dlt makes a column's name of a field's: of `ann@x.example` it makes `annax_example`, in which nobody
would find the address any more. So where a field's own name holds one, it is shown in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlt.common.schema import Schema

from email_assets.dlt_columns import VARIANT
from email_assets.redaction import redact_line


class ShownNames:
    """Knows which names of a resource's tables and columns were made of addresses.

    Args:
        schema: The schema that is stored with the rows, which knows what its columns were made of.
        resource: The resource's name, which is its table's.
    """

    def __init__(self, schema: Schema, resource: str) -> None:
        hints: dict[str, Any] = dict(schema.tables.get(resource, {}))
        self._fields: dict[str, dict[str, list[Any]]] = hints.get("x-fields", {})
        self._lists: dict[str, list[Any]] = hints.get("x-lists", {})

    def table(self, name: str) -> str:
        """A table's name, without addresses."""
        if name not in self._lists:
            return name
        parent, *path = self._lists[name]
        before, hidden = self.table(parent), _without_address(path)
        if hidden is None and before == parent:
            return name
        return f"{before}__{hidden or name.removeprefix(f'{parent}__')}"

    def column(self, table: str, name: str) -> str:
        """The name of a table's column, without addresses."""
        fields = self._fields.get(table, {})
        field, variant, data_type = name.rpartition(VARIANT)
        if name in fields or field not in fields:
            field, variant, data_type = name, "", ""
        hidden = _without_address(fields.get(field, ()))
        return name if hidden is None else f"{hidden}{variant}{data_type}"

    def of(self, table: str, column: str) -> str:
        """The name of a column behind its table's, without addresses."""
        return f"{self.table(table)}.{self.column(table, column)}"


def _without_address(path: Sequence[Any]) -> str | None:
    """The keys of a path in one, or None if no address is among them."""
    keys = [key for key in path if isinstance(key, str)]
    shown = "__".join(map(redact_line, keys))
    return shown if shown.count("…") > "".join(keys).count("…") else None
