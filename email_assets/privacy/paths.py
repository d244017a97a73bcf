"""Changes what is at a path in a row, without a change of the row itself."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

FieldPath = tuple[str, ...]
Name = TypeVar("Name", bound=Hashable)

LEFT_OUT: Any = object()
"""The value of a field that a row is not to have."""


def leave_out(_: Any) -> Any:
    """A change by which the field is gone."""
    return LEFT_OUT


def noting(missing: set[Name], name: Name, change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A change that takes its field's name out of those that no row had so far."""

    def noted(value: Any) -> Any:
        missing.discard(name)
        return change(value)

    return noted


def readings(path: Sequence[str]) -> list[FieldPath]:
    """The paths that a name with dots may stand for: a dot may be part of a field's own name."""
    if len(path) < 2:
        return [tuple(path)]
    first, second, *others = path
    return [
        *((first, *rest) for rest in readings([second, *others])),
        *readings([f"{first}.{second}", *others]),
    ]


def changed_at(value: Any, path: Sequence[str], change: Callable[[Any], Any]) -> Any:
    """A copy of a value with what is at a path changed; lists on the way are entered."""
    if isinstance(value, list):
        return [changed_at(item, path, change) for item in value]
    if not isinstance(value, dict) or path[0] not in value:
        return value
    field, rest = path[0], path[1:]
    new = changed_at(value[field], rest, change) if rest else change(value[field])
    if new is LEFT_OUT:
        return {name: item for name, item in value.items() if name != field}
    return {**value, field: new}
