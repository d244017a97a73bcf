"""Tells rows that the warehouse holds already, by a digest that each of them carries.

The digest is the end of a row's `_dlt_id`. So it is stored with the row or not at all, and what is
known of a table is always true of that very table, were it restored from an older copy.
"""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Any

import dlt
import orjson

from email_assets.normalizer import column_of
from email_assets.sync.dlt_columns import DLT_ID, ROOT_ID
from email_assets.sync.repair import nested_tables
from email_assets.warehouse.turn import SqlClient

BYTES = 8
"""Of a digest: among a million rows, a changed one is taken for an old one by chance of 1:10¹³."""
SPREAD = 0x9E3779B97F4A7C15
"""Odd, so that each number of nested rows changes a digest in a way of its own."""
MASK = 2 ** (8 * BYTES) - 1
CHUNK = 10_000

_DLT_ID = re.compile(rf"[0-9a-f]{{24}}([0-9a-f]{{{2 * BYTES}}})")
"""The time at which the sync began, the row's number in it, and the row's digest."""


def digest_of(row: dict[str, Any]) -> str:
    """A few bytes that another row, or the same row with other values, does not have."""
    try:
        text = orjson.dumps(row, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # a number beyond 64 bits, in a field that is kept as it came
        text = json.dumps(row, sort_keys=True).encode()
    return blake2b(text, digest_size=BYTES).hexdigest()


def digest_in(dlt_id: str | None) -> str | None:
    """The digest in a `_dlt_id`, or None if there is none: an earlier release wrote it."""
    found = _DLT_ID.fullmatch(dlt_id or "")
    return found[1] if found else None


def with_items(digest: str | None, items: int) -> str | None:
    """The digest of a row together with the number of its nested rows.

    Somebody may have deleted some of these, which the digest of the row's values does not tell.
    """
    if digest is None or not items:
        return digest
    return f"{int(digest, 16) ^ (items * SPREAD & MASK):0{2 * BYTES}x}"


class Digests:
    """Digests of many rows, in so many bytes each once they are sorted.

    Args:
        found: They may be as many as the rows of a table.
    """

    def __init__(self, found: Iterable[str] = ()) -> None:
        self._sorted = array("Q", sorted(int(digest, 16) for digest in found))

    def __contains__(self, digest: str | None) -> bool:
        if digest is None:
            return False
        number = int(digest, 16)
        at = bisect_left(self._sorted, number)
        # what is there twice is loaded again, by which it becomes one
        return list(self._sorted[at : at + 2]).count(number) == 1

    def __bool__(self) -> bool:
        return bool(self._sorted)


def stored_digests(
    client: SqlClient,
    schema: dlt.Schema,
    resource: str,
    cursor_path: str | None,
    since: datetime | None,
) -> Digests:
    """The digests of a resource's table, over an open connection.

    There are none where the warehouse has no transactions: a row may be there without its children.

    Args:
        client: Connected to the warehouse.
        schema: The schema that the warehouse keeps of the table.
        resource: The resource's name, which is the table's.
        cursor_path: The field that says when a row came about, or None.
        since: Leave rows from before this instant out, where the column of the field is a time.
    """
    if not client.capabilities.supports_transactions:
        return Digests()
    columns = schema.tables[resource]["columns"]
    identity = client.escape_column_name(DLT_ID)
    query = f"SELECT roots.{identity}, 0 FROM {client.make_qualified_table_name(resource)} AS roots"
    if nested := nested_tables(schema, resource):
        root_id = client.escape_column_name(ROOT_ID)
        items = " UNION ALL ".join(
            f"SELECT {root_id} FROM {client.make_qualified_table_name(table)}" for table in nested
        )
        query = (
            query.replace(", 0 FROM", ", coalesce(items.number, 0) FROM")
            + f" LEFT JOIN (SELECT {root_id}, count(*) AS number FROM ({items}) AS nested "
            f"GROUP BY {root_id}) AS items ON items.{root_id} = roots.{identity}"
        )
    parameters: list[Any] = []
    if since and cursor_path:
        column = column_of(cursor_path, schema.naming)
        if columns.get(column, {}).get("data_type") == "timestamp":
            query += f" WHERE roots.{client.escape_column_name(column)} >= %s"
            parameters.append(since)
    with client.execute_query(query, *parameters) as cursor:
        found = (with_items(digest_in(dlt_id), items) for dlt_id, items in _rows(cursor))
        return Digests(filter(None, found))


def _rows(cursor: Any) -> Iterator[tuple[str, int]]:
    while rows := cursor.fetchmany(CHUNK):
        yield from rows
