"""A run that is killed at any moment leaves nothing that anybody must repair."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest

from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.processes import process, stopped
from email_assets_tests.warehouses import Query, change, items, listed, load, table

MOMENTS = {
    "after reading the API": "extract",
    "before loading": "normalize",
    "while the rows are put aside": 'INSERT INTO "email_staging"."messages"',
    "before the table changes": "CREATE",
    "amid the change of the table": 'INSERT INTO "email"."messages"',
    "amid the change of the nested table": 'INSERT INTO "email"."messages__recipients"',
    "before the load is noted": 'INSERT INTO "email"."_dlt_loads"',
}


def holds_exactly(query: Query, rows: list[dict[str, object]]) -> None:
    assert table(query, "messages") == listed(rows)
    assert items(query, "messages", "recipients") == {row["id"]: row["recipients"] for row in rows}


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_after_a_kill_in_the_first_run_the_next_loads_everything(
    api: Sandbox, query: Query, moment: str
) -> None:
    with stopped("messages", moment) as run:
        run.kill()

    load("messages")

    holds_exactly(query, api.rows("messages"))


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_after_a_kill_in_a_later_run_the_next_loads_everything(
    api: Sandbox, query: Query, moment: str
) -> None:
    load("messages")
    api.insert_head("messages", 7)
    with stopped("messages", moment) as run:
        run.kill()

    load("messages")

    holds_exactly(query, api.rows("messages"))
