"""Loading into a warehouse, and reading its tables in the form in which the API lists rows."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.sandbox import Sandbox
from email_assets.sync.pipeline import sync
from email_assets.sync.report import SyncReport
from email_assets.warehouse.destination import open_pipeline
from email_assets_tests.postgres import Database
from email_assets_tests.processes import Other
from email_assets_tests.queries import Place, ask, change, set_place

__all__ = ["ask", "change"]

Query = Callable[[str], list[tuple[Any, ...]]]
Row = dict[str, Any]


def never(seconds: float) -> None:
    """Sleep, for tests in which nobody has to wait."""
    raise AssertionError(f"waited {seconds:g} s for nothing")


def load(
    name: str,
    say: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = never,
) -> SyncReport:
    """Sync a resource as an asset does."""
    with open_pipeline(configured_account().warehouse, name) as pipeline:
        return sync(configured_account(), pipeline, name, say=say, sleep=sleep).report


def kill(run: Other, place: Place) -> None:
    """Kill a run, and wait until the warehouse, if it is a server, has noticed that it is gone."""
    run.kill()
    if isinstance(place, Database):
        place.wait_until_left()


def working_directories(temporary: Path | None = None) -> list[Path]:
    """The folders that runs work in, or have left behind, in a folder for temporary files."""
    found = (temporary or Path(tempfile.gettempdir())).glob("email_assets.*/*")
    return [path for path in found if path.is_dir()]


@contextmanager
def fresh_warehouse(folder: Path, sandbox: Sandbox, place: Place | None = None) -> Iterator[Query]:
    """A warehouse for tests that look at the same load, so that it need not be loaded for each.

    Args:
        folder: For temporary files, and for the DuckDB file `warehouse.duckdb`.
        sandbox: The API.
        place: Where the warehouse is, if it is another one.
    """
    place = place or folder / "warehouse.duckdb"
    with pytest.MonkeyPatch.context() as patch:
        set_place(patch, place)
        patch.setenv("API_KEY", sandbox.api_key)
        patch.setenv("SOURCES__EMAIL__BASE_URL", sandbox.base_url)
        patch.setenv("TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", None)
        yield lambda sql: ask(place, sql)


def columns_of(query: Query, name: str) -> list[str]:
    """The columns of a table, in order."""
    found = query(
        "SELECT column_name FROM information_schema.columns "
        f"WHERE table_schema = 'email' AND table_name = '{name}' ORDER BY ordinal_position"
    )
    return [column for (column,) in found]


def table(query: Query, name: str, key: str = "id") -> dict[Any, Row]:
    """The rows of a table by their key, without dlt's columns and without nulls."""
    columns = columns_of(query, name)
    rows = [dict(zip(columns, row, strict=True)) for row in query(f"FROM email.{name}")]
    by_key = {row[key]: row for row in rows}
    assert len(by_key) == len(rows), f"{name} has rows with equal keys"
    return {
        key: {
            column: value
            for column, value in row.items()
            if not column.startswith("_dlt_") and value is not None
        }
        for key, row in by_key.items()
    }


def items(query: Query, name: str, field: str) -> dict[Any, list[Row]]:
    """The items of a nested list, in order, by the key of the row that has them."""
    columns = [
        column for column in columns_of(query, f"{name}__{field}") if not column.startswith("_dlt_")
    ]
    found: dict[Any, list[Row]] = {}
    for key, *values in query(
        f"SELECT parent.id, {', '.join(f'item.{column}' for column in columns)} "
        f"FROM email.{name}__{field} AS item "
        f"LEFT JOIN email.{name} AS parent ON parent._dlt_id = item._dlt_parent_id "
        "ORDER BY item._dlt_parent_id, item._dlt_list_idx"
    ):
        found.setdefault(key, []).append(dict(zip(columns, values, strict=True)))
    return found


def listed(rows: list[Row]) -> dict[Any, Row]:
    """Rows of the sandbox by their id, in the form in which `table` gives what was loaded."""
    return {row["id"]: _flat(row) for row in rows}


def _flat(row: Row) -> Row:
    flat: Row = {}
    for field, value in row.items():
        if isinstance(value, dict):
            flat |= {f"{field}__{part}": inner for part, inner in _flat(value).items()}
        elif field.endswith("_at"):
            flat[field] = datetime.fromisoformat(value.replace("Z", "+00:00"))
        elif not isinstance(value, list) and value is not None:
            flat[field] = value
    return flat


def keys_in(query: Query) -> set[str]:
    """The keys of the messages in the warehouse."""
    return {key for (key,) in query("SELECT id FROM email.messages")}


def keys_of(rows: list[Row]) -> set[str]:
    return {row["id"] for row in rows}


def changed_in(query: Query) -> set[str]:
    """The keys of the messages in the warehouse that `change_messages` changed."""
    found = query("SELECT id FROM email.messages WHERE subject = 'changed'")
    return {key for (key,) in found}
