"""Runs in several processes at the same time, into one warehouse: all succeed and lose nothing."""

from __future__ import annotations

import pytest

from email_assets.sandbox import Sandbox
from email_assets_tests.processes import stopped, syncing
from email_assets_tests.queries import on_both
from email_assets_tests.warehouses import Query, items, listed, load, table

pytestmark = on_both


@pytest.mark.slow
def test_runs_of_one_resource_at_the_same_time(api: Sandbox, query: Query) -> None:
    assert syncing(*["messages"] * 4) == [250] * 4
    rows = api.rows("messages")
    assert table(query, "messages") == listed(rows)
    assert items(query, "messages", "recipients") == {row["id"]: row["recipients"] for row in rows}


@pytest.mark.slow
def test_runs_of_different_resources_at_the_same_time(api: Sandbox, query: Query) -> None:
    names = ["bounces", "messages", "deliverystats", "servers"]
    assert syncing(*names) == [len(api.rows(name)) for name in names]
    for name in names:
        assert table(query, name) == listed(api.rows(name))


@pytest.mark.slow
def test_runs_at_the_same_time_into_tables_that_exist(api: Sandbox, query: Query) -> None:
    load("messages")
    load("bounces")
    api.insert_head("messages", 30)
    syncing("messages", "bounces", "messages", "bounces")
    for name in ("messages", "bounces"):
        assert table(query, name) == listed(api.rows(name))


@pytest.mark.slow
def test_every_run_is_noted_as_a_load_of_its_own(api: Sandbox, query: Query) -> None:
    with stopped("servers", "extract") as run:
        load("servers")
        run.let_go()
    assert query("SELECT schema_name, status FROM email._dlt_loads") == [("servers", 0)] * 2
