"""Indexes that a sync of what is new makes on PostgreSQL."""

from __future__ import annotations

from typing import Any

import pytest

from email_assets.sandbox import Sandbox
from email_assets_tests.postgres import Database
from email_assets_tests.sync.incremental_fixtures import Load
from email_assets_tests.warehouses import Query

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.parametrize("warehouse", ["postgres"], indirect=True),
]


def indexed(warehouse: Database) -> set[tuple[Any, ...]]:
    """Tables and columns with an index of ours, and the kind of each."""
    return set(
        warehouse.ask(
            "SELECT tablename, substring(indexdef FROM 'USING (.*)') FROM pg_indexes "
            "WHERE schemaname = 'email' AND indexname LIKE 'email_assets_%'"
        )
    )


@pytest.mark.usefixtures("api", "asks_for_windows")
def test_what_it_asks_and_merges_by_has_an_index(warehouse: Database, load: Load) -> None:
    load()

    assert indexed(warehouse) == {
        ("messages", "hash (id)"),
        ("messages", "btree (sent_at)"),
        ("messages__recipients", "btree (_dlt_root_id)"),
    }


@pytest.mark.usefixtures("asks_for_windows")
def test_one_that_somebody_dropped_is_made_again_by_the_next_load(
    warehouse: Database, api: Sandbox, load: Load
) -> None:
    load()
    before = indexed(warehouse)
    (name,) = warehouse.ask("SELECT indexname FROM pg_indexes WHERE indexdef LIKE '%(sent_at)'")
    warehouse.change(f"DROP INDEX email.{name[0]}")
    api.insert_head("messages", 1)

    load()

    assert indexed(warehouse) == before


@pytest.mark.usefixtures("api")
def test_a_resource_that_is_read_whole_has_none(warehouse: Database, load: Load) -> None:
    load()

    assert indexed(warehouse) == set()


@pytest.mark.usefixtures("asks_for_windows")
def test_a_key_of_any_length_is_loaded_again_and_again(
    warehouse: Database, api: Sandbox, load: Load, query: Query
) -> None:
    rows = api.rows("messages")
    long = {**rows[0], "id": "".join(f"{number:x}" for number in range(9_000))}
    api.replace("messages", [long, *rows[1:]])
    load()
    api.replace("messages", [{**long, "subject": "another"}, *rows[1:]])

    assert load().rows_loaded == 1

    assert query("SELECT subject FROM email.messages WHERE length(id) > 9000") == [("another",)]


@pytest.mark.usefixtures("asks_for_windows")
def test_a_table_that_is_vacuumed_is_not_waited_for_long(
    warehouse: Database, api: Sandbox, load: Load, said: list[str]
) -> None:
    load()
    (name,) = warehouse.ask("SELECT indexname FROM pg_indexes WHERE indexdef LIKE '%(sent_at)'")
    warehouse.change(f"DROP INDEX email.{name[0]}")
    api.insert_head("messages", 1)
    with warehouse.connected() as other:
        other.execute("BEGIN")
        # the lock that VACUUM takes
        other.execute("LOCK TABLE email.messages IN SHARE UPDATE EXCLUSIVE MODE")
        assert load().rows_loaded == 1

    assert [line for line in said if "index" in line] == [
        "messages: indexes cannot be made, without which syncs take longer: "
        "canceling statement due to lock timeout"
    ]


@pytest.mark.usefixtures("asks_for_windows")
def test_a_table_that_has_its_indexes_is_not_waited_for(
    warehouse: Database, api: Sandbox, load: Load, said: list[str]
) -> None:
    load()
    api.insert_head("messages", 1)
    with warehouse.connected() as other:
        other.execute("BEGIN")
        other.execute("LOCK TABLE email.messages IN SHARE UPDATE EXCLUSIVE MODE")
        assert load().rows_loaded == 1

    assert [line for line in said if "index" in line] == []
