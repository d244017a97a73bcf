"""What happens to each row between the API's answer and the warehouse."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from dlt.common.data_types import TDataType
from dlt.common.normalizers.json import relational
from dlt.common.schema import Schema
from dlt.common.schema.detections import is_iso_timestamp

from email_assets.api.errors import ApiError

BIGGEST = 2**63 - 1
BIGGEST_IN_DOUBLE = 2**53
"""From here on a double does not hold every whole number."""


Row = dict[str, Any]


class Rows:
    """Numbers the rows, sets those without a primary key aside, and holds keys to one type.

    What dlt could not write, or would drop, it gets in another form: whole numbers beyond 64 bits
    as text, and a number behind the name of a second field for the same column, such as `Status`
    beside `status`.

    Attributes:
        received: Rows that came.
        without_key: Rows among them that lack a part of the primary key; they cannot be loaded.
    """

    def __init__(self, resource: str, primary_key: Sequence[str]) -> None:
        self.received = 0
        self.without_key = 0
        self._resource = resource
        self._primary_key = primary_key
        self._types: dict[str, str] = {}
        self._naming = Schema(resource).naming
        self._new_names: dict[tuple[str, ...], dict[str, str]] = {}
        self._stamp = f"{time.time_ns():016x}"
        self._numbers = itertools.count()

    def expect_types_of(self, schema: Schema) -> None:
        """Hold the primary key to the types that the warehouse's table has for it."""
        columns = schema.tables.get(self._resource, {}).get("columns", {})
        for field in self._primary_key:
            column = columns.get(schema.naming.normalize_identifier(field), {})
            if data_type := column.get("data_type"):
                self._types[field] = "a number" if data_type == "bigint" else "text"

    def number(self, row: Row) -> Row:
        """The row as dlt is to have it, with a `_dlt_id` that grows.

        By it the last of several rows with one key stays: dlt keeps a `_dlt_id` that a row brings,
        and deduplicates by the column that says so.
        """
        if not all(map(_is_writable, row.values())):
            row = {f: v if f in self._primary_key else _writable(v) for f, v in row.items()}
        fields = tuple(row)
        if fields not in self._new_names:
            self._new_names[fields] = self._tell_apart(fields)
        if names := self._new_names[fields]:
            row = {names.get(field, field): value for field, value in row.items()}
        # a copy: the paginator keeps the page as it came, to compare the next one with it
        return {**row, "_dlt_id": f"{self._stamp}{next(self._numbers):08x}"}

    def has_key(self, row: Row) -> bool:
        """Whether the row can be loaded; counts it either way.

        Raises:
            ApiError: A key is neither text nor a whole number, or not what it was before.
        """
        self.received += 1
        if any(row.get(field) is None for field in self._primary_key):
            self.without_key += 1
            return False
        for field in self._primary_key:
            found = _type_of_key(row[field])
            expected = self._types.get(field, found)
            if found != expected or found not in ("a number", "text"):
                raise ApiError(
                    f"{self._resource}: {field} came as {found}"
                    + (f", and was {expected} before" if found != expected else "")
                    + f", in row {self.received} of this run, of which nothing was loaded. "
                    f"If the API changed for good, rename or drop the table {self._resource} and "
                    "run again, which loads everything anew."
                )
            self._types[field] = found
        return True

    def _tell_apart(self, fields: tuple[str, ...]) -> dict[str, str]:
        """New names for the fields that would share a column with another, whatever their order."""
        columns = {
            field: self._naming.normalize_path(field) if field.strip() else "_empty"
            for field in fields
        }
        new_names: dict[str, str] = {}
        taken: set[str] = set()
        # the key, and what is spelled like its column, go first
        for field in sorted(fields, key=lambda f: (f not in self._primary_key, columns[f] != f, f)):
            name = columns[field]
            for number in itertools.count(2):
                if name not in taken:
                    break
                name = new_names[field] = f"{columns[field]}_{number}"
            taken.add(name)
        return new_names


class DataItemNormalizer(relational.DataItemNormalizer):
    """Makes tables of rows as dlt does, except that a value never changes to suit its column.

    Where Python can, dlt forces a value into the type of its column: 5 becomes true, "007" becomes
    7, and 7 becomes a moment in 1970. Here such a value gets what dlt gives to one that it cannot
    force: a column of its own, `<column>__v_<type>`.

    dlt finds the class by its name in this module, which the schemas in warehouses name.
    """

    def can_coerce_type(self, to_type: TDataType, from_type: TDataType) -> bool:
        """Whether every value fits; about the others, dlt asks `coerce_type` one by one."""
        return to_type in (from_type, "text")

    def coerce_type(self, to_type: TDataType, from_type: TDataType, value: Any) -> Any:
        """The value in the column's type, or what makes dlt give it a column of its own."""
        if self.can_coerce_type(to_type, from_type) or _keeps(to_type, from_type, value):
            with suppress(ValueError):
                return super().coerce_type(to_type, from_type, value)
        return lambda: (from_type, value)


def open_schema(resource: str) -> Schema:
    """An empty schema by which no value changes on its way into a table."""
    return Schema(resource, normalizers={"json": {"module": __name__}})


def _keeps(column: TDataType, found: TDataType, value: Any) -> bool:
    """Whether a column of one type holds a value of another as it is."""
    if column == "double":
        return found == "bigint" and abs(value) <= BIGGEST_IN_DOUBLE
    if column == "bigint":
        return found == "double" and abs(value) <= BIGGEST_IN_DOUBLE
    if column == "timestamp":
        # what dlt takes for one, not every text of digits that can be read as seconds since 1970
        return found == "text" and ("T" in value or is_iso_timestamp(str, value) is not None)
    return False


def _is_writable(value: Any) -> bool:
    """Whether dlt's writers know every number in it."""
    if isinstance(value, dict):
        return all(map(_is_writable, value.values()))
    if isinstance(value, list):
        return all(map(_is_writable, value))
    return not isinstance(value, int) or -BIGGEST - 1 <= value <= BIGGEST


def _writable(value: Any) -> Any:
    if isinstance(value, dict):
        return {field: _writable(part) for field, part in value.items()}
    if isinstance(value, list):
        return [_writable(item) for item in value]
    return value if _is_writable(value) else str(value)


def _type_of_key(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool) or not isinstance(value, int):
        return {float: "a fraction", bool: "a boolean"}.get(type(value), "a list or an object")
    return "a number" if -BIGGEST - 1 <= value <= BIGGEST else "a number beyond 64 bits"
