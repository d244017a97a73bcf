"""Takes out of an API's rows what is not to be loaded, before anything is made of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from email_assets.clock import now
from email_assets.instants import as_utc
from email_assets.privacy.forgotten import Forgotten
from email_assets.privacy.paths import FieldPath, changed_at, leave_out, noting, readings
from email_assets.privacy.pseudonyms import Pseudonyms
from email_assets.settings.privacy import PrivateFields, salt

Row = dict[str, Any]


def kept_since(fields: PrivateFields) -> datetime | None:
    """The instant before which rows are not kept, or None where all are."""
    return now() - timedelta(days=fields.keep_days) if fields.keep_days else None


class PrivateRows:
    """Leaves out people who are forgotten and rows that are too old, and hashes and drops fields.

    Args:
        resource: The resource's name.
        fields: Its private fields.

    Attributes:
        forgotten: The people who are forgotten, once the warehouse has told; None if nobody is.

    Raises:
        SettingError: Fields are to be hashed, and there is no salt.
    """

    def __init__(self, resource: str, fields: PrivateFields) -> None:
        self.forgotten: Forgotten | None = None
        self._resource = resource
        self._time = fields.time.split(".") if fields.time else []
        self._before = kept_since(fields)
        changes: list[tuple[FieldPath, Callable[[Any], Any]]] = []
        changes += [(tuple(path), leave_out) for path in fields.dropped]
        if fields.hashed:
            pseudonyms = Pseudonyms(salt(f"{resource}: [privacy] hash names fields of it"))
            changes += [(tuple(path), pseudonyms.of_value) for path in fields.hashed]
        self._missing = {path for path, _ in changes}
        self._changes = [
            (reading, noting(self._missing, path, change))
            for path, change in changes
            for reading in readings(path)
        ]

    def prepare(self, row: Row) -> Row | None:
        """A row as it may be loaded, or None if it may not."""
        if self.forgotten:
            left = self.forgotten.row_without(row)
            if left is None:
                return None
            row = left
        if self._before and self._is_older(row, self._before):
            return None
        for path, change in self._changes:
            row = changed_at(row, path, change)
        return row

    @property
    def withholds(self) -> bool:
        """True if rows may be kept out as a whole."""
        return self.forgotten is not None or self._before is not None

    @property
    def changes_rows(self) -> bool:
        """True if rows may come out other than they came, or not at all."""
        return self.withholds or bool(self._changes)

    @property
    def missing(self) -> list[str]:
        """The fields that no row had so far; perhaps their names are misspelled."""
        return sorted(".".join([self._resource, *path]) for path in self._missing)

    def _is_older(self, row: Row, instant: datetime) -> bool:
        value: Any = row
        for field in self._time:
            value = value.get(field) if isinstance(value, dict) else None
        try:
            return value is not None and as_utc(value) < instant
        except (ValueError, TypeError, OverflowError):
            return False  # it does not say when it came about
