"""Gives each field of an API's rows one column for good, and each list a table.

dlt makes a column's name of a field's path, and different paths may make one name: `a-b` and `a b`,
or `geo__ip` and `ip` in `geo`. Which field owns a column, and which list a table, is kept in the
schema of the warehouse (hints `x-fields` and `x-lists` of the resource's table), so that the next
sync goes on with it. What dlt could not make columns or tables of becomes JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Any, cast

from dlt.common.schema import Schema
from dlt.common.schema.typing import TColumnSchema, TPartialTableSchema

from email_assets.normalizer import BIGGEST, SMALLEST
from email_assets.redaction import redact
from email_assets.sync.places import LIST, REST, Object, Path, Table
from email_assets.sync.shown_names import ShownNames

NESTING = 10
"""Levels of objects and lists in a row that become columns and tables; what is deeper is JSON."""
COLUMNS = 500
"""Columns of a table, beyond which further fields are kept as JSON in one column."""
TABLES = 50
"""Tables of a resource, beyond which further lists are kept as JSON."""
DEEPEST = 100
"""Levels that are written as JSON; dlt can write some 250."""
LONG_NAME = 120
"""Characters of a table's name that are left as they are."""
LONGEST_NAME = 200
"""Characters of a table's name: it is part of the names of dlt's files, which have up to 255."""
SHAPES = 1_000
"""Combinations of keys that are remembered of an object."""


