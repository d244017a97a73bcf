"""Deletes people who are forgotten from the tables of a dataset, by the rules of the API's rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from email_assets.dlt_columns import DLT_ID, PARENT_ID, ROOT_ID
from email_assets.privacy.forgotten import Forgotten, Row
from email_assets.privacy.tables import (
    Table,
    as_text,
    chunks,
    quoted,
    rows_where,
    tables_of,
    texts_that_name,
)
from email_assets.warehouse.turn import SqlClient

PLACE = "\0"
"""The key of a row's place; with a table's name behind it, that of the row's items there."""


@dataclass(frozen=True, eq=False)
class Place:
    """A row's place in the warehouse."""

    table: Table
    where: dict[str, str | None]
    """Columns that tell the row, and their texts: its `_dlt_id`, if no other row has the same."""

    @property
    def has_an_id(self) -> bool:
        """True if the row is told by its `_dlt_id` alone."""
        return self.where.keys() == {DLT_ID}


@dataclass
class Purged:
    """Rows that were deleted, and rows that stay without a person, by table."""

    deleted: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)


def purge(
    client: SqlClient, dataset: str, forgotten: Forgotten, resource: str | None = None
) -> Purged:
    """Delete people from the tables of a dataset, over a connection that nobody else writes at.

    Each row is put together with those of its nested tables, and judged as if the API gave it.

    Args:
        client: Connected to the warehouse.
        dataset: Which dataset.
        forgotten: The people.
        resource: The resource whose tables are looked at, or None for all tables.
    """
    done, tables = Purged(), tables_of(client, dataset, resource)
    found: list[Row] = []
    roots = set[str]()
    for table in tables:
        named = values_that_name(client, table, forgotten)
        for column, values in named.items():
            identities = [name for name in (ROOT_ID, DLT_ID) if name in table.columns]
            ids = [*rows_where(client, table, identities, column, values)] if identities else [()]
            of_rows = [next(filter(None, row), None) for row in ids]
            roots |= {*filter(None, of_rows)}
            if None in of_rows:
                found += _without_id(client, table, column, named)
    for some in chunks(sorted(roots)):
        found += _families(client, tables, some)
    with client.begin_transaction():
        _apply(client, found, [forgotten.row_without(row) for row in found], done)
    return done


def values_that_name(
    client: SqlClient, table: Table, forgotten: Forgotten
) -> dict[str, dict[str, int]]:
    """The texts that name people who are forgotten, by column, and how many rows have each."""
    found = {
        column: {
            text: rows
            for text, rows in texts_that_name(client, table, column)
            if forgotten.names(text)
        }
        for column in table.texts
    }
    return {column: values for column, values in found.items() if values}


def _without_id(
    client: SqlClient, table: Table, column: str, named: Mapping[str, Mapping[str, int]]
) -> Iterator[Row]:
    """Rows without a `_dlt_id` that name somebody in a column, and in none of those before it."""
    before = [*named][: [*named].index(column)]
    for row in _rows(client, table, column, named[column]):
        where = row[PLACE].where
        ids = [where.get(name) for name in (ROOT_ID, DLT_ID)]
        if not any(ids) and not any(where[name] in named[name] for name in before):
            row.pop(PARENT_ID, None)
            yield row


def _families(client: SqlClient, tables: Sequence[Table], roots: Sequence[str]) -> list[Row]:
    """Rows with these `_dlt_id`s, with the rows of their nested tables as lists in them.

    Somebody's copy of a table has the same ids, and is a table of its own.
    """
    by_id: dict[str, dict[str, Row]] = {}
    found: list[tuple[Row, str | None]] = []
    for table in tables:
        for column in (DLT_ID, ROOT_ID):
            if column not in table.columns:
                continue
            for row in _rows(client, table, column, roots):
                parent, place = row.pop(PARENT_ID, None), row[PLACE]
                identity = place.where.get(DLT_ID)
                if identity:
                    first = by_id.setdefault(identity, {}).setdefault(table.name, row)
                    if first is not row and place.has_an_id:
                        continue  # it came by its other column already
                found.append((row, parent))
    heads = []
    for row, parent in found:
        name = row[PLACE].table.name
        above = by_id.get(parent) if parent else None
        if above is None:
            heads.append(row)
            continue
        # a list's table is called as that of its rows, with the field's name behind it
        nearest = max(above, key=lambda other: (name.startswith(f"{other}__"), len(other)))
        above[nearest].setdefault(PLACE + name, []).append(row)
    return heads


