"""Values of one column as Arrow has them, where each of them suits the column exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from dlt.common.json import json

from email_assets.normalizer import BIGGEST_IN_DOUBLE, PLAIN_TIME
from email_assets.warehouse.nul import NUL, VISIBLE_NUL

NOTHING = type(None)
KINDS: dict[str, frozenset[type]] = {
    "text": frozenset({str}),
    "bigint": frozenset({int}),
    "bool": frozenset({bool}),
    "double": frozenset({float, int}),
    "timestamp": frozenset({str}),
    "json": frozenset({dict, list}),
}
"""The types of values that each type of column takes here; of others, none."""
TIMESTAMP = pa.timestamp("us", "UTC")
FIRST_MOMENT = datetime.min
"""Arrow knows a year 0, and Python does not."""


class UnfitColumnError(Exception):
    """A column does not take these values as they are."""


def misfits_in(values: Sequence[Any], data_type: str | None, arrow: pa.DataType) -> list[int]:
    """The positions of values that do not suit a column.

    Args:
        values: Values as JSON has them; None suits every column.
        data_type: dlt's type of the column, or None if it has none yet.
        arrow: Arrow's type of it.
    """
    kinds = set(map(type, values)) - {NOTHING}
    allowed = KINDS.get(data_type or "", frozenset())
    if data_type == "timestamp" and arrow != TIMESTAMP:
        allowed = frozenset()
    misfits = []
    if not kinds <= allowed:
        misfits = [
            at
            for at, value in enumerate(values)
            if value is not None and type(value) not in allowed
        ]
    if data_type in _FITS and (data_type != "double" or int in kinds):
        if data_type == "timestamp" and not misfits and _are_times(values):
            return misfits
        fits = _FITS[data_type]
        misfits += [
            at for at, value in enumerate(values) if type(value) in allowed and not fits(value)
        ]
    return misfits


def array_of(values: Sequence[Any], data_type: str | None, arrow: pa.DataType) -> pa.Array:
    """The values of a column, all of which suit it.

    Raises:
        UnfitColumnError: One of them cannot be written.
    """
    if data_type == "json":
        values = [None if value is None else json.dumps(value) for value in values]
    elif data_type == "double":
        values = [None if value is None else float(value) for value in values]
    try:
        if data_type == "timestamp":
            return pa.array(values, pa.string()).cast(arrow)
        return pa.array(values, arrow)
    except (pa.ArrowInvalid, OverflowError, UnicodeError):
        raise UnfitColumnError from None


def with_nul_in(array: pa.Array) -> list[bool | None]:
    """Tells of each text of a column whether it holds a NUL; empty if none does."""
    if not pa.types.is_string(array.type):
        return []
    # as it is, or as JSON writes it
    found = pc.or_(pc.match_substring(array, NUL), pc.match_substring(array, VISIBLE_NUL))
    return found.to_pylist() if pc.any(found).as_py() else []


def _are_times(values: Sequence[Any]) -> bool:
    """True if all values are times that a column of times holds exactly, seen at one glance."""
    texts = pa.array(values, pa.string())
    pattern = f"^{PLAIN_TIME.pattern}$"
    if not pc.all(pc.match_substring_regex(texts, pattern), min_count=0).as_py():
        return False
    try:
        first = pc.min(texts.cast(TIMESTAMP).cast(pa.timestamp("us"))).as_py()
    except (pa.ArrowInvalid, OverflowError, ValueError):
        return False
    return first is None or first >= FIRST_MOMENT


def _is_time(value: str) -> bool:
    if not PLAIN_TIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(f"{value[:-1]}+00:00")
    except ValueError:
        return False
    return True


_FITS: dict[str, Callable[[Any], bool]] = {
    "double": lambda value: type(value) is float or abs(value) <= BIGGEST_IN_DOUBLE,
    "timestamp": _is_time,
}
"""A test that each value of the right type has to pass."""
