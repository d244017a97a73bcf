"""What happens to each row between the API's answer and the warehouse."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from typing import Any

from dlt.common.schema import Schema

from email_assets.api.errors import ApiError

BIGGEST = 2**63 - 1


class Rows:
    """Numbers the rows, sets those without a primary key aside, and holds keys to one type.

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
        self._stamp = f"{time.time_ns():016x}"
        self._numbers = itertools.count()

    def expect_types_of(self, schema: Schema) -> None:
        """Hold the primary key to the types that the warehouse's table has for it."""
        columns = schema.tables.get(self._resource, {}).get("columns", {})
        for field in self._primary_key:
            column = columns.get(schema.naming.normalize_identifier(field), {})
            if data_type := column.get("data_type"):
                self._types[field] = "a number" if data_type == "bigint" else "text"

    def number(self, row: dict[str, Any]) -> dict[str, Any]:
        """The row with a `_dlt_id` that grows, by which the last of two rows with one key stays.

        dlt keeps a `_dlt_id` that a row brings, and deduplicates by the column that says so.
        """
        # a copy: the paginator keeps the page as it came, to compare the next one with it
        return {**row, "_dlt_id": f"{self._stamp}{next(self._numbers):08x}"}

    def has_key(self, row: dict[str, Any]) -> bool:
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


def _type_of_key(value: Any) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool) or not isinstance(value, int):
        return {float: "a fraction", bool: "a boolean"}.get(type(value), "a list or an object")
    return "a number" if -BIGGEST - 1 <= value <= BIGGEST else "a number beyond 64 bits"
