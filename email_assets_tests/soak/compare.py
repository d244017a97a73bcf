"""A warehouse's tables against the API's lists, row by row and value by value.

It reads the tables with nothing but SQL, and puts rows together from columns and child tables by
itself, so that it would not repeat a mistake of the platform.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import duckdb

Row = dict[str, Any]
Version = str
"""All of a row in one text, to be compared and kept in sets."""

OWN = "_dlt_"
VARIANT = "__v_"
NAMED = 3
"""Rows that a sentence names."""


def compare(
    file: Path,
    name: str,
    listed: Sequence[Row],
    former: Mapping[Any, Iterable[Row]] | None = None,
    dataset: str = "email",
) -> list[str]:
    """Sentences on the faults of a resource's table and its child tables; none if all is well.

    Args:
        file: The DuckDB file.
        name: The resource.
        listed: The rows that the API lists now.
        former: Rows that it listed before and may list no longer, in every version that they had,
            by key. They may be in the table, in one of those versions.
        dataset: The schema of the table.
    """
    with duckdb.connect(str(file), read_only=True) as connection:
        table = _Tables(connection, dataset).read(name)
    stored, expected = table.rows, {row["id"]: version_of(row) for row in listed}
    once = {key: versions[0] for key, versions in stored.items()}
    gone = {
        key: {version_of(row) for row in rows}
        for key, rows in (former or {}).items()
        if key not in expected
    }
    found = {
        "rows that the API lists are missing": expected.keys() - stored.keys(),
        "rows are there more than once": {k for k, rows in stored.items() if len(rows) > 1},
        "rows have other values than the API gives": {
            key for key, row in expected.items() if key in once and once[key] != row
        },
        "rows were never given by the API": once.keys() - expected.keys() - gone.keys(),
        "rows that the API lists no longer have values that it never gave": {
            key for key, versions in gone.items() if key in once and once[key] not in versions
        },
    }
    return [
        f"{name}: {len(keys)} {what}, such as {', '.join(sorted(map(str, keys))[:NAMED])}."
        for what, keys in found.items()
        if keys
    ] + [f"{name}: {count} items of {child} belong to no row." for child, count in table.orphans]


def version_of(row: Row) -> Version:
    """A row as the API gives it, in the form that `compare` gives to stored ones."""
    return repr(sorted(_flat(row).items()))


def _flat(row: Row) -> Row:
    """Objects become fields of the row, as dlt names them, and what is null or empty goes."""
    flat: Row = {}
    for field, value in row.items():
        if isinstance(value, dict):
            flat |= {f"{field}__{part}": inner for part, inner in _flat(value).items()}
        elif isinstance(value, list):
            items = [i if isinstance(i, dict) else {"value": i} for i in value]
            flat |= {field: [sorted(_flat(item).items()) for item in items]} if items else {}
        elif value is not None:
            flat[field] = _plain(_time(value) if field.endswith("_at") else value)
    return flat


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _plain(value: Any) -> Any:
    """A value that is told from every other by its `repr`, wherever it comes from."""
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat()
    if isinstance(value, float) and value.is_integer():
        return int(value)  # a column of fractions gives 5 as 5.0
    return value


class _Table:
    """The rows of a table by key, and the child tables with items that belong to none."""

    def __init__(self) -> None:
        self.rows: dict[Any, list[Version]] = defaultdict(list)
        self.orphans: list[tuple[str, int]] = []


class _Tables:
    def __init__(self, connection: duckdb.DuckDBPyConnection, dataset: str) -> None:
        self._connection, self._dataset = connection, dataset
        self._connection.execute("SET TimeZone = 'UTC'")
        self._names = [
            name
            for (name,) in connection.execute(
                "SELECT table_name FROM duckdb_tables() WHERE schema_name = ?", [dataset]
            ).fetchall()
        ]

    def read(self, name: str) -> _Table:
        table = _Table()
        if name not in self._names:
            return table
        for row in self._with_items(name, table):
            key = row["id"]
            table.rows[key].append(repr(sorted(_without_own(row).items())))
        return table

    def _with_items(self, name: str, into: _Table) -> list[Row]:
        """The rows of a table, with the items of its child tables as lists."""
        rows = self._rows(name)
        ids = Counter(row["_dlt_id"] for row in rows)
        for child in self._children(name):
            field, items = child.removeprefix(f"{name}__"), defaultdict(list)
            for item in self._with_items(child, into):
                items[item["_dlt_parent_id"]].append(item)
            if lost := sum(len(found) for parent, found in items.items() if parent not in ids):
                into.orphans.append((child, lost))
            for row in rows:
                if found := items.get(row["_dlt_id"]):
                    found.sort(key=lambda item: item["_dlt_list_idx"])
                    row[field] = [sorted(_without_own(item).items()) for item in found]
        return rows

    def _rows(self, name: str) -> list[Row]:
        cursor = self._connection.execute(f'FROM {self._dataset}."{name}"')
        columns = [column[0] for column in cursor.description or ()]
        # a value that does not fit its column stands in one of its own
        fields = [column.partition(VARIANT)[0] for column in columns]
        return [
            {f: _plain(v) for f, v in zip(fields, row, strict=True) if v is not None}
            for row in cursor.fetchall()
        ]

    def _children(self, name: str) -> list[str]:
        below = [table for table in self._names if table.startswith(f"{name}__")]
        return [t for t in below if not any(t.startswith(f"{other}__") for other in below)]


def _without_own(row: Row) -> Row:
    return {field: value for field, value in row.items() if not field.startswith(OWN)}
