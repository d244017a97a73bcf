"""A run that is killed, at any moment, leaves nothing behind that anybody must repair."""

from __future__ import annotations

import time

import pytest

from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.processes import started, stopped
from email_assets_tests.queries import Place, on_both
from email_assets_tests.warehouses import (
    Query,
    Row,
    items,
    kill,
    listed,
    load,
    table,
    working_directories,
)

pytestmark = on_both

MOMENTS = {
    "once the rows are read": "extract",
    "once the rows are prepared": "normalize",
    "amid the change of the table": 'INSERT INTO "email"."messages"',
    "before the load is noted": 'INSERT INTO "email"."_dlt_loads"',
}


def assert_exact(query: Query, rows: list[Row]) -> None:
    assert table(query, "messages") == listed(rows)
    assert items(query, "messages", "recipients") == {row["id"]: row["recipients"] for row in rows}


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_a_kill_in_the_first_run_needs_no_repair(
    api: Sandbox, query: Query, warehouse: Place, moment: str
) -> None:
    with stopped("messages", moment) as run:
        kill(run, warehouse)
    load("messages")
    assert_exact(query, api.rows("messages"))


@pytest.mark.slow
@pytest.mark.parametrize("moment", list(MOMENTS.values())[1:], ids=list(MOMENTS)[1:])
def test_a_kill_in_a_later_run_needs_no_repair(
    api: Sandbox, query: Query, warehouse: Place, moment: str
) -> None:
    load("messages")
    api.insert_head("messages", 7)
    with stopped("messages", moment) as run:
        kill(run, warehouse)
    load("messages")
    assert_exact(query, api.rows("messages"))


@pytest.mark.slow
def test_a_kill_while_the_api_is_read_needs_no_repair(
    api: Sandbox, query: Query, warehouse: Place
) -> None:
    api.set_faults("messages", Fault("latency", seconds=600.0, after=2, times=1))
    with started("messages") as run:
        while api.request_count("messages") < 3:
            time.sleep(0.01)
        kill(run, warehouse)
    load("messages")
    assert_exact(query, api.rows("messages"))


@pytest.mark.parametrize("resource", ["messages", "bounces"])
def test_a_kill_amid_the_change_of_a_table_leaves_it_as_it_was(
    api: Sandbox, query: Query, warehouse: Place, resource: str
) -> None:
    load(resource)
    before = query(f"FROM email.{resource} ORDER BY id")
    api.replace(resource, [{**row, "server_id": 99} for row in api.rows(resource)])
    with stopped(resource, f'INSERT INTO "email"."{resource}"') as run:
        kill(run, warehouse)
    assert query(f"FROM email.{resource} ORDER BY id") == before


def test_a_later_run_sweeps_up_what_a_killed_one_left(api: Sandbox, warehouse: Place) -> None:
    with stopped("servers", "normalize") as run:
        kill(run, warehouse)
    assert len(working_directories()) == 1
    load("domains")
    assert working_directories() == []
