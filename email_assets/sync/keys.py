"""The primary key of each row: rows without one are set aside, and the others keep one type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dlt.common.data_types import TDataType
from dlt.common.schema import Schema
from dlt.common.schema.typing import TColumnSchema, TTableSchemaColumns

from email_assets.errors import ApiError, SyncError
from email_assets.normalizer import BIGGEST, is_whole_time

Row = dict[str, Any]

NUMBER, TEXT = "a number", "text"
"""The types that a part of a key may have."""
_KEYS: dict[type, str] = {int: NUMBER, str: TEXT}


class Keys:
    """Counts rows, sets those without a primary key aside, and holds keys to one type.

    Args:
        resource: The resource's name, for sentences.
        primary_key: Fields that identify a row.

    Attributes:
        received: Rows that came.
        withheld: Rows among them that are private as a whole, and are not loaded.
        without_key: Rows among them that lack a part of the primary key; they cannot be loaded.
    """

    def __init__(self, resource: str, primary_key: Sequence[str]) -> None:
        self.received = 0
        self.withheld = 0
        self.without_key = 0
        self._resource = resource
        self._anew = (
            f"rename or drop the table {resource} and its {resource}__… tables, and run again, "
            "which loads everything anew."
        )
        self._primary_key = primary_key
        self._types: dict[str, str] = {}
        self._times: set[str] = set()

    def expect_types_of(self, schema: Schema) -> None:
        """Hold the primary key to the types that the warehouse's table has for it."""
        for field, column in self._key_columns(schema):
            if data_type := column.get("data_type"):
                self._types[field] = NUMBER if data_type == "bigint" else TEXT
                if data_type == "timestamp":
                    self._times.add(field)

    def expect_parts_in(self, schema: Schema) -> None:
        """Hold the primary key to what the rows of the warehouse's table have.

        Raises:
            SyncError: The primary key got a part that they lack.
        """
        if new := [field for field, column in self._key_columns(schema) if not column]:
            raise SyncError(
                f"{self._resource}: the primary key has {', '.join(new)}, which the table's rows "
                f"lack, and nothing was loaded. If primary_key is as it should be, {self._anew}"
            )

    def keep_types_in(self, schema: Schema) -> None:
        """Let a schema know the key's types.

        A text that looks like a time stays text, if it is a key: times that differ in what a
        column of times does not hold would be one.
        """
        for field, column in self._key_columns(schema):
            name = schema.naming.normalize_identifier(field)
            if "data_type" not in column and field in self._types:
                data_type: TDataType = "bigint" if self._types[field] == NUMBER else "text"
                columns: TTableSchemaColumns = {name: {"name": name, "data_type": data_type}}
                schema.update_table({"name": self._resource, "columns": columns})

    def with_key(self, came: Sequence[Row | None]) -> list[Row]:
        """Count rows; gives those that may be loaded and have a key, without which they cannot be.

        Args:
            came: Rows, with None in the place of those that are private as a whole.

        Raises:
            ApiError: As `has_key`.
        """
        if self._have_keys(came):
            self.received += len(came)
            return [row for row in came if row is not None]
        return [row for row in came if self.has_key(row) and row is not None]

    def _have_keys(self, rows: Sequence[Row | None]) -> bool:
        """True if, at a glance, all rows have keys of the types that keys had before."""
        kinds: dict[str, str] = {}
        for field in self._primary_key:
            kind = _kind_of([None if row is None else row.get(field) for row in rows])
            if kind is None or field in self._times or self._types.get(field, kind) != kind:
                return False
            kinds[field] = kind
        self._types.update(kinds)
        return True

    def has_key(self, row: Row | None) -> bool:
        """Count the row; True if it may be loaded and has a key, without which it cannot be.

        Raises:
            ApiError: A key is neither text nor a whole number, or not what it was before.
        """
        self.received += 1
        if row is None:
            self.withheld += 1
            return False
        if any(row.get(field) is None for field in self._primary_key):
            self.without_key += 1
            return False
        for field in self._primary_key:
            found = _type_of_key(row[field])
            expected = self._types.get(field, found)
            if found == TEXT and field in self._times and not is_whole_time(row[field]):
                expected = "a time"
            if found != expected or found not in (NUMBER, TEXT):
                raise ApiError(
                    f"{self._resource}: {field} came as {found}"
                    + (f", and was {expected} before" if found != expected else "")
                    + f", in row {self.received} of this run, of which nothing was loaded. "
                    f"If the API changed for good, {self._anew}"
                )
            self._types[field] = found
        return True

    def _key_columns(self, schema: Schema) -> Iterator[tuple[str, TColumnSchema]]:
        columns = schema.tables.get(self._resource, {}).get("columns", {})
        for field in self._primary_key:
            yield field, columns.get(schema.naming.normalize_identifier(field), {})


def _kind_of(values: list[Any]) -> str | None:
    """The type that all of a page's keys have, or None if one has another, or is missing."""
    kinds = set(map(type, values))
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind is int and not (min(values) >= -BIGGEST - 1 and max(values) <= BIGGEST):
        return None
    return _KEYS.get(kind) if kind else None


def _type_of_key(value: Any) -> str:
    if isinstance(value, str):
        return TEXT
    if isinstance(value, bool) or not isinstance(value, int):
        return {float: "a fraction", bool: "a boolean"}.get(type(value), "a list or an object")
    return NUMBER if -BIGGEST - 1 <= value <= BIGGEST else "a number beyond 64 bits"
