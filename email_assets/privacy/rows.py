"""Takes out of an API's rows what is not to be loaded, before anything is made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from email_assets.privacy.forgotten import Forgotten
from email_assets.privacy.paths import changed_at, leave_out
from email_assets.privacy.pseudonyms import Pseudonyms
from email_assets.settings.privacy import PrivateFields, salt

Row = dict[str, Any]


class PrivateRows:
    """Takes people who are forgotten out of a resource's rows, and hashes and drops fields.

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
        changes: list[tuple[tuple[str, ...], Callable[[Any], Any]]] = []
        changes += [(tuple(path), leave_out) for path in fields.dropped]
        if fields.hashed:
            pseudonyms = Pseudonyms(salt(f"{resource}: [privacy] hash names fields of it"))
            changes += [(tuple(path), pseudonyms.of_value) for path in fields.hashed]
        self._missing = {path for path, _ in changes}
        self._changes = [(path, self._noting(path, change)) for path, change in changes]

    def prepare(self, row: Row) -> Row | None:
        """A row as it may be loaded, or None if it may not."""
        if self.forgotten:
            left = self.forgotten.row_without(row)
            if left is None:
                return None
            row = left
        for path, change in self._changes:
            row = changed_at(row, path, change)
        return row

    @property
    def withholds(self) -> bool:
        """True if rows may be kept out as a whole."""
        return self.forgotten is not None

    @property
    def missing(self) -> list[str]:
        """The fields that no row had so far; perhaps their names are misspelled."""
        return sorted(".".join([self._resource, *path]) for path in self._missing)

    def _noting(self, path: tuple[str, ...], change: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def noted(value: Any) -> Any:
            self._missing.discard(path)
            return change(value)

        return noted