class Fields:
    """Brings rows into a form of which dlt makes the right columns and tables.

    Args:
        resource: The resource's name, which is its table's.
        first: Paths of fields that own the columns that dlt makes of their names, whatever else
            there is: the primary key's, and the cursor's.
        nesting: Levels of objects and lists that become columns and tables.

    Attributes:
        items: Rows of the last row's nested tables.
    """

    def __init__(
        self,
        resource: str,
        first: Sequence[Sequence[str]],
        nesting: int | None = None,
    ) -> None:
        self.items = 0
        self._resource = resource
        self._first = [tuple(path) for path in first]
        self._kept = frozenset(path[0] for path in self._first if len(path) == 1)
        self._nesting = NESTING if nesting is None else min(nesting, NESTING)
        self._told: set[str] = set()
        self.keep_in(Schema(resource), lambda _: None)

    def keep_in(self, schema: Schema, say: Callable[[str], None]) -> None:
        """Go on with what a schema knows, and let it know what is decided from here on.

        Args:
            schema: The schema that dlt stores with the rows.
            say: Told what is loaded in another form than people may expect.
        """
        self._say = say
        if self._resource not in schema.tables:
            schema.update_table({"name": self._resource, "columns": {}})
        hints = cast(dict[str, Any], schema.tables[self._resource])
        self._schema, self._naming = schema, schema.naming
        self._owners: dict[str, dict[str, list[Any]]] = hints.setdefault("x-fields", {})
        self._lists: dict[str, list[Any]] = hints.setdefault("x-lists", {})
        self._root = self._table(self._resource, None, (self._resource,), "", 0, True)
        for path in self._first:
            natural = self._naming.make_path(*map(self._naming.normalize_identifier, path))
            self._root.own(path, natural)

    def suit(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row in the form that dlt is to have it: the same one, where that is how it came."""
        self.items = 0
        if self._is_plain(self._root.item, row):
            return row
        self.items = 0
        flat: dict[str, Any] = {}
        self._flatten(self._root.item, row, flat)
        return flat

    def _is_plain(self, place: Object, value: dict[str, Any]) -> bool:
        """Whether dlt makes the right columns of an object by itself. Of nearly all it does."""
        keys = tuple(value)
        if keys not in place.shapes:
            self._know(place, keys)
            if not place.plain.issuperset(keys):
                return False
            if len(place.shapes) < SHAPES:
                place.shapes.add(keys)
        for key, part in value.items():
            kind = type(part)
            if kind is str or part is None:  # first, as most are
                continue
            if kind is int:
                if not SMALLEST <= part <= BIGGEST:
                    return False
            elif kind is dict:
                inner = self._object(place, key)
                if inner is None or not self._is_plain(inner, part):
                    return False
            elif kind is list:
                table = self._list(place, key)
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
                inner = self._list_in(table)
                if inner is None or not inner.is_plain or not self._are_plain(inner, item):
                    return False
            elif self._value_of(table) != "value" or not _fits(item):
                return False
        return True

    def _flatten(self, place: Object, value: dict[str, Any], flat: dict[str, Any]) -> None:
        """Puts the parts of an object into `flat` by the names of their columns and lists."""
        self._know(place, value)
        beyond: dict[str, Any] = {}
        for key, part in value.items():
            column = place.columns.get(key)
            if column is None:
                beyond[key] = part
            elif isinstance(part, dict):
                inner = self._object(place, key)
                if inner is None:
                    flat[self._json_in(place.table, place.path_of(key), column)] = _writable(part)
                else:
                    self._flatten(inner, part, flat)
            elif isinstance(part, list):
                table = self._list(place, key)
                if table is None:
                    flat[self._json_in(place.table, place.path_of(key), column)] = _writable(part)
                else:
                    flat[table.fragment] = self._items(table, part)
            elif key in self._kept and place is self._root.item:
                flat[key] = part
            else:
                flat[column] = _writable(part)
        if beyond:
            flat[self._rest_of(place)] = _writable(beyond)

    def _items(self, table: Table, items: list[Any]) -> list[Any]:
        self.items += len(items)
        found: list[Any] = []
        for item in items:
            flat: dict[str, Any] = {}
            if isinstance(item, dict):
                self._flatten(table.item, item, flat)
                found.append(flat)
            elif isinstance(item, list):
                inner = self._list_in(table)
                if inner is None:
                    column = table.own((LIST,), "list")
                    found.append({self._json_in(table, (LIST,), column): _writable(item)})
                else:
                    found.append({inner.fragment: self._items(inner, item)})
            else:
                column = self._value_of(table)
                found.append(_writable(item) if column == "value" else {column: _writable(item)})
        return found

    def _know(self, place: Object, keys: Iterable[str]) -> None:
        """Gives the keys of an object their columns, as far as there is room, in any order."""
        new = [key for key in keys if key not in place.columns]
        if not new:
            return
        table, naming = place.table, self._naming
        names = {key: naming.normalize_path(key) if key.strip() else "_empty" for key in new}
        # what is spelled like its column goes first
        for key in sorted(new, key=lambda key: (names[key] != key, key)):
            path, fragments = place.path_of(key), (*place.fragments, names[key] or "_empty")
            natural = naming.shorten_fragments(*fragments)
            if path not in table.columns and natural not in table.known and table.is_full(COLUMNS):
                continue
            column = place.columns[key] = table.own(path, natural)
            if column == natural and names[key]:
                place.plain.add(key)
                place.fragments_of[key] = fragments
            else:
                place.fragments_of[key] = (column,)

    def _object(self, place: Object, key: str) -> Object | None:
        """Where the parts of an object in an object go, or None if it is too deep."""
        if place.depth >= self._nesting:
            return None
        found = place.objects.get(key)
        if found is None:
            path, fragments = place.path_of(key), place.fragments_of[key]
            found = place.objects[key] = Object(place.table, path, fragments, place.depth + 1)
        return found

    def _list(self, place: Object, key: str) -> Table | None:
        """The table of a list in an object, or None if there can be none."""
        if key not in place.lists:
            fragments, is_plain = place.fragments_of[key], key in place.plain
            place.lists[key] = self._new_list(place, place.path_of(key), fragments, is_plain)
        return place.lists[key]

    def _list_in(self, table: Table) -> Table | None:
        """The table of lists that are items of a list, or None if there can be none."""
        if table.list is None and table.item.depth < self._nesting:
            column = table.own((LIST,), "list")
            table.list = self._new_list(table.item, (LIST,), (column,), column == "list")
        return table.list

    def _value_of(self, table: Table) -> str:
        """The column of items that are neither objects nor lists."""
        if table.value is None:
            table.value = table.own((), "value")
        return table.value

    def _new_list(
        self, place: Object, path: Path, fragments: tuple[str, ...], is_plain: bool
    ) -> Table | None:
        if place.depth >= self._nesting:
            return None
        parent = place.table
        column = self._naming.shorten_fragments(*fragments)
        tag = blake2b(repr((parent.name, path)).encode(), digest_size=4).hexdigest()
        for fragment in (column, f"{column[:16].strip('_')}_{tag}"):
            is_first = fragment == column
            ways = fragments if is_first else (fragment,)
            name = self._naming.shorten_fragments(*parent.fragments, *ways)
            is_known = name in self._schema.tables
            if len(name) > (LONG_NAME if is_first else LONGEST_NAME) and not is_known:
                continue
            if name not in self._lists and len(self._lists) >= TABLES and not is_known:
                return None
            if self._lists.setdefault(name, [parent.name, *path]) == [parent.name, *path]:
                if not is_first:
                    parent.own((*path, LIST), fragment)
                    shown = ShownNames(self._schema, self._resource).table(name)
                    self._tell("has", path, f"a name too long for a table, which is called {shown}")
                ways = (*parent.fragments, *ways)
                is_plain = is_plain and is_first
                return self._table(name, parent, ways, fragment, place.depth, is_plain)
        return None

    def _table(
        self,
        name: str,
        parent: Table | None,
        fragments: tuple[str, ...],
        fragment: str,
        depth: int,
        is_plain: bool,
    ) -> Table:
        columns = self._schema.tables.get(name, {}).get("columns", {})
        known = {column for column, hints in columns.items() if not hints.get("variant")}
        owners = self._owners.setdefault(name, {})
        naming = self._naming
        return Table(name, parent, fragments, fragment, depth, owners, known, naming, is_plain)

    def _rest_of(self, place: Object) -> str:
        """The column of what an object holds beyond the columns that a table may have."""
        natural = self._naming.shorten_fragments(*place.fragments, "more")
        path = (*place.path, REST)
        return self._json_in(place.table, path, place.table.own(path, natural))

    def _json_in(self, table: Table, path: Path, column: str) -> str:
        """A column for JSON: the field's own, or another one where that holds something else."""
        while (found := self._type_of(table, column)) not in ("json", None):
            path = (*path, REST)
            column = table.own(path, column)
        if found is None:
            known_as = self._make_known(table)
            hint: TColumnSchema = {"name": column, "data_type": "json", "nullable": True}
            self._schema.update_table({**known_as, "columns": {column: hint}})
            shown = ShownNames(self._schema, self._resource).of(table.name, column)
            self._tell("is", path, f"loaded as JSON into the column {shown}")
        return column

    def _make_known(self, table: Table) -> TPartialTableSchema:
        """Lets the schema know a table of which no row came yet, and those that it is below."""
        known_as: TPartialTableSchema = {"name": table.name}
        if table.parent:
            known_as["parent"] = table.parent.name
            if table.name not in self._schema.tables:
                self._make_known(table.parent)
                self._schema.update_table({**known_as, "columns": {}})
        return known_as

    def _type_of(self, table: Table, column: str) -> str | None:
        columns = self._schema.tables.get(table.name, {}).get("columns", {})
        return columns.get(column, {}).get("data_type")

    def _tell(self, verb: str, path: Path, what: str) -> None:
        """Says what is in another form than people may expect, with one example of each kind."""
        if verb not in self._told:
            self._told.add(verb)
            field = ".".join(key for key in path if isinstance(key, str))
            self._say(redact(f"{self._resource}: {field[:80]} {verb} {what[:200]}; others may too"))


def _fits(value: Any) -> bool:
    """Whether dlt can write a value that is neither an object nor a list."""
    return type(value) is not int or SMALLEST <= value <= BIGGEST


def _writable(value: Any, depth: int = 0) -> Any:
    """The value with whole numbers beyond 64 bits as text, and what is too deep as text of JSON."""
    if isinstance(value, (dict, list)):
        if depth == DEEPEST:
            return json.dumps(value)
        if isinstance(value, list):
            return [_writable(item, depth + 1) for item in value]
        return {key: _writable(part, depth + 1) for key, part in value.items()}
    return value if _fits(value) else str(value)
