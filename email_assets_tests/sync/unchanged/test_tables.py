"""Tables that somebody changed, and backups: what is known of a table is true of that table."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from email_assets.sandbox import Sandbox
from email_assets.sync.digests import BYTES
from email_assets_tests.messages import change_messages
from email_assets_tests.queries import Place, on_both
from email_assets_tests.sync.unchanged.loading import OLD_LENGTH, assert_exact, counts, load, loads
from email_assets_tests.warehouses import Query, change, listed, table

# Tables that somebody changed


@pytest.mark.slow
@pytest.mark.usefixtures("loaded")
def test_a_row_that_somebody_deleted_comes_back(
    api: Sandbox, warehouse: Path, query: Query
) -> None:
    a_row = f"id = '{api.rows('messages')[17]['id']}'"
    ids = f"(SELECT _dlt_id FROM email.messages WHERE {a_row})"
    change(
        warehouse,
        f"DELETE FROM email.messages__recipients WHERE _dlt_parent_id IN {ids}",
        f"DELETE FROM email.messages WHERE {a_row}",
    )
    assert counts(load("messages")) == (1, 249)
    assert_exact(query, api.rows("messages"))


@pytest.mark.slow
@on_both
def test_items_of_a_row_that_somebody_deleted_do_not_stay_beside_those_that_come_back(
    api: Sandbox, warehouse: Place, query: Query
) -> None:
    load("messages")
    change(warehouse, f"DELETE FROM email.messages WHERE id = '{api.rows('messages')[17]['id']}'")

    assert counts(load("messages")) == (1, 249)

    assert_exact(query, api.rows("messages"))


@pytest.mark.slow
def test_rows_whose_dlt_id_was_edited_are_loaded_once_more(
    api: Sandbox, warehouse: Path, query: Query
) -> None:
    edits = ("''", "'by hand'", *(f"repeat('{c}', 40)" for c in "0xé"), "_dlt_id || '0'")
    load("domains")
    for row, edited in zip(api.rows("domains"), edits, strict=False):
        change(warehouse, f"UPDATE email.domains SET _dlt_id = {edited} WHERE id = {row['id']}")
    assert [counts(load("domains")) for _ in range(2)] == [(6, 2), (0, 8)]
    assert table(query, "domains") == listed(api.rows("domains"))


@pytest.mark.slow
@pytest.mark.usefixtures("loaded")
def test_rows_of_a_release_without_digests_are_loaded_once_more(
    api: Sandbox, warehouse: Path, query: Query
) -> None:
    change(
        warehouse,
        f"UPDATE email.messages SET _dlt_id = left(_dlt_id, {OLD_LENGTH})",
        f"UPDATE email.messages__recipients SET _dlt_root_id = left(_dlt_root_id, {OLD_LENGTH}), "
        f"_dlt_parent_id = left(_dlt_parent_id, {OLD_LENGTH})",
    )
    assert [counts(load("messages")) for _ in range(2)] == [(250, 0), (0, 250)]
    assert_exact(query, api.rows("messages"))


@pytest.mark.usefixtures("loaded")
def test_rows_carry_their_digest_from_the_first_sync_on(api: Sandbox, query: Query) -> None:
    assert query("SELECT DISTINCT length(_dlt_id) FROM email.messages") == [
        (OLD_LENGTH + 2 * BYTES,)
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE email.messages",
        "ALTER TABLE email.messages RENAME TO messages_2025",
        "DELETE FROM email.messages; DELETE FROM email.messages__recipients",
        "DROP SCHEMA email CASCADE",
    ],
    ids=["dropped", "renamed", "emptied", "with its schema"],
)
@pytest.mark.usefixtures("loaded")
def test_a_table_that_is_gone_is_loaded_anew_whole(
    api: Sandbox, warehouse: Path, query: Query, sql: str
) -> None:
    change(warehouse, sql)
    assert counts(load("messages")) == (250, 0)
    assert_exact(query, api.rows("messages"))


@pytest.mark.parametrize("notes", ["_dlt_pipeline_state", "_dlt_version", "_dlt_loads"])
@pytest.mark.usefixtures("loaded")
def test_a_table_whose_notes_by_dlt_are_gone_is_synced(
    api: Sandbox, warehouse: Path, query: Query, notes: str
) -> None:
    """As they are after a first run that was killed before its load was noted."""
    change(warehouse, f"DELETE FROM email.{notes}")
    rows = change_messages(api, 0, 249)
    load("messages")
    assert_exact(query, rows)


@pytest.mark.slow
@pytest.mark.usefixtures("loaded")
def test_of_a_restored_backup_exactly_the_rows_that_differ_are_loaded(
    api: Sandbox, warehouse: Path, query: Query
) -> None:
    backup = shutil.copy(warehouse, warehouse.with_suffix(".backup"))
    before = loads(query, "messages")
    changed = change_messages(api, 0, 120, 249)
    api.insert_head("messages", 4)
    rows = api.rows("messages")
    load("messages")
    shutil.copy(backup, warehouse)
    assert counts(load("messages")) == (3 + 4, 247)
    after = loads(query, "messages")
    assert {key for key in before if after[key] != before[key]} == {
        changed[position]["id"] for position in (0, 120, 249)
    }
    assert_exact(query, rows)


@pytest.mark.slow
@pytest.mark.usefixtures("loaded")
def test_of_a_restored_backup_rows_that_changed_back_meanwhile_are_unchanged(
    api: Sandbox, warehouse: Path, query: Query
) -> None:
    backup = shutil.copy(warehouse, warehouse.with_suffix(".backup"))
    rows = api.rows("messages")
    change_messages(api, 0, 120)
    load("messages")
    shutil.copy(backup, warehouse)
    api.replace("messages", rows)
    assert counts(load("messages")) == (0, 250)
    assert_exact(query, rows)


@pytest.mark.usefixtures("loaded")
def test_a_row_that_somebody_copied_becomes_one_again(
    api: Sandbox, query: Query, warehouse: Path
) -> None:
    rows = api.rows("messages")
    copied = f"INSERT INTO email.messages SELECT * FROM email.messages WHERE id = '{rows[7]['id']}'"
    change(warehouse, copied)
    assert counts(load("messages")) == (1, len(rows) - 1)
    assert_exact(query, rows)
