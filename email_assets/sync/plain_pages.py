"""Tells at a glance that dlt makes the right columns and tables of a whole page by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from email_assets.normalizer import BIGGEST, FIRST_MARK, SMALLEST, is_marked
from email_assets.sync.places import Object, Table

DEEPEST = 100
"""Levels that are written as JSON; dlt can write some 250."""


def fits(value: Any) -> bool:
    """True if dlt writes and reads a value that is neither an object nor a list as it is."""
    if type(value) is str:
        return not (value >= FIRST_MARK and is_marked(value))
    return type(value) is not int or SMALLEST <= value <= BIGGEST


def fits_as_json(value: Any, depth: int = 0) -> bool:
    """True if dlt writes and reads an object or a list as it is, all of it as JSON."""
    if not isinstance(value, (dict, list)):
        return fits(value)
    parts = value.values() if isinstance(value, dict) else value
    return depth < DEEPEST and all(fits_as_json(part, depth + 1) for part in parts)


def are_plain(place: Object, objects: Sequence[dict[str, Any]]) -> bool:
    """True if dlt makes the right columns of objects, all of whose keys and lists are known.

    Looked at a field at a time, in half of the time that it takes row by row; whatever is not
    certain counts as no.

    Args:
        place: Where the objects stand.
        objects: Any number of them.
    """
    shapes = set(map(tuple, objects))
    if not shapes <= place.shapes:
        return False
    for key, values in _by_key(shapes, objects):
        kinds = set(map(type, values))
        if not _fit(kinds, values):
            return False
        if key in place.as_json:
            if not all(map(fits_as_json, values)):
                return False
            continue
        if dict in kinds:
            inner = place.objects.get(key)
            if inner is None or not are_plain(inner, _only(dict, kinds, values)):
                return False
        if list in kinds:
            table = place.lists.get(key)
            items = chain.from_iterable(_only(list, kinds, values))
            if table is None or not table.is_plain or not _are_plain_items(table, list(items)):
                return False
    return True


def _are_plain_items(table: Table, items: Sequence[Any]) -> bool:
    kinds = set(map(type, items))
    if list in kinds or not _fit(kinds, items):
        return False
    if kinds - {dict} and table.value != "value":
        return False
    return dict not in kinds or are_plain(table.item, _only(dict, kinds, items))


def _fit(kinds: set[type], values: Sequence[Any]) -> bool:
    """True if no text begins as dlt marks some, and no whole number is beyond 64 bits."""
    if str in kinds and max(_only(str, kinds, values)) >= FIRST_MARK:
        return False
    if int not in kinds:
        return True
    numbers = _only(int, kinds, values)
    return bool(min(numbers) >= SMALLEST and max(numbers) <= BIGGEST)


def _by_key(
    shapes: set[tuple[str, ...]], objects: Sequence[dict[str, Any]]
) -> Iterator[tuple[str, Sequence[Any]]]:
    """The values of each key, of those objects that have it."""
    if len(shapes) == 1:
        (keys,) = shapes
        yield from zip(keys, zip(*map(dict.values, objects), strict=True), strict=True)
        return
    for key in set(chain.from_iterable(shapes)):
        yield key, [found[key] for found in objects if key in found]


def _only(kind: type, kinds: Iterable[type], values: Sequence[Any]) -> Sequence[Any]:
    if kinds == {kind}:
        return values
    return [value for value in values if type(value) is kind]
