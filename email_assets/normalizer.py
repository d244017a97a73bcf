"""Makes tables of rows as dlt does, except that no value changes or goes missing on the way.

The schemas in warehouses name this module, by which dlt finds `DataItemNormalizer`: it keeps its
name and place.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from dlt.common.data_types import TDataType
from dlt.common.json import PUA_CHARACTER_MAX, PUA_START
from dlt.common.normalizers.json import TNormalizedRowIterator, relational
from dlt.common.normalizers.naming import NamingConvention
from dlt.common.schema import Schema
from dlt.common.schema.detections import is_iso_timestamp
from dlt.common.typing import TDataItem

BIGGEST = 2**63 - 1
SMALLEST = -(2**63)
BIGGEST_IN_DOUBLE = 2**53
"""From here on a double does not hold every whole number."""

FIRST_MARK, LAST_MARK = chr(PUA_START), chr(PUA_START + PUA_CHARACTER_MAX)
"""Private characters with which dlt marks text in its files that is to become something else."""
VERBATIM = "_dlt_verbatim"
"""A field that says of a row that dlt would decode text of it, and is to leave that as it is."""

PLAIN_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6})?Z", re.ASCII)
"""Times that a column of times holds so that no other text is the same in it."""


class DataItemNormalizer(relational.DataItemNormalizer):
    """Makes tables of rows as dlt does, except that a value never changes to suit its column.

    Where Python can, dlt forces a value into the type of its column: 5 becomes true, "007" becomes
    7, and 7 becomes a moment in 1970. Here such a value gets what dlt gives to one that it cannot
    force: a column of its own, `<column>__v_<type>`.
    """

    def normalize_data_item(
        self, item: TDataItem, load_id: str, table_name: str
    ) -> TNormalizedRowIterator:
        """The rows that an item becomes, of all tables."""
        if isinstance(item, dict) and item.pop(VERBATIM, False):
            item = _verbatim(item)
        return super().normalize_data_item(item, load_id, table_name)

    def can_coerce_type(self, to_type: TDataType, from_type: TDataType) -> bool:
        """True if every value fits; about the others, dlt asks `coerce_type` one by one."""
        return to_type in (from_type, "text")

    def coerce_type(self, to_type: TDataType, from_type: TDataType, value: Any) -> Any:
        """The value in the column's type, or what makes dlt give it a column of its own."""
        with suppress(ValueError, OverflowError):
            if to_type == "timestamp" and from_type == "text" and PLAIN_TIME.fullmatch(value):
                # the same as dlt makes of it, in a tenth of the time
                return datetime.fromisoformat(f"{value[:-1]}+00:00")
            if self.can_coerce_type(to_type, from_type) or _keeps(to_type, from_type, value):
                coerced = super().coerce_type(to_type, from_type, value)
                if isinstance(coerced, datetime) and coerced.tzinfo:
                    coerced.astimezone(timezone.utc)  # beyond the calendar it is no time
                return coerced
        is_no_time = to_type == "timestamp" and from_type == "text"
        return lambda: (from_type, _Text(value) if is_no_time else value)


def is_whole_time(value: Any) -> bool:
    """True if a column of times holds a text so that no other text is the same in it."""
    return isinstance(value, str) and PLAIN_TIME.fullmatch(value) is not None


def is_marked(text: str) -> bool:
    """True if dlt would decode a text, as one that it has marked itself."""
    return len(text) > 1 and FIRST_MARK <= text[0] <= LAST_MARK


def column_of(field: str, naming: NamingConvention) -> str:
    """The column of an API's field, which is a dotted path where it lies in others."""
    return naming.make_path(*map(naming.normalize_identifier, field.split(".")))


def open_schema(resource: str) -> Schema:
    """An empty schema by which no value changes on its way into a table."""
    return Schema(resource, normalizers={"json": {"module": __name__}})


def _verbatim(value: Any) -> Any:
    """A value whose text dlt does not decode."""
    if isinstance(value, str):
        return _Verbatim(value) if is_marked(value) else value
    if isinstance(value, list):
        return [_verbatim(item) for item in value]
    if isinstance(value, dict):
        return {key: _verbatim(part) for key, part in value.items()}
    return value


class _Verbatim(str):
    """A text that dlt does not decode, as it passes over text of one character."""

    def __len__(self) -> int:
        return 1


class _Text(str):
    """A text that dlt does not take for a time.

    dlt looks at a value again to find the type of the column that it gets for itself, and passes
    over what is false.
    """

    def __bool__(self) -> bool:
        return False


def _keeps(column: TDataType, found: TDataType, value: Any) -> bool:
    """True if a column of one type holds a value of another as it is."""
    if column == "double":
        return found == "bigint" and abs(value) <= BIGGEST_IN_DOUBLE
    if column == "bigint":
        return found == "double" and abs(value) <= BIGGEST_IN_DOUBLE
    if column == "timestamp":
        # what dlt takes for one, not every text of digits that can be read as seconds since 1970
        return found == "text" and ("T" in value or is_iso_timestamp(str, value) is not None)
    return False
