"""Brings an API's rows into a form of which dlt makes the right columns and tables.

Nearly all rows are in it as they come. In the others, fields are named as their columns are, and
what dlt could not write by itself becomes text or JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from typing import Any

from dlt.common.schema import Schema

from email_assets.normalizer import BIGGEST, FIRST_MARK, SMALLEST, VERBATIM, is_marked
from email_assets.sync.column_layout import Layout
from email_assets.sync.places import LIST, Object, Table
from email_assets.sync.plain_pages import DEEPEST, are_plain, fits, fits_as_json

SHAPES = 1_000
"""Combinations of keys that are remembered of an object."""


class Fields:
    """Brings rows into the form that dlt is to have them in.

    Args:
        resource: The resource's name, which is its table's.
        first: Paths of fields that own the columns that dlt makes of their names, whatever else
            there is: the primary key's, and the cursor's.
        nesting: Levels of objects and lists that become columns and tables.
        as_json: Columns that are to be JSON, unless the warehouse has them as something else.

    Attributes:
        items: Rows of the last row's nested tables.
        layout: The columns and tables of the fields.
    """

    def __init__(
        self,
        resource: str,
        first: Sequence[Sequence[str]],
        nesting: int | None = None,
        as_json: Collection[str] = (),
    ) -> None:
        self.items = 0
        self._is_verbatim = False
        self.layout = Layout(resource, first, nesting, as_json)
        self._kept = frozenset(path[0] for path in first if len(path) == 1)

    def keep_in(self, schema: Schema, say: Callable[[str], None]) -> None:
        """Go on with what a schema knows, and let it know what is decided from here on.

        Args:
            schema: The schema that dlt stores with the rows.
            say: Told what is loaded in another form than people may expect.
        """
        self.layout.keep_in(schema, say)

    def suit(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row in the form that dlt is to have it: the same one, where that is how it came."""
        self.items = 0
        root = self.layout.root.item
        if self._is_plain(root, row):
            return row
        self.items, self._is_verbatim = 0, False
        flat: dict[str, Any] = {}
        self._flatten(root, row, flat)
        if self._is_verbatim:
            flat[VERBATIM] = True
        return flat

    def suit_all(self, rows: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
        """The rows of a page in the form that dlt is to have them, as `suit` gives each."""
        return rows if are_plain(self.layout.root.item, rows) else list(map(self.suit, rows))

    def _is_plain(self, place: Object, value: dict[str, Any]) -> bool:
        """True if dlt makes the right columns of an object by itself, as it does of nearly all."""
        keys = tuple(value)
        if keys not in place.shapes:
            self.layout.know(place, keys)
            if not place.plain.issuperset(keys):
                return False
            if len(place.shapes) < SHAPES:
                place.shapes.add(keys)
        for key, part in value.items():
            kind = type(part)
            if kind is str:  # first, as most are
                if part >= FIRST_MARK and is_marked(part):
                    return False
            elif kind is int:
                if not SMALLEST <= part <= BIGGEST:
                    return False
            elif (kind is dict or kind is list) and key in place.as_json:
                if not fits_as_json(part):
                    return False
            elif kind is dict:
                inner = self.layout.object_in(place, key)
                if inner is None or not self._is_plain(inner, part):
                    return False
            elif kind is list:
                table = self.layout.list_of(place, key)
                if table is None or not table.is_plain or not self._are_plain(table, part):
                    return False
        return True

    def _are_plain(self, table: Table, items: list[Any]) -> bool:
        self.items += len(items)
        for item in items:
            kind = type(item)
            if kind is dict:
                if not self._is_plain(table.item, item):
                    return False
            elif kind is list:
                inner = self.layout.list_in(table)
                if inner is None or not inner.is_plain or not self._are_plain(inner, item):
                    return False
            elif self.layout.value_of(table) != "value" or not fits(item):
                return False
        return True

    def _flatten(self, place: Object, value: dict[str, Any], flat: dict[str, Any]) -> None:
        """Puts the parts of an object into `flat` by the names of their columns and lists."""
        self.layout.know(place, value)
        beyond: dict[str, Any] = {}
        for key, part in value.items():
            column = place.columns.get(key)
            if column is None:
                beyond[key] = part
            elif key in place.as_json:
                flat[column] = self._writable(part)
            elif isinstance(part, dict):
                inner = self.layout.object_in(place, key)
                if inner is None:
                    column = self.layout.json_in(place.table, place.path_of(key), column)
                    flat[column] = self._writable(part)
                else:
                    self._flatten(inner, part, flat)
            elif isinstance(part, list):
                table = self.layout.list_of(place, key)
                if table is None:
                    column = self.layout.json_in(place.table, place.path_of(key), column)
                    flat[column] = self._writable(part)
                else:
                    flat[table.fragment] = self._items(table, part)
            else:
                is_key = key in self._kept and place is self.layout.root.item
                flat[key if is_key else column] = self._writable(part)
        if beyond:
            flat[self.layout.rest_of(place)] = self._writable(beyond)

    def _items(self, table: Table, items: list[Any]) -> list[Any]:
        self.items += len(items)
        found: list[Any] = []
        for item in items:
            flat: dict[str, Any] = {}
            if isinstance(item, dict):
                self._flatten(table.item, item, flat)
                found.append(flat)
            elif isinstance(item, list):
                inner = self.layout.list_in(table)
                if inner is None:
                    column = table.own((LIST,), "list")
                    column = self.layout.json_in(table, (LIST,), column)
                    found.append({column: self._writable(item)})
                else:
                    found.append({inner.fragment: self._items(inner, item)})
            else:
                column = self.layout.value_of(table)
                value = self._writable(item)
                found.append(value if column == "value" else {column: value})
        return found

    def _writable(self, value: Any, depth: int = 0) -> Any:
        """The value in a form that dlt can write, and reads as it was.

        Whole numbers beyond 64 bits become text, and what is too deep becomes text of JSON.
        """
        if isinstance(value, (dict, list)):
            if depth == DEEPEST:
                return json.dumps(value)
            if isinstance(value, list):
                return [self._writable(item, depth + 1) for item in value]
            return {key: self._writable(part, depth + 1) for key, part in value.items()}
        if fits(value):
            return value
        if isinstance(value, str):
            self._is_verbatim = True
            return value
        return str(value)
