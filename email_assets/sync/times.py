"""Times that an API writes as RFC 2822 or as a number, for columns that hold times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timezone
from typing import Any

from email_assets.instants import as_utc

Row = dict[str, Any]


class Times:
    """Writes times in ISO 8601, of which dlt makes timestamps; what is no time stays as it came.

    Args:
        columns: Columns whose hint is dlt's `timestamp`, as dlt names them: `created`, or
            `delivery__at` of what lies in an object.
    """

    def __init__(self, columns: Iterable[str]) -> None:
        self._paths = {column: tuple(column.split("__")) for column in columns}

    def leave(self, column: str) -> None:
        """Let the values of a column be as they come."""
        self._paths.pop(column, None)

    def read(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Rows with times that dlt knows: the same ones, where nothing has to change."""
        for path in self._paths.values():
            rows = [_with_time(row, path) for row in rows]
        return rows


def _with_time(value: Any, path: tuple[str, ...]) -> Any:
    if not path:
        return _in_iso(value)
    # a field may have the two underscores in its own name
    for length in range(1, len(path) + 1):
        field = "__".join(path[:length])
        if isinstance(value, dict) and value.get(field) is not None:
            found = _with_time(value[field], path[length:])
            return value if found is value[field] else {**value, field: found}
    return value


def _in_iso(value: Any) -> Any:
    is_text = isinstance(value, str) and (value[:1].isalpha() or value.isdecimal())
    if not is_text and not isinstance(value, (int, float)):
        return value
    try:
        at = as_utc(value)
    except (ValueError, TypeError, OverflowError):
        return value
    return at.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")
