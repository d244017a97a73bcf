"""Syncs of what was synced before, and what the warehouse holds afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from email_assets.account import configured_account
from email_assets.sandbox import Sandbox
from email_assets.sync.pipeline import sync
from email_assets.sync.report import SyncReport
from email_assets.sync.span import Span
from email_assets.warehouse.destination import open_pipeline
from email_assets_tests.queries import Place
from email_assets_tests.warehouses import Query, Row, items, listed, never, table

FULL_REFRESH = Span(full_refresh=True)
OLD_LENGTH = 24
"""Characters of the `_dlt_id` of releases that wrote no digests."""


def load(name: str, span: Span | None = None) -> SyncReport:
    """Sync a resource as an asset does."""
    with open_pipeline(configured_account().warehouse, name) as pipeline:
        done = sync(
            configured_account(),
            pipeline,
            name,
            say=lambda _: None,
            sleep=never,
            span=span or Span(),
        )
    return done.report


def put(api: Sandbox, *rows: Row) -> None:
    api.replace("domains", rows)


def load_rows(api: Sandbox, *rows: Row) -> tuple[int, int]:
    """Sync these rows; gives the numbers of rows loaded and of rows unchanged."""
    put(api, *rows)
    return counts(load("domains"))


def counts(report: SyncReport) -> tuple[int, int]:
    assert report.rows_received == (
        report.rows_loaded + report.rows_unchanged + report.rows_without_key
    )
    return report.rows_loaded, report.rows_unchanged


def loads(query: Query, name: str) -> dict[Any, str]:
    """The load that each row of a table came with."""
    return dict(query(f"SELECT id, _dlt_load_id FROM email.{name}"))


def state_of(warehouse: Place) -> Any:
    """A state that differs once anything is written: a file, or a server's rows' transactions."""
    if isinstance(warehouse, Path):
        return warehouse.read_bytes(), warehouse.stat().st_mtime_ns
    tables = warehouse.ask(
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_schema LIKE 'email%' ORDER BY 1, 2"
    )
    return {
        named: warehouse.ask("SELECT xmin::text, ctid::text FROM {}.{}".format(*named))
        for named in tables
    }


def assert_exact(query: Query, rows: list[Row]) -> None:
    """The table of messages and its child table hold these rows, each once."""
    assert table(query, "messages") == listed(rows)
    assert items(query, "messages", "recipients") == {row["id"]: row["recipients"] for row in rows}
    # those of rows that are gone belong to none
    told = query("SELECT count(*) FROM email.messages__recipients")
    assert told == [(sum(len(row["recipients"]) for row in rows),)]
