"""Later syncs load what changed, into tables that somebody may have changed too."""

from __future__ import annotations

from pathlib import Path

import pytest

from email_assets.errors import SyncError
from email_assets.sandbox import Sandbox
from email_assets_tests.sync.pipeline_fixtures import all_rows, figures
from email_assets_tests.warehouses import Query, change, items, listed, load, table

# Later syncs


@pytest.mark.slow
def test_a_second_sync_changes_nothing(api: Sandbox, query: Query) -> None:
    load("messages")
    assert figures(load("messages")) == {
        **all_rows(250, requests=3),
        "loaded": 0,
        "unchanged": 250,
    }
    rows = api.rows("messages")
    assert table(query, "messages") == listed(rows)
    assert items(query, "messages", "recipients") == {row["id"]: row["recipients"] for row in rows}


@pytest.mark.slow
def test_a_changed_row_is_updated(api: Sandbox, query: Query) -> None:
    load("servers")
    rows = [{**row, "name": "renamed"} if row["id"] == 3 else row for row in api.rows("servers")]
    api.replace("servers", rows)
    load("servers")
    assert table(query, "servers") == listed(rows)


@pytest.mark.slow
def test_a_changed_nested_list_is_replaced(api: Sandbox, query: Query) -> None:
    api.replace(
        "messages", [{"id": "a", "to": [{"n": 1}, {"n": 2}]}, {"id": "b", "to": [{"n": 3}]}]
    )
    load("messages")
    api.replace("messages", [{"id": "a", "to": [{"n": 4}]}, {"id": "b", "to": []}])
    load("messages")
    assert items(query, "messages", "to") == {"a": [{"n": 4}]}


@pytest.mark.slow
def test_new_rows_are_added(api: Sandbox, query: Query) -> None:
    load("bounces")
    api.insert_head("bounces", 80)
    assert figures(load("bounces")) == {
        **all_rows(103, requests=2),
        "loaded": 80,
        "unchanged": 23,
    }
    assert table(query, "bounces") == listed(api.rows("bounces"))


def test_rows_that_vanish_from_the_api_stay(api: Sandbox, query: Query) -> None:
    before = api.rows("bounces")
    load("bounces")
    api.delete_head("bounces", 3)
    report = load("bounces")
    assert (report.api_total, report.rows_unchanged, report.row_count) == (20, 20, 23)
    assert table(query, "bounces") == listed(before)


@pytest.mark.slow
def test_a_new_field_is_a_new_column(api: Sandbox, query: Query) -> None:
    load("servers")
    rows = [{**row, "region": "eu"} for row in api.rows("servers")]
    api.replace("servers", rows)
    load("servers")
    assert table(query, "servers") == listed(rows)


@pytest.mark.slow
def test_a_field_that_vanishes_is_empty_from_then_on(api: Sandbox, query: Query) -> None:
    load("servers")
    rows = [{"id": row["id"], "name": row["name"]} for row in api.rows("servers")]
    api.replace("servers", rows)
    load("servers")
    assert table(query, "servers") == listed(rows)


# Tables that somebody changed


def test_a_dropped_table_is_loaded_anew(api: Sandbox, warehouse: Path, query: Query) -> None:
    load("messages")
    change(warehouse, "DROP TABLE email.messages")
    load("messages")
    rows = api.rows("messages")
    assert table(query, "messages") == listed(rows)
    assert items(query, "messages", "recipients") == {row["id"]: row["recipients"] for row in rows}


@pytest.mark.slow
def test_a_renamed_table_stays_and_is_loaded_anew(
    api: Sandbox, warehouse: Path, query: Query
) -> None:
    load("servers")
    change(warehouse, "ALTER TABLE email.servers RENAME TO servers_2025")
    rows = [{"id": "s-1", "name": "now with text for an id"}]
    api.replace("servers", rows)
    load("servers")
    assert table(query, "servers") == listed(rows)
    assert query("SELECT count(*) FROM email.servers_2025") == [(5,)]


def test_a_load_that_fails_half_way_leaves_what_was_there(
    api: Sandbox, warehouse: Path, query: Query
) -> None:
    load("servers")
    change(warehouse, "ALTER TABLE email.servers DROP COLUMN color")
    change(warehouse, "ALTER TABLE email.servers ADD COLUMN color INTEGER")
    before = table(query, "servers")
    api.replace("servers", [{**row, "name": "renamed"} for row in api.rows("servers")])
    with pytest.raises(
        SyncError, match=r"^servers: dlt's load step failed with ConversionException: "
    ):
        load("servers")
    assert table(query, "servers") == before
