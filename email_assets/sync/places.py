"""The places of a row's parts: tables, and objects whose parts are columns of one."""

from __future__ import annotations

import itertools
import re
from typing import Any, Final

from dlt.common.normalizers.naming import NamingConvention

from email_assets.dlt_columns import DLT_ID, LIST_IDX, LOAD_ID, PARENT_ID, ROOT_ID, VARIANT
from email_assets.normalizer import VERBATIM

LIST: Final = 0
"""Stands in a path for the items of a list that are lists themselves."""
REST: Final = 1
"""Stands in a path for what has no column of its own."""

Path = tuple["str | int", ...]
"""Keys of the API's objects, from an item of a table's list inwards."""

TAKEN = frozenset({DLT_ID, LOAD_ID, PARENT_ID, ROOT_ID, LIST_IDX, VERBATIM})
"""Columns that dlt fills, and fields that tell it something."""
A_VARIANT = re.compile(
    rf".*{VARIANT}(text|bigint|double|bool|timestamp|date|time|json|decimal|wei|binary)"
)
"""Columns that dlt makes for values of another type than their field had before."""


class Object:
    """An object in the items of a table: its parts are columns of that table.

    Attributes:
        table: The table.
        path: The keys that lead to the object.
        fragments: What the names of its columns begin with, in parts.
        depth: How many objects and lists it lies in.
        columns: The column of each key that has one.
        plain: Keys of which dlt makes that column by itself.
        as_json: Keys whose column is JSON, so that nothing in them has a column of its own.
        fragments_of: What the names of columns and tables below a key begin with.
        objects: Objects in it, by key.
        lists: Tables of the lists in it, by key; None where a list becomes no table.
        shapes: Combinations of keys that are all plain.
    """

    def __init__(self, table: Table, path: Path, fragments: tuple[str, ...], depth: int) -> None:
        self.table, self.path, self.fragments, self.depth = table, path, fragments, depth
        self.columns: dict[str, str] = {}
        self.plain: set[str] = set()
        self.as_json: set[str] = set()
        self.fragments_of: dict[str, tuple[str, ...]] = {}
        self.objects: dict[str, Object] = {}
        self.lists: dict[str, Table | None] = {}
        self.shapes: set[tuple[str, ...]] = set()

    def path_of(self, key: str) -> Path:
        """The path of what is under a key."""
        return (*self.path, key)


class Table:
    """The table of a resource, or of the items of lists in its rows.

    Args:
        name: The table's name in the warehouse.
        parent: The table of the rows that the lists are in.
        fragments: The name in parts, as dlt puts it together.
        fragment: The key under which dlt gets the lists.
        depth: How many objects and lists the list lies in.
        owners: The path of the field that owns each column; what is added is kept.
        known: Columns that the warehouse has.
        naming: Shortens names for the warehouse.
        is_plain: Whether dlt makes this table of the lists by itself.
    """

    def __init__(
        self,
        name: str,
        parent: Table | None,
        fragments: tuple[str, ...],
        fragment: str,
        depth: int,
        owners: dict[str, list[Any]],
        known: set[str],
        naming: NamingConvention,
        is_plain: bool,
    ) -> None:
        self.name, self.parent, self.fragments, self.fragment = name, parent, fragments, fragment
        self.known, self.is_plain = known, is_plain
        self.columns: dict[Path, str] = {tuple(path): name for name, path in owners.items()}
        self.item = Object(self, (), (), depth + 1 if parent else 0)
        self.list: Table | None = None
        self.value: str | None = None
        self._owners, self._naming = owners, naming

    def own(self, path: Path, natural: str) -> str:
        """The column of a field: the one that it has, or the first that is free."""
        found = self.columns.get(path)
        if found is None:
            for number in itertools.count(1):
                found = natural
                if number > 1:
                    found = self._naming.shorten_fragments(f"{natural}_{number}")
                is_dlts = found in TAKEN or (A_VARIANT.fullmatch(found) and found not in self.known)
                if found not in self._owners and not is_dlts:
                    break
            assert found is not None  # noqa: S101 (there is no end of numbers)
            self._owners[found], self.columns[path] = list(path), found
        return found

    def is_full(self, columns: int) -> bool:
        """True if the table has so many columns that further fields should get none."""
        return max(len(self._owners), len(self.known)) >= columns
