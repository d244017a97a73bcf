"""The counts that checks ask of the warehouse."""

from __future__ import annotations

from pathlib import Path

import pytest

from email_assets.account import configured_account
from email_assets.warehouse.counts import KeyCount, count_keys
from email_assets_tests.processes import holding
from email_assets_tests.queries import on_both
from email_assets_tests.warehouse.warehouse_fixtures import with_table
from email_assets_tests.warehouses import change

# Asking


def test_a_question_makes_no_file(warehouse: Path) -> None:
    count_keys(configured_account().warehouse, "bounces", ["id"], say=print)
    assert [path for path in warehouse.parent.iterdir() if path.is_file()] == []


def test_a_question_changes_no_file(warehouse: Path) -> None:
    with_table(warehouse, "id BIGINT", "(1)")
    before = warehouse.read_bytes(), warehouse.stat().st_mtime_ns
    count_keys(configured_account().warehouse, "bounces", ["id"], say=print)
    assert (warehouse.read_bytes(), warehouse.stat().st_mtime_ns) == before


def test_a_question_is_answered_while_others_read(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE__LOCK_TIMEOUT", "0")
    with_table(warehouse, "id BIGINT", "(1)")
    with holding("read", warehouse):
        assert count_keys(configured_account().warehouse, "bounces", ["id"], say=print) == KeyCount(
            1, 0, 0, []
        )


# Counting keys


def test_a_warehouse_that_is_not_there_has_no_keys(warehouse: Path) -> None:
    assert count_keys(configured_account().warehouse, "bounces", ["id"], say=print) is None


def test_a_table_that_is_not_there_has_no_keys(warehouse: Path) -> None:
    change(warehouse)
    assert count_keys(configured_account().warehouse, "bounces", ["id"], say=print) is None


@on_both
def test_an_empty_table_has_nothing_wrong(warehouse: Path) -> None:
    with_table(warehouse, "id BIGINT")
    assert count_keys(configured_account().warehouse, "bounces", ["id"], say=print) == KeyCount(
        0, 0, 0, []
    )


@on_both
def test_unique_keys_are_counted_as_rows_only(warehouse: Path) -> None:
    with_table(warehouse, "id BIGINT", "(1)", "(2)")
    assert count_keys(configured_account().warehouse, "bounces", ["id"], say=print) == KeyCount(
        2, 0, 0, []
    )


@on_both
def test_null_keys_are_counted_and_are_not_duplicates(warehouse: Path) -> None:
    with_table(warehouse, "id BIGINT", "(1)", "(NULL)", "(NULL)")
    assert count_keys(configured_account().warehouse, "bounces", ["id"], say=print) == KeyCount(
        3, 2, 0, []
    )


@on_both
def test_a_key_of_many_rows_is_one_duplicate(warehouse: Path) -> None:
    with_table(warehouse, "id BIGINT", "(1)", "(7)", "(7)", "(7)")
    assert count_keys(configured_account().warehouse, "bounces", ["id"], say=print) == KeyCount(
        4, 0, 1, ["7"]
    )


@on_both
def test_ten_duplicates_are_named(warehouse: Path) -> None:
    with_table(
        warehouse,
        "id VARCHAR",
        *(f"('m{n:02}')" for n in range(12)),
        *(f"('m{n:02}')" for n in range(12)),
    )
    assert count_keys(configured_account().warehouse, "bounces", ["id"], say=print) == KeyCount(
        24, 0, 12, [f"m{n:02}" for n in range(10)]
    )


@on_both
def test_a_key_may_have_several_parts(warehouse: Path) -> None:
    with_table(
        warehouse,
        "server BIGINT, id VARCHAR",
        *("(1, 'a')", "(1, 'b')", "(2, 'a')", "(1, 'b')", "(3, NULL)", "(NULL, 'c')"),
    )
    assert count_keys(
        configured_account().warehouse, "bounces", ["server", "id"], say=print
    ) == KeyCount(6, 2, 1, ["1/b"])


@on_both
def test_a_key_is_asked_for_by_the_name_of_its_column(warehouse: Path) -> None:
    with_table(warehouse, "message_id BIGINT", "(1)", "(1)")
    assert count_keys(
        configured_account().warehouse, "bounces", ["MessageID"], say=print
    ) == KeyCount(2, 0, 1, ["1"])


@on_both
def test_a_key_may_be_called_like_a_word_of_sql(warehouse: Path) -> None:
    with_table(warehouse, '"order" BIGINT', "(1)", "(1)")
    assert count_keys(configured_account().warehouse, "bounces", ["order"], say=print) == KeyCount(
        2, 0, 1, ["1"]
    )
