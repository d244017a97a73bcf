"""What happens to each row between the API's answer and the warehouse."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from dlt.common.schema import Schema

from email_assets.clock import now
from email_assets.errors import ApiError
from email_assets.instants import as_utc
from email_assets.normalizer import BIGGEST, Fields
from email_assets.sync.digests import DLT_ID, Digests, digest_in, digest_of

Row = dict[str, Any]


class Rows:
    """Numbers the rows, sets those without a primary key aside, and holds keys to one type.

    Args:
        resource: The resource's name, for sentences.
        primary_key: Fields that identify a row.
        never_load: Fields to drop, as dotted paths.
        cursor_path: The field that says when a row came about, or None.

    Attributes:
        received: Rows that came.
        without_key: Rows among them that lack a part of the primary key; they cannot be loaded.
        unchanged: Rows among them that the warehouse holds already.
        cursor_path: The field that says when a row came about, or None.
        newest: The latest time in the cursor's field so far, or None.
    """

    def __init__(
        self,
        resource: str,
        primary_key: Sequence[str],
        never_load: Iterable[str] = (),
        cursor_path: str | None = None,
    ) -> None:
        self.received = 0
        self.without_key = 0
        self.unchanged = 0
        self.newest: datetime | None = None
        self._resource = resource
        self._primary_key = primary_key
        self._never_load = [path.split(".") for path in never_load]
        self.cursor_path = cursor_path
        self._cursor_path = cursor_path.split(".") if cursor_path else []
        self._types: dict[str, str] = {}
        self._fields = Fields(resource, [*primary_key, *self._cursor_path[:1]])
        self._stamp = f"{int(now().timestamp() * 1e9):016x}"
        self._numbers = itertools.count()
        self._stored = Digests()
        self._changed: set[int] = set()

    @property
    def new(self) -> int:
        """Rows among those that came which are to be loaded."""
        return self.received - self.without_key - self.unchanged

    def expect_types_of(self, schema: Schema) -> None:
        """Hold the primary key to the types that the warehouse's table has for it."""
        columns = schema.tables.get(self._resource, {}).get("columns", {})
        for field in self._primary_key:
            column = columns.get(schema.naming.normalize_identifier(field), {})
            if data_type := column.get("data_type"):
                self._types[field] = "a number" if data_type == "bigint" else "text"

    def leave_out(self, stored: Digests) -> None:
        """Do not load again what the warehouse holds as it is."""
        self._stored = stored

    def prepare(self, row: Row) -> Row:
        """The row as dlt is to have it: without secrets, and with a `_dlt_id` that grows.

        By it the last of several rows with one key stays: dlt keeps a `_dlt_id` that a row brings,
        and deduplicates by the column that says so. It ends with the row's digest.
        """
        for path in self._never_load:
            row = _without(row, path)
        row = self._fields.suit(row)
        # a copy: whoever gave the row may still look at it
        return {**row, DLT_ID: f"{self._stamp}{next(self._numbers):08x}{digest_of(row)}"}

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
                    f"its {self._resource}__… tables, and run again, which loads everything anew."
                )
            self._types[field] = found
        return True

    def is_new(self, row: Row) -> bool:
        """Whether the warehouse lacks the row as it is; counts it if not.

        Once a row has changed, all others of its key are new, since the last one is to stay.
        """
        if not self._stored:
            return True
        key = hash(tuple(row[field] for field in self._primary_key))
        if key not in self._changed and digest_in(row[DLT_ID]) in self._stored:
            self.unchanged += 1
            return False
        self._changed.add(key)
        return True

    def note_time(self, row: Row) -> bool:
        """Whether the row is the newest so far. A time to come counts as now."""
        at = self.time_of(row)
        if at is None or (self.newest is not None and at <= self.newest):
            return False
        self.newest = min(at, now())
        return True

    def time_of(self, row: Row) -> datetime | None:
        """When a row came about, or None if it does not say.

        Raises:
            ApiError: The field holds something that is no time.
        """
        value: Any = row
        for field in self._cursor_path:
            value = value.get(field) if isinstance(value, dict) else None
        if value is None or value == "":
            return None
        try:
            return as_utc(value)
        except (ValueError, TypeError, OverflowError):
            pass
        raise ApiError(
            f"{self._resource}: {'.'.join(self._cursor_path)}, the cursor_path, holds something "
            "that is no time. Set another cursor_path, or none to load everything each time."
        )


def _without(value: Any, path: Sequence[str]) -> Any:
    """A copy of a value without what is at a path; lists on the way are entered."""
    if isinstance(value, list):
        return [_without(item, path) for item in value]
    if not isinstance(value, dict) or path[0] not in value:
        return value
    field, rest = path[0], path[1:]
    if rest:
        return {**value, field: _without(value[field], rest)}
    return {name: item for name, item in value.items() if name != field}


def _type_of_key(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool) or not isinstance(value, int):
        return {float: "a fraction", bool: "a boolean"}.get(type(value), "a list or an object")
    return "a number" if -BIGGEST - 1 <= value <= BIGGEST else "a number beyond 64 bits"