def _rows(client: SqlClient, table: Table, column: str, values: Iterable[str]) -> Iterator[Row]:
    """Rows of one table, with what JSON says in the place of its text."""
    ours = [name for name in (DLT_ID, PARENT_ID, ROOT_ID) if name in table.columns]
    names = [*ours, *(name for name in table.texts if name not in ours)]
    found = [
        dict(zip(names, values_of_row, strict=True))
        for values_of_row in rows_where(client, table, names, column, values)
    ]
    times = Counter(texts.get(DLT_ID) for texts in found)
    for texts in found:
        identity = texts.get(DLT_ID)
        where = {DLT_ID: identity} if identity and times[identity] == 1 else texts
        row: Row = {
            name: json.loads(text) if name in table.texts and table.is_json(name) and text else text
            for name, text in texts.items()
            if name not in (DLT_ID, ROOT_ID)
        }
        yield {**row, PLACE: Place(table, where)}


def _apply(
    client: SqlClient, before: Sequence[Row], after: Sequence[Row | None], done: Purged
) -> None:
    """Make rows of the warehouse, and those nested in them, what is left of them."""
    left = {row[PLACE]: row for rows in filter(None, after) for row in _with_items(rows)}
    gone: dict[str, list[Place]] = {}
    for row in (row for rows in before for row in _with_items(rows)):
        place: Place = row[PLACE]
        texts = place.table.texts
        changes = {
            name: value
            for name, value in left.get(place, {}).items()
            if name in texts and value != row[name]
        }
        # a list or an object could not be made of the rest of its text
        if place not in left or not all(map(place.table.is_plain, changes)):
            gone.setdefault(place.table.name, []).append(place)
        elif changes:
            _update(client, place, changes)
            done.changed[place.table.name] += 1
    for name, places in gone.items():
        _delete(client, places)
        done.deleted[name] += len(places)


def _delete(client: SqlClient, places: Sequence[Place]) -> None:
    table, identity = places[0].table, quoted(client, DLT_ID)
    for some in chunks([place.where[DLT_ID] for place in places if place.has_an_id]):
        holes = ", ".join(["%s"] * len(some))
        client.execute_sql(f"DELETE FROM {table.sql} WHERE {identity} IN ({holes})", *some)
    for place in places:
        if not place.has_an_id:
            is_it, texts = _condition(client, place)
            client.execute_sql(f"DELETE FROM {table.sql} WHERE {is_it}", *texts)


def _update(client: SqlClient, place: Place, changes: Row) -> None:
    table = place.table
    is_it, texts = _condition(client, place)
    new = ", ".join(f"{quoted(client, name)} = CAST(%s AS {table.texts[name]})" for name in changes)
    values = [
        json.dumps(value, ensure_ascii=False) if table.is_json(name) else value
        for name, value in changes.items()
    ]
    client.execute_sql(f"UPDATE {table.sql} SET {new} WHERE {is_it}", *values, *texts)


def _condition(client: SqlClient, place: Place) -> tuple[str, list[str | None]]:
    """The SQL that tells a row of a table; where it has no `_dlt_id`, a column may be null."""
    is_it = (f"{as_text(client, name)} IS NOT DISTINCT FROM %s" for name in place.where)
    return " AND ".join(is_it), [*place.where.values()]


def _with_items(row: Row) -> Iterator[Row]:
    """A row, and the rows of the nested tables in it."""
    yield row
    for key, items in row.items():
        if key.startswith(PLACE) and key != PLACE:
            for item in items:
                yield from _with_items(item)


def rows_that_name(client: SqlClient, resource: str, forgotten: Forgotten) -> dict[str, int]:
    """The rows of a resource's tables that name people who are forgotten, by table; none, if well.

    What the last load has left where it was staged is looked at too.
    """
    found: dict[str, int] = {}
    for dataset in (client.dataset_name, client.staging_dataset_name):
        for table in tables_of(client, dataset, resource):
            by_column = values_that_name(client, table, forgotten).values()
            if by_column:
                found[f"{dataset}.{table.name}"] = max(sum(rows.values()) for rows in by_column)
    return found
