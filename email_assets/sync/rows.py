"""The steps of each row between the API's answer and the warehouse."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from dlt.common.data_types import TDataType
from dlt.common.schema import Schema
from dlt.common.schema.typing import TColumnSchema, TTableSchemaColumns

from email_assets.clock import now
from email_assets.errors import ApiError
from email_assets.instants import as_utc
from email_assets.normalizer import BIGGEST, is_whole_time
from email_assets.privacy.paths import changed_at, leave_out
from email_assets.privacy.rows import PrivateRows
from email_assets.sync.digests import Digests, digest_in, digest_of, with_items
from email_assets.sync.dlt_columns import DLT_ID
from email_assets.sync.fields import Fields

Row = dict[str, Any]

YEAR_OF_NO_TIME = (1969, 9999)
"""Up to this year, and from this year on, a time stands for none."""
_LIKE_A_TIME = re.compile(r"[+-]?\d{4,}[-/]\d\d[-/]\d\d", re.ASCII)
"""Text that is written as a time, be there such a day or not."""


class Rows:
    """Numbers the rows, sets those without a primary key aside, and holds keys to one type.

    Args:
        resource: The resource's name, for sentences.
        primary_key: Fields that identify a row.
        never_load: Fields to drop, as dotted paths.
        cursor_path: The field that says when a row came about, or None.
        nesting: Levels of objects and lists that become columns and tables, or None for the usual.
        private: Takes out what is private, or None.

    Attributes:
        received: Rows that came.
        withheld: Rows among them that are private as a whole, and are not loaded.
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
        nesting: int | None = None,
        private: PrivateRows | None = None,
    ) -> None:
        self.received = 0
        self.withheld = 0
        self.without_key = 0
        self.unchanged = 0
        self.newest: datetime | None = None
        self._resource = resource
        self._primary_key = primary_key
        self._never_load = [path.split(".") for path in never_load]
        self._private = private
        self.cursor_path = cursor_path
        self._cursor_path = cursor_path.split(".") if cursor_path else []
        self._types: dict[str, str] = {}
        self._times: set[str] = set()
        first = [[field] for field in primary_key]
        first += [self._cursor_path] if cursor_path else []
        self._fields = Fields(resource, first, nesting)
        self._stamp = f"{int(now().timestamp() * 1e9):016x}"
        self._numbers = itertools.count()
        self._stored = Digests()
        self._changed: set[int] = set()

    @property
    def new(self) -> int:
        """Rows among those that came which are to be loaded."""
        return self.received - self.withheld - self.without_key - self.unchanged

    def expect_types_of(self, schema: Schema) -> None:
        """Hold the primary key to the types that the warehouse's table has for it."""
        for field, column in self._key_columns(schema):
            if data_type := column.get("data_type"):
                self._types[field] = "a number" if data_type == "bigint" else "text"
                if data_type == "timestamp":
                    self._times.add(field)

    def keep_in(self, schema: Schema, say: Callable[[str], None]) -> None:
        """Let the schema that the rows are loaded with know their fields and the key's types.

        A text that looks like a time stays text, if it is a key: times that differ in what a
        column of times does not hold would be one.

        Args:
            schema: The schema that dlt stores with the rows.
            say: Told what is loaded in another form than people may expect.
        """
        self._fields.keep_in(schema, say)
        for field, column in self._key_columns(schema):
            name = schema.naming.normalize_identifier(field)
            if "data_type" not in column and field in self._types:
                data_type: TDataType = "bigint" if self._types[field] == "a number" else "text"
                columns: TTableSchemaColumns = {name: {"name": name, "data_type": data_type}}
                schema.update_table({"name": self._resource, "columns": columns})

    def leave_out(self, stored: Digests) -> None:
        """Do not load again what the warehouse holds as it is."""
        self._stored = stored

    def without_secrets(self, row: Row) -> Row | None:
        """The row without the fields that are never loaded and what is private; None if all is."""
        for path in self._never_load:
            row = changed_at(row, path, leave_out)
        return self._private.prepare(row) if self._private else row

    def prepare(self, row: Row) -> Row:
        """The row as dlt is to have it, with a `_dlt_id` that grows.

        By it the last of several rows with one key stays: dlt keeps a `_dlt_id` that a row brings,
        and deduplicates by the column that says so. It ends with the row's digest.
        """
        digest = digest_of(row)
        # a copy: whoever gave the row may still look at it
        return {
            **self._fields.suit(row),
            DLT_ID: f"{self._stamp}{next(self._numbers):08x}{digest}",
        }

    def prepare_new(self, row: Row) -> Row | None:
        """The row as dlt is to have it, or None if the warehouse holds it already."""
        prepared = self.prepare(row)
        return prepared if self._is_new(prepared, self._fields.items) else None

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
            if found == "text" and field in self._times and not is_whole_time(row[field]):
                expected = "a time"
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

    def _is_new(self, row: Row, items: int) -> bool:
        """True if the warehouse lacks the row as it is, with its nested rows; counts it if not.

        Once a row has changed, all others of its key are new, since the last one is to stay.
        """
        if not self._stored:
            return True
        key = hash(tuple(row[field] for field in self._primary_key))
        if key not in self._changed and with_items(digest_in(row[DLT_ID]), items) in self._stored:
            self.unchanged += 1
            return False
        self._changed.add(key)
        return True

    def note_time(self, row: Row) -> bool:
        """Remember the row's time, where a time to come counts as now; True if it is the newest."""
        at = self.time_of(row)
        if at is None or (self.newest is not None and at <= self.newest):
            return False
        self.newest = min(at, now())
        return True

    def time_of(self, row: Row) -> datetime | None:
        """The time at which a row came about, or None if it does not say.

        A time at the edge of the calendar, such as the year 1 or 9999, stands for none.

        Raises:
            ApiError: The field holds something that is no time.
        """
        value: Any = row
        for field in self._cursor_path:
            value = value.get(field) if isinstance(value, dict) else None
        if value is None or value == "":
            return None
        try:
            at = as_utc(value)
        except (ValueError, TypeError, OverflowError):
            if isinstance(value, str) and _LIKE_A_TIME.match(value):
                return None
        else:
            return at if YEAR_OF_NO_TIME[0] < at.year < YEAR_OF_NO_TIME[1] else None
        raise ApiError(
            f"{self._resource}: {'.'.join(self._cursor_path)}, the cursor_path, holds something "
            "that is no time. Set another cursor_path, or none to load everything each time."
        )

    def _key_columns(self, schema: Schema) -> Iterator[tuple[str, TColumnSchema]]:
        columns = schema.tables.get(self._resource, {}).get("columns", {})
        for field in self._primary_key:
            yield field, columns.get(schema.naming.normalize_identifier(field), {})


def _type_of_key(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool) or not isinstance(value, int):
        return {float: "a fraction", bool: "a boolean"}.get(type(value), "a list or an object")
    return "a number" if -BIGGEST - 1 <= value <= BIGGEST else "a number beyond 64 bits"
