"""Gives each field of an API's rows one column for good, and each list a table.

dlt makes a column's name of a field's path, and different paths may make one name: `a-b` and `a b`,
or `geo__ip` and `ip` in `geo`. Which field owns a column, and which list a table, is kept in the
schema of the warehouse (hints `x-fields` and `x-lists` of the resource's table), so that the next
sync goes on with it. What dlt could not make columns or tables of becomes JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property
from hashlib import blake2b
from typing import Any, cast

from dlt.common.schema import Schema
from dlt.common.schema.typing import TColumnSchema, TPartialTableSchema

from email_assets.redaction import redact
from email_assets.sync.places import LIST, REST, Object, Path, Table
from email_assets.sync.shown_names import ShownNames

NESTING = 10
"""Levels of objects and lists in a row that become columns and tables; what is deeper is JSON."""
COLUMNS = 500
"""Columns of a table, beyond which further fields are kept as JSON in one column."""
TABLES = 50
"""Tables of a resource, beyond which further lists are kept as JSON."""
FIELDS, LISTS = "x-fields", "x-lists"
"""The hints of a resource's table that keep the owners of columns and tables, as paths."""
LONG_NAME = 120
"""Characters of a table's name that are left as they are."""
LONGEST_NAME = 200
"""Characters of a table's name: it is part of the names of dlt's files, which have up to 255."""


class Layout:
    """The columns and tables that a resource's fields and lists have.

    Args:
        resource: The resource's name, which is its table's.
        first: Paths of fields that own the columns that dlt makes of their names.
        nesting: Levels of objects and lists that become columns and tables, or None for the usual.
        as_json: Columns that are to be JSON, unless the warehouse has them as something else.
    """

    def __init__(
        self,
        resource: str,
        first: Sequence[Sequence[str]],
        nesting: int | None = None,
        as_json: Collection[str] = (),
    ) -> None:
        self._resource, self._as_json = resource, as_json
        self._first = [tuple(path) for path in first]
        self._nesting = NESTING if nesting is None else min(nesting, NESTING)
        self._told: set[str] = set()

    @cached_property
    def root(self) -> Table:
        """The resource's table."""
        # nobody has a schema that knows it, as where rows are only looked at
        self.keep_in(Schema(self._resource), lambda _: None)
        return self.root

    def keep_in(self, schema: Schema, say: Callable[[str], None]) -> None:
        """Go on with what a schema knows, and let it know what is decided from here on."""
        self._say = say
        if self._resource not in schema.tables:
            schema.update_table({"name": self._resource, "columns": {}})
        hints = cast(dict[str, Any], schema.tables[self._resource])
        self._schema, self._naming = schema, schema.naming
        self._hinted = set(map(schema.naming.normalize_path, self._as_json))
        self._owners: dict[str, dict[str, list[Any]]] = hints.setdefault(FIELDS, {})
        self._lists: dict[str, list[Any]] = hints.setdefault(LISTS, {})
        self.root = self._table(self._resource, None, (self._resource,), "", 0, True)
        for path in self._first:
            natural = self._naming.make_path(*map(self._naming.normalize_identifier, path))
            self.root.own(path, natural)

    def know(self, place: Object, keys: Iterable[str]) -> None:
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
            if self._is_json(table, column):
                place.as_json.add(key)
            if column == natural and names[key]:
                place.plain.add(key)
                place.fragments_of[key] = fragments
            else:
                place.fragments_of[key] = (column,)

    def object_in(self, place: Object, key: str) -> Object | None:
        """The place of an object in an object, or None if it is too deep."""
        if place.depth >= self._nesting:
            return None
        found = place.objects.get(key)
        if found is None:
            path, fragments = place.path_of(key), place.fragments_of[key]
            found = place.objects[key] = Object(place.table, path, fragments, place.depth + 1)
        return found

    def list_of(self, place: Object, key: str) -> Table | None:
        """The table of a list in an object, or None if there can be none."""
        if key not in place.lists:
            # under a blank key, dlt would put the items into the table of the list's own row
            fragments, is_plain = place.fragments_of[key], key in place.plain and bool(key.strip())
            place.lists[key] = self._new_list(place, place.path_of(key), fragments, is_plain)
        return place.lists[key]

    def list_in(self, table: Table) -> Table | None:
        """The table of lists that are items of a list, or None if there can be none."""
        if table.list is None and table.item.depth < self._nesting:
            column = table.own((LIST,), "list")
            table.list = self._new_list(table.item, (LIST,), (column,), column == "list")
        return table.list

    def value_of(self, table: Table) -> str:
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

    def rest_of(self, place: Object) -> str:
        """The column of what an object holds beyond the columns that a table may have."""
        natural = self._naming.shorten_fragments(*place.fragments, "more")
        path = (*place.path, REST)
        return self.json_in(place.table, path, place.table.own(path, natural))

    def json_in(self, table: Table, path: Path, column: str) -> str:
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

    def _is_json(self, table: Table, column: str) -> bool:
        found = self._type_of(table, column)
        is_hinted = table is self.root and column in self._hinted
        return found == "json" or (found is None and is_hinted)

    def _type_of(self, table: Table, column: str) -> str | None:
        columns = self._schema.tables.get(table.name, {}).get("columns", {})
        return columns.get(column, {}).get("data_type")

    def _tell(self, verb: str, path: Path, what: str) -> None:
        """Says what is in another form than people may expect, with one example of each kind."""
        if verb not in self._told:
            self._told.add(verb)
            named = ".".join(key for key in path if isinstance(key, str))
            field = named or f"what a row has beyond {COLUMNS} columns"
            self._say(redact(f"{self._resource}: {field[:80]} {verb} {what[:200]}; others may too"))
