"""The comments in the warehouse, by the vendor's file and by what dlt adds to tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from email_assets.account import configured_account
from email_assets.sandbox import Sandbox
from email_assets.vendors.resource import column_hints
from email_assets.warehouse.comments import comment
from email_assets.warehouse.destination import connected
from email_assets_tests.deliverability.deliverability_fixtures import build
from email_assets_tests.postgres import Database
from email_assets_tests.queries import WAREHOUSES, Place, ask, fresh_place, on_both
from email_assets_tests.warehouses import change, fresh_warehouse, load

pytestmark = pytest.mark.slow

OF_POSTGRES = """
SELECT relname, attname, col_description(attrelid, attnum) FROM pg_attribute
JOIN pg_class ON attrelid = pg_class.oid
WHERE relnamespace = 'email'::regnamespace AND relkind IN ('r', 'v') AND attnum > 0
UNION ALL
SELECT relname, '', obj_description(oid, 'pg_class') FROM pg_class
WHERE relnamespace = 'email'::regnamespace AND relkind IN ('r', 'v')
"""
OF_DUCKDB = """
SELECT table_name, column_name, comment FROM duckdb_columns() WHERE schema_name = 'email'
UNION ALL SELECT table_name, '', comment FROM duckdb_tables() WHERE schema_name = 'email'
UNION ALL SELECT view_name, '', comment FROM duckdb_views() WHERE schema_name = 'email'
"""
HERS = "COMMENT ON COLUMN email.servers.{} IS 'what somebody wrote by hand'"


def comments(place: Place) -> dict[str, str]:
    """The comments that a reader sees, by `table.column` or by table."""
    rows = place.ask(OF_POSTGRES) if isinstance(place, Database) else ask(place, OF_DUCKDB)
    return {f"{table}.{column}".removesuffix("."): text for table, column, text in rows if text}


@pytest.fixture(scope="module", params=WAREHOUSES)
def loaded(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("comments")
    place = fresh_place(folder, request)
    with Sandbox(messages=30) as sandbox, fresh_warehouse(folder, sandbox, place):
        for name in ("messages", "bounces", "domains"):
            load(name)
        build()
        yield place


def test_tables_and_columns_mean_what_the_vendors_file_says(loaded: Place) -> None:
    found = comments(loaded)
    resource = configured_account().resources["bounces"]

    assert found["bounces"] == resource["description"]
    assert {name: found[f"bounces.{name}"] for name in column_hints(resource)} == {
        name: hints["description"] for name, hints in column_hints(resource).items()
    }


def test_a_table_of_a_list_says_how_to_join_it(loaded: Place) -> None:
    found = comments(loaded)

    assert found["messages__recipients"] == (
        "Items of lists in messages: join its _dlt_id to _dlt_parent_id."
    )
    assert found["messages__recipients._dlt_parent_id"] == (
        "The _dlt_id of the row that the list is in."
    )
    assert found["messages__recipients.email"] == "The recipient's address."


def test_what_is_made_of_the_tables_has_comments_too(loaded: Place) -> None:
    found = comments(loaded)

    assert found["deliverability_daily"].startswith("What each sender sent on each day")
    assert found["email_events"] == "What happened to a message and a recipient."
    assert found["email_events.recipient"] == "The recipient's address alone, in small letters."
    assert found["recipients.last_bounced"] == "When a message to it bounced last."


@on_both
def test_a_load_writes_the_comments_anew_and_leaves_those_of_others(
    api: Sandbox, warehouse: Place
) -> None:
    load("servers")
    by_us = comments(warehouse)
    for column in ("name", "created_at"):  # the file says what the first is
        _by_hand(warehouse, column)
    load("servers")
    assert comments(warehouse)["servers.name"] == "what somebody wrote by hand", "nothing was new"

    api.replace("servers", [*api.rows("servers"), {"id": 99, "name": "new"}])
    load("servers")

    hers = {"servers.created_at": "what somebody wrote by hand"}
    assert comments(warehouse) == by_us | hers


def _by_hand(place: Place, column: str) -> None:
    if isinstance(place, Database):
        place.change(HERS.format(column))
    else:
        change(place, HERS.format(column))


@pytest.mark.postgres
@pytest.mark.parametrize("warehouse", ["postgres"], indirect=True)
def test_who_may_not_comment_is_told_and_goes_on(api: Sandbox, warehouse: Database) -> None:
    load("servers")
    warehouse.change("CREATE ROLE guest", "GRANT USAGE ON SCHEMA email TO guest")
    told: list[str] = []

    with connected(configured_account().warehouse, "servers", print) as client:
        assert client
        client.execute_sql("SET ROLE guest")
        comment(client, lambda _: {("servers", ""): "new"}, told.append)
        assert client.execute_sql("SELECT 1") == [(1,)]

    assert told == ["comments cannot be written on tables: must be owner of table servers"]


@pytest.mark.postgres
@pytest.mark.parametrize("warehouse", ["postgres"], indirect=True)
def test_a_table_that_is_vacuumed_is_not_waited_for_long(api: Sandbox, warehouse: Database) -> None:
    load("servers")
    told: list[str] = []

    with (
        connected(configured_account().warehouse, "servers", print) as client,
        warehouse.connected() as other,
    ):
        assert client
        client.execute_sql("SET statement_timeout = '6s'")
        other.execute("BEGIN")
        # the lock that VACUUM takes
        other.execute("LOCK TABLE email.servers IN SHARE UPDATE EXCLUSIVE MODE")
        comment(client, lambda _: {("servers", ""): "new"}, told.append)

    assert told == ["comments cannot be written on tables: canceling statement due to lock timeout"]


def test_the_copy_for_readers_has_them(
    api: Sandbox, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE__READ_COPY", "true")
    load("servers")

    assert comments(warehouse.with_name("warehouse.read.duckdb")) == comments(warehouse) != {}
