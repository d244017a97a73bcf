"""Makes Arrow tables of rows whose values all suit columns that are known, a column at a time.

dlt makes tables of rows one value at a time, which takes ten times as long. Which table and column
a field goes into is asked of dlt's own normalizer, once for each field; which type a column has is
told by the schema, to which nothing is added here. A row of which any value does not suit its
column exactly is named as odd, and is dlt's to take.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import pyarrow as pa
from dlt.common.normalizers.json.helpers import get_nested_row_hash

from email_assets.dlt_columns import DLT_ID, LIST_IDX, LOAD_ID, PARENT_ID, ROOT_ID
from email_assets.normalizer import VERBATIM
from email_assets.sync.column_values import UnfitColumnError, array_of, misfits_in, with_nul_in
from email_assets.sync.known_columns import KnownColumns, Lists, Path, Row

VALUE = "value"
"""The field that dlt makes of an item that is neither an object nor a list."""


class Batch:
    """The Arrow tables of some rows.

    Attributes:
        tables: Each table's name and rows.
        odd: Positions of rows that do not fit, which are in none of the tables.
        nulls: Tables and columns in which nothing but null came, and which have no type yet.
    """

    def __init__(self) -> None:
        self.tables: list[tuple[str, pa.Table]] = []
        self.odd: set[int] = set()
        self.nulls: set[tuple[str, str]] = set()


class Batches(KnownColumns):
    """Makes batches of the rows of one load."""

    def of(self, rows: Sequence[Row]) -> Batch:
        """The batch of all rows that fit."""
        batch = self._made_of(list(enumerate(rows)))
        if batch.odd:
            found = [(at, row) for at, row in enumerate(rows) if at not in batch.odd]
            rest = self._made_of(found)
            rest.odd |= batch.odd
            return rest
        return batch

    def _made_of(self, numbered: list[tuple[int, Row]]) -> Batch:
        batch = Batch()
        rows = [row for _, row in numbered]
        if rows:
            owners = [at for at, _ in numbered]
            ids = [row.get(DLT_ID) for row in rows]
            more: dict[str, Sequence[Any]] = {LOAD_ID: [self.load_id] * len(rows)}
            _Filling(self, batch, (), self.root, rows, owners, ids, ids).fill(more)
        return batch


class _Filling:
    """One table that is filled with rows, and then those of the lists in them.

    Args:
        batches: Knows tables and columns.
        batch: Is told the tables, and the rows that do not fit.
        lists: The lists that the rows are in.
        table: The table's name.
        rows: Its rows.
        owners: For each, the position of the resource's row that it belongs to.
        ids: For each, its `_dlt_id`.
        root_ids: For each, that of the resource's row.
    """

    def __init__(
        self,
        batches: Batches,
        batch: Batch,
        lists: Lists,
        table: str,
        rows: Sequence[Row],
        owners: Sequence[int],
        ids: Sequence[Any],
        root_ids: Sequence[Any],
    ) -> None:
        self._batches, self._batch = batches, batch
        self._lists, self._table, self._rows = lists, table, rows
        self._owners, self._ids, self._root_ids = owners, ids, root_ids
        self._columns: dict[str, Sequence[Any]] = {}

    def fill(self, columns: dict[str, Sequence[Any]]) -> None:
        """Fill the table with the rows' fields and some columns more."""
        place = len(self._batch.tables)
        self._batch.tables.append((self._table, None))
        self._columns.update(columns)
        self._flatten((), self._rows)
        arrays = []
        schema = self._batches.columns_of(self._table)
        for field in schema:
            values = self._columns.pop(field.name, None)
            if values is None:
                array = pa.nulls(len(self._rows), field.type)
            else:
                array = self._array(field, values)
            if not field.nullable and array.null_count:
                self._odd(array.is_valid().to_pylist(), False)
            arrays.append(array)
        for values in self._columns.values():  # of no type yet
            self._odd(values, None, but=True)
        self._batch.tables[place] = self._table, pa.Table.from_arrays(arrays, schema=schema)

    def _array(self, field: pa.Field, values: Sequence[Any]) -> pa.Array:
        data_type = self._batches.data_type(self._table, field.name)
        misfits = misfits_in(values, data_type, field.type)
        if misfits:
            self._batch.odd.update(self._owners[at] for at in misfits)
            out = set(misfits)
            values = [None if at in out else value for at, value in enumerate(values)]
        try:
            array = array_of(values, data_type, field.type)
        except UnfitColumnError:
            self._odd(values, None, but=True)
            return pa.nulls(len(values), field.type)
        if self._batches.has_no_nul and (nuls := with_nul_in(array)):
            self._odd(nuls, True)
        return array

    def _odd(self, values: Sequence[Any], sign: object, *, but: bool = False) -> None:
        """Name the rows as odd whose values are a certain one, or are all but that."""
        self._batch.odd.update(
            owner
            for owner, value in zip(self._owners, values, strict=True)
            if (value is sign) is not but
        )

    def _flatten(self, path: Path, rows: Sequence[Any]) -> None:
        """Puts the fields of objects, None among them, into columns, and lists into tables."""
        for field, values in _by_field(rows):
            kinds = set(map(type, values))
            if field == VERBATIM and not path and not self._lists:
                self._odd(values, None, but=True)
                continue
            try:
                name, is_flat = self._batches.place(self._lists, (*path, field))
            except UnfitColumnError:
                self._odd(values, None, but=True)
                continue
            if type(None) in kinds:
                self._note_nulls(name, field, rows)
            if dict in kinds and is_flat:
                self._flatten((*path, field), _only(dict, values, kinds))
                values = _without(dict, values, kinds)
            if list in kinds and (child := self._batches.child((*self._lists, (*path, field)))):
                self._fill_child((*path, field), child, _only(list, values, kinds))
                values = _without(list, values, kinds)
            if values:
                self._put(name, values)

    def _put(self, name: str, values: Sequence[Any]) -> None:
        if name in self._columns:  # two fields of different rows, or of an odd one
            self._odd(values, None, but=True)
        else:
            self._columns[name] = values

    def _note_nulls(self, name: str, field: str, rows: Sequence[Any]) -> None:
        if self._batches.data_type(self._table, name) is None and any(
            row is not None and field in row and row[field] is None for row in rows
        ):
            self._batch.nulls.add((self._table, name))

    def _fill_child(self, path: Path, child: tuple[str, bool], values: Sequence[Any]) -> None:
        table, has_root_id = child
        counts = [len(value) if value else 0 for value in values]
        items = list(chain.from_iterable(filter(None, values)))
        if not items:
            return
        owners = _repeated(self._owners, counts)
        if list in set(map(type, items)):  # of which dlt makes a table between
            self._batch.odd.update(
                at for at, item in zip(owners, items, strict=True) if type(item) is list
            )
            items = [{} if type(item) is list else item for item in items]
        rows = [item if type(item) is dict else {VALUE: item} for item in items]
        parents, roots = _repeated(self._ids, counts), _repeated(self._root_ids, counts)
        positions = list(chain.from_iterable(map(range, counts)))
        ids = [
            get_nested_row_hash(parent, table, at)
            for parent, at in zip(parents, positions, strict=True)
        ]
        more: dict[str, Sequence[Any]] = {
            DLT_ID: ids,
            PARENT_ID: parents,
            LIST_IDX: positions,
        }
        if has_root_id:
            more[ROOT_ID] = roots
        lists = (*self._lists, path)
        _Filling(self._batches, self._batch, lists, table, rows, owners, ids, roots).fill(more)


def _by_field(rows: Sequence[Any]) -> Iterator[tuple[str, Sequence[Any]]]:
    """The values of each field of objects, None where an object, or its field, is missing."""
    has_none = None in rows
    shapes = dict.fromkeys(map(tuple, filter(None, rows) if has_none else rows))
    if len(shapes) == 1 and not has_none:
        (fields,) = shapes
        yield from zip(fields, zip(*map(dict.values, rows), strict=True), strict=True)
        return
    for field in dict.fromkeys(chain.from_iterable(shapes)):
        yield field, [None if row is None else row.get(field) for row in rows]


def _only(kind: type, values: Sequence[Any], kinds: set[type]) -> Sequence[Any]:
    if kinds <= {kind, type(None)}:
        return values
    return [value if type(value) is kind else None for value in values]


def _without(kind: type, values: Sequence[Any], kinds: set[type]) -> Sequence[Any]:
    """The values of other types, or nothing if there are none."""
    if kinds <= {kind, type(None)}:
        return ()
    return [None if type(value) is kind else value for value in values]


def _repeated(values: Sequence[Any], counts: Sequence[int]) -> list[Any]:
    return [value for value, count in zip(values, counts, strict=True) for _ in range(count)]
