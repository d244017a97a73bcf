"""The steps of each row between the API's answer and the warehouse."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from dlt.common.schema import Schema

from email_assets.clock import now
from email_assets.dlt_columns import DLT_ID
from email_assets.errors import ApiError
from email_assets.instants import as_utc, latest_of
from email_assets.privacy.paths import changed_at, leave_out, noting, readings
from email_assets.privacy.rows import PrivateRows
from email_assets.sync.digests import (
    Digests,
    digest_of,
    dlt_id_of,
    items_in,
    stamp_of,
    with_items,
)
from email_assets.sync.fields import Fields
from email_assets.sync.keys import Keys

Row = dict[str, Any]

YEAR_OF_NO_TIME = (1969, 9999)
"""Up to this year, and from this year on, a time stands for none."""
_LIKE_A_TIME = re.compile(r"[+-]?\d{4,}[-/]\d\d[-/]\d\d", re.ASCII)
"""Text that is written as a time, be there such a day or not."""


class Rows(Keys):
    """Numbers the rows, sets aside those that cannot be loaded, and those that need not be.

    Args:
        resource: The resource's name, for sentences.
        primary_key: Fields that identify a row.
        never_load: Fields to drop, as dotted paths; a dot may be part of a field's own name.
        cursor_path: The field that says when a row came about, or None.
        nesting: Levels of objects and lists that become columns and tables, or None for the usual.
        private: Takes out what is private, or None.
        as_json: Columns that the vendor's file wants to be JSON.

    Attributes:
        unchanged: Rows among those that came that the warehouse holds already.
        cursor_path: The field that says when a row came about, or None.
        newest: The latest time in the cursor's field so far, or None.
        never_had: Fields that are never to be loaded, and that no row had so far.
    """

    def __init__(
        self,
        resource: str,
        primary_key: Sequence[str],
        never_load: Iterable[str] = (),
        cursor_path: str | None = None,
        nesting: int | None = None,
        private: PrivateRows | None = None,
        as_json: Collection[str] = (),
    ) -> None:
        super().__init__(resource, primary_key)
        self.unchanged = 0
        self.newest: datetime | None = None
        self.never_had = {*never_load}
        self._never_load = [
            (path, noting(self.never_had, name, leave_out))
            for name in sorted(self.never_had)
            for path in readings(name.split("."))
        ]
        self._private = private
        self.cursor_path = cursor_path
        self._cursor_path = cursor_path.split(".") if cursor_path else []
        self._holds_times = self._holds_others = False
        first = [[field] for field in primary_key]
        first += [self._cursor_path] if cursor_path else []
        self._fields = Fields(resource, first, nesting, as_json)
        self._stamp = stamp_of(now())
        self._numbers = itertools.count()
        self._stored = Digests()
        self._nesting, self._looks_early = nesting, False
        self._changed: set[int] = set()

    @property
    def new(self) -> int:
        """Rows among those that came which are to be loaded."""
        return self.received - self.withheld - self.without_key - self.unchanged

    def keep_in(self, schema: Schema, say: Callable[[str], None]) -> None:
        """Let the schema that the rows are loaded with know their fields and the key's types.

        Args:
            schema: The schema that dlt stores with the rows.
            say: Told what is loaded in another form than people may expect.
        """
        self._fields.keep_in(schema, say)
        self.keep_types_in(schema)

    def leave_out(self, stored: Digests) -> None:
        """Do not load again what the warehouse holds as it is."""
        self._stored = stored
        # where lists may become JSON, or have been it, only the layout tells a row's items
        self._looks_early = bool(stored) and self._nesting is None

    def without_secrets(self, rows: Sequence[Row]) -> Sequence[Row | None]:
        """Rows without the fields that are never loaded and what is private; None where all is."""
        if not self._never_load and not (self._private and self._private.changes_rows):
            return rows
        return [self._without_secrets(row) for row in rows]

    def _without_secrets(self, row: Row) -> Row | None:
        for path, note_and_leave_out in self._never_load:
            row = changed_at(row, path, note_and_leave_out)
        return self._private.prepare(row) if self._private else row

    def prepare_new(self, rows: Sequence[Row]) -> list[Row]:
        """The rows of a page that the warehouse lacks, as dlt is to have them.

        Each gets a `_dlt_id` that grows and ends with the row's digest. By it the last of several
        rows with one key stays: dlt keeps a `_dlt_id` that a row brings, and deduplicates by the
        column that says so.
        """
        if not self._stored:
            suited = zip(rows, self._fields.suit_all(rows), strict=True)
            return [self._numbered(row, digest_of(came)) for came, row in suited]
        found = []
        for row in rows:
            digest = digest_of(row)
            # most rows that are stored end here, and are not brought into dlt's form
            if self._looks_early and self._is_unchanged(row, digest, items_in(row.values())):
                continue
            new = self._fields.suit(row)
            if self._is_unchanged(row, digest, self._fields.items):
                continue
            self._changed.add(self._hash_of_key(row))
            found.append(self._numbered(new, digest))
        return found

    def _numbered(self, row: Row, digest: int) -> Row:
        # a copy: whoever gave the row may still look at it
        return {**row, DLT_ID: dlt_id_of(digest, self._stamp, next(self._numbers))}

    def _is_unchanged(self, row: Row, digest: int, items: int) -> bool:
        """True if the warehouse holds the row as it is, with so many nested rows; counts it then.

        Once a row has changed, all others of its key are new, since the last one is to stay.
        """
        if with_items(digest, items) not in self._stored:
            return False
        if self._changed and self._hash_of_key(row) in self._changed:
            return False
        self.unchanged += 1
        return True

    def _hash_of_key(self, row: Row) -> int:
        return hash(tuple([row[field] for field in self._primary_key]))

    def note_times(self, rows: Iterable[Row]) -> bool:
        """Remember the times of rows; True if one of them is the newest."""
        values = list(map(self._cursor_value, rows))
        latest = latest_of(values)
        if latest is None or self._time_in(latest) is None:
            found = [self._note_time(value) for value in values]
            return any(found)
        return self._note_time(latest)

    def _note_time(self, value: Any) -> bool:
        """Remember a time, where a time to come counts as now; True if it is the newest."""
        at = self._time_in(value)
        if at is None or (self.newest is not None and at <= self.newest):
            return False
        self.newest = min(at, now())
        return True

    def time_of(self, row: Row) -> datetime | None:
        """The time at which a row came about, or None if it does not say.

        A time at the edge of the calendar, such as the year 1 or 9999, stands for none.
        """
        return self._time_in(self._cursor_value(row))

    def _cursor_value(self, row: Row) -> Any:
        value: Any = row
        for field in self._cursor_path:
            value = value.get(field) if isinstance(value, dict) else None
        return value

    def _time_in(self, value: Any) -> datetime | None:
        if value is None or value == "":
            return None
        try:
            at = as_utc(value)
        except (ValueError, TypeError, OverflowError):
            is_alike = isinstance(value, str) and _LIKE_A_TIME.match(value)
            self._holds_others = self._holds_others or not is_alike
            return None
        self._holds_times = True
        return at if YEAR_OF_NO_TIME[0] < at.year < YEAR_OF_NO_TIME[1] else None

    def refuse_other_than_times(self) -> None:
        """Refuse a cursor's field that is none of times, as all of its values so far tell.

        Raises:
            ApiError: There are some, and none is a time.
        """
        if self._holds_others and not self._holds_times:
            raise ApiError(
                f"{self._resource}: {self.cursor_path}, the cursor_path, holds something that is "
                "no time. Set another cursor_path, or none to load everything each time."
            )
