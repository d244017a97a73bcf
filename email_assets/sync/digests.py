"""Tells rows that the warehouse holds already, by a digest that each of them carries.

The digest is the end of a row's `_dlt_id`. So it is stored with the row or not at all, and what is
known of a table is always true of that very table, were it restored from an older copy.
"""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Any

import dlt
import orjson

from email_assets.dlt_columns import DLT_ID, LOAD_ID, ROOT_ID
from email_assets.normalizer import column_of
from email_assets.sync.repair import nested_tables
from email_assets.warehouse.dialects import OURS, dialect_of
from email_assets.warehouse.turn import SqlClient

BYTES = 8
"""Of a digest: among a million rows, a changed one is taken for an old one by chance of 1:10¹³."""
ID_BYTES = 20
"""Of a `_dlt_id` that has one, which is written in hexadecimal digits."""
SPREAD = 0x9E3779B97F4A7C15
"""Odd, so that each number of nested rows changes a digest in a way of its own."""
MASK: int = 2 ** (8 * BYTES) - 1
CHUNK = 10_000
_IN_DUCKDB = f"""
SELECT list(digest ORDER BY digest) FROM (
    SELECT xor(
        ('0x' || right(dlt_id, {2 * BYTES}))::UBIGINT,
        (items::HUGEINT * {SPREAD}::HUGEINT % {MASK + 1}::HUGEINT)::UBIGINT
    ) AS digest
    FROM (%s) AS stored(dlt_id, items)
    WHERE length(dlt_id) = {2 * ID_BYTES} AND regexp_full_match(dlt_id, '[0-9A-Fa-f]+')
)
"""
"""Gives for many rows the same as `digest_in` and `with_items`, in less than half of the time."""


def digest_of(row: dict[str, Any]) -> int:
    """A number of 64 bits that another row, or the same row with other values, does not have."""
    try:
        text = orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # a number beyond 64 bits, in a field that is kept as it came
        text = json.dumps(row, sort_keys=True).encode()
    return int.from_bytes(blake2b(text, digest_size=BYTES).digest(), "big")


def stamp_of(began: datetime) -> str:
    """The beginning of the `_dlt_id`s of a sync, which is less than that of any later one."""
    return f"{int(began.timestamp() * 1e9):016x}"


def dlt_id_of(digest: int, stamp: str, number: int) -> str:
    """The `_dlt_id` of a row: the time at which the sync began, its number in it, its digest."""
    return f"{stamp}{number:08x}{digest:016x}"


def digest_in(dlt_id: str | None) -> int | None:
    """The digest in a `_dlt_id`, or None if there is none: an earlier release wrote it."""
    if dlt_id is None or len(dlt_id) != 2 * ID_BYTES:
        return None
    try:
        parts = bytes.fromhex(dlt_id)
    except ValueError:
        return None
    # it passes over spaces
    return int.from_bytes(parts[-BYTES:], "big") if len(parts) == ID_BYTES else None


def items_in(parts: Iterable[Any]) -> int:
    """The items of all lists in values, which are a row's nested rows if each list has a table."""
    found = 0
    for part in parts:
        kind = type(part)
        if kind is list:
            found += len(part) + items_in(part)
        elif kind is dict:
            found += items_in(part.values())
    return found


def with_items(digest: int, items: int) -> int:
    """The digest of a row together with the number of its nested rows.

    Somebody may have deleted some of these, which the digest of the row's values does not tell.
    """
    return digest ^ (items * SPREAD & MASK)


class Digests:
    """Digests of many rows, in so many bytes each once they are sorted.

    Args:
        found: They may be as many as the rows of a table.
    """

    def __init__(self, found: Iterable[int] = ()) -> None:
        self._sorted = array("Q", sorted(found))

    def __contains__(self, digest: int) -> bool:
        found = self._sorted
        at = bisect_left(found, digest)
        if at == len(found) or found[at] != digest:
            return False
        # what is there twice is loaded again, by which it becomes one
        return at + 1 == len(found) or found[at + 1] != digest

    def __bool__(self) -> bool:
        return bool(self._sorted)


def stored_digests(
    client: SqlClient,
    schema: dlt.Schema,
    resource: str,
    cursor_path: str | None,
    since: datetime | None,
    since_load: str = "",
) -> Digests:
    """The digests of a resource's table, over an open connection.

    There are none where the warehouse has no transactions: a row may be there without its children.

    Args:
        client: Connected to the warehouse.
        schema: The schema that the warehouse keeps of the table.
        resource: The resource's name, which is the table's.
        cursor_path: The field that says when a row came about, or None.
        since: Leave rows from before this instant out, where the column of the field is a time.
        since_load: Leave rows of earlier loads out: what they lack may be given again.
    """
    if not client.capabilities.supports_transactions:
        return Digests()
    identity = client.escape_column_name(DLT_ID)
    roots = f"SELECT {identity} FROM {client.make_qualified_table_name(resource)}"
    conditions = dict[str, Any]()
    if since and (column := _time_column(schema, resource, cursor_path)):
        conditions[column] = since
    if since_load:
        conditions[LOAD_ID] = since_load
    parameters = [*conditions.values()]
    if conditions:
        those = (f"{client.escape_column_name(column)} >= %s" for column in conditions)
        roots += f" WHERE {' AND '.join(those)}"
    query = f"SELECT roots.{identity}, 0 FROM ({roots}) AS roots"
    if nested := nested_tables(schema, resource):
        root_id = client.escape_column_name(ROOT_ID)
        items = " UNION ALL ".join(
            f"SELECT {root_id} FROM {client.make_qualified_table_name(table)}" for table in nested
        )
        # so that no more is counted than the rows that are asked for have
        theirs = f"WHERE {root_id} IN ({roots}) " if parameters else ""
        parameters *= 2
        query = (
            f"SELECT roots.{identity}, coalesce(items.number, 0) FROM ({roots}) AS roots "
            f"LEFT JOIN (SELECT {root_id}, count(*) AS number FROM ({items}) AS nested {theirs}"
            f"GROUP BY {root_id}) AS items ON items.{root_id} = roots.{identity}"
        )
    if dialect_of(client) == OURS:
        rows: Any = client.execute_sql(_IN_DUCKDB.replace("%s", query), *parameters)
        return Digests(rows[0][0] or ())
    with client.execute_query(query, *parameters) as cursor:
        found = ((digest_in(dlt_id), items) for dlt_id, items in _rows(cursor))
        return Digests(with_items(digest, items) for digest, items in found if digest is not None)


def _time_column(schema: dlt.Schema, resource: str, cursor_path: str | None) -> str | None:
    """The column of the field that says when a row came about, if it holds times."""
    column = column_of(cursor_path, schema.naming) if cursor_path else ""
    hints = schema.tables[resource]["columns"].get(column, {})
    return column if hints.get("data_type") == "timestamp" else None


def _rows(cursor: Any) -> Iterator[tuple[str, int]]:
    while rows := cursor.fetchmany(CHUNK):
        yield from rows
