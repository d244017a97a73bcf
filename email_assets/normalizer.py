"""How dlt makes tables of rows, except that no value changes or goes missing on the way.

The schemas in warehouses name this module, by which dlt finds `DataItemNormalizer`: it keeps its
name and place.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from dlt.common.data_types import TDataType
from dlt.common.normalizers.json import relational
from dlt.common.normalizers.naming import NamingConvention
from dlt.common.schema import Schema
from dlt.common.schema.detections import is_iso_timestamp

BIGGEST = 2**63 - 1
SMALLEST = -(2**63)
BIGGEST_IN_DOUBLE = 2**53
"""From here on a double does not hold every whole number."""

_PLAIN_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?Z", re.ASCII)


class DataItemNormalizer(relational.DataItemNormalizer):
    """Makes tables of rows as dlt does, except that a value never changes to suit its column.

    Where Python can, dlt forces a value into the type of its column: 5 becomes true, "007" becomes
    7, and 7 becomes a moment in 1970. Here such a value gets what dlt gives to one that it cannot
    force: a column of its own, `<column>__v_<type>`.
    """

    def can_coerce_type(self, to_type: TDataType, from_type: TDataType) -> bool:
        """Whether every value fits; about the others, dlt asks `coerce_type` one by one."""
        return to_type in (from_type, "text")

    def coerce_type(self, to_type: TDataType, from_type: TDataType, value: Any) -> Any:
        """The value in the column's type, or what makes dlt give it a column of its own."""
        with suppress(ValueError):
            if to_type == "timestamp" and from_type == "text" and _PLAIN_TIME.fullmatch(value):
                # the same as dlt makes of it, in a tenth of the time
                return datetime.fromisoformat(f"{value[:-1]}+00:00")
            if self.can_coerce_type(to_type, from_type) or _keeps(to_type, from_type, value):
                return super().coerce_type(to_type, from_type, value)
        return lambda: (from_type, value)


def column_of(field: str, naming: NamingConvention) -> str:
    """The column of an API's field, which is a dotted path where it lies in others."""
    return naming.make_path(*map(naming.normalize_identifier, field.split(".")))


def open_schema(resource: str) -> Schema:
    """An empty schema by which no value changes on its way into a table."""
    return Schema(resource, normalizers={"json": {"module": __name__}})


class Fields:
    """Gives dlt what it could not write, or would drop, in another form.

    Whole numbers beyond 64 bits become text. Where two fields of an object would share a column,
    such as `Status` and `status`, the second one's name gets a number.

    Args:
        resource: The resource's name.
        first: Fields that keep their names and their values, whatever else there is.
    """

    def __init__(self, resource: str, first: Sequence[str]) -> None:
        self._naming = Schema(resource).naming
        self._first = frozenset(first)
        self._new_names: dict[tuple[str, ...], dict[str, str]] = {}

    def suit(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row in the form that dlt is to have it: the same one, where that is how it came."""
        names = self._names(tuple(row))
        if not names and self._are_fine(row.values()):
            return row
        return {
            names.get(field, field): self._suit(value, field not in self._first)
            if field not in self._first or isinstance(value, (dict, list))
            else value
            for field, value in row.items()
        }

    def _are_fine(self, values: Iterable[Any]) -> bool:
        """Whether values can stay as they are. Nearly all can: a look is faster than a copy."""
        for value in values:
            kind = type(value)
            if kind is str or value is None:  # first, as most are
                continue
            if kind is int:
                if not SMALLEST <= value <= BIGGEST:
                    return False
            elif kind is dict:
                if self._names(tuple(value)) or not self._are_fine(value.values()):
                    return False
            elif kind is list and not self._are_fine(value):
                return False
        return True

    def _suit(self, value: Any, may_rename: bool) -> Any:
        if isinstance(value, dict):
            names = self._names(tuple(value)) if may_rename else {}
            return {
                names.get(field, field): self._suit(part, may_rename)
                for field, part in value.items()
            }
        if isinstance(value, list):
            return [self._suit(item, may_rename) for item in value]
        if isinstance(value, int) and not SMALLEST <= value <= BIGGEST:
            return str(value)
        return value

    def _names(self, fields: tuple[str, ...]) -> dict[str, str]:
        found = self._new_names.get(fields)
        if found is None:
            found = self._new_names[fields] = self._tell_apart(fields)
        return found

    def _tell_apart(self, fields: tuple[str, ...]) -> dict[str, str]:
        """New names for the fields that would share a column with another, whatever their order."""
        columns = {
            field: self._naming.normalize_path(field) if field.strip() else "_empty"
            for field in fields
        }
        new_names: dict[str, str] = {}
        taken: set[str] = set()
        # the key, and what is spelled like its column, go first
        for field in sorted(fields, key=lambda f: (f not in self._first, columns[f] != f, f)):
            name = columns[field]
            for number in itertools.count(2):
                if name not in taken:
                    break
                name = new_names[field] = f"{columns[field]}_{number}"
            taken.add(name)
        return new_names


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
