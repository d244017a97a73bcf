"""The comparison of a soak finds what is lost, doubled or changed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from email_assets.sandbox import Sandbox
from email_assets_tests.soak.compare import Row, compare
from email_assets_tests.warehouses import change, fresh_warehouse, load

A_ROW = "id = '{id}'"
ITEMS = "email.messages__recipients"
OF_THE_ROW = f"_dlt_parent_id IN (SELECT _dlt_id FROM email.messages WHERE {A_ROW})"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Row]]:
    """A warehouse with the messages, and these as they are listed."""
    folder = tmp_path_factory.mktemp("loaded")
    with Sandbox() as sandbox, fresh_warehouse(folder, sandbox):
        load("messages")
        return folder / "warehouse.duckdb", sandbox.rows("messages")


@pytest.fixture
def warehouse(loaded: tuple[Path, list[Row]], tmp_path: Path) -> Path:
    return Path(shutil.copy(loaded[0], tmp_path / "warehouse.duckdb"))


@pytest.fixture
def rows(loaded: tuple[Path, list[Row]]) -> list[Row]:
    return list(loaded[1])


def test_it_finds_nothing_wrong_with_what_was_loaded(rows: list[Row], warehouse: Path) -> None:
    assert compare(warehouse, "messages", rows) == []


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        (f"DELETE FROM email.messages WHERE {A_ROW}", "1 rows that the API lists are missing"),
        (
            f"INSERT INTO email.messages SELECT * FROM email.messages WHERE {A_ROW}",
            "1 rows are there more than once",
        ),
        (f"UPDATE email.messages SET opens = 77 WHERE {A_ROW}", "1 rows have other values"),
        (f"UPDATE email.messages SET subject = NULL WHERE {A_ROW}", "1 rows have other values"),
        (
            f"UPDATE email.messages SET sent_at = sent_at + INTERVAL 1 MILLISECOND WHERE {A_ROW}",
            "1 rows have other values",
        ),
        (f"DELETE FROM {ITEMS} WHERE {OF_THE_ROW}", "1 rows have other values"),
        (f"UPDATE {ITEMS} SET email = 'x' WHERE {OF_THE_ROW}", "1 rows have other values"),
        (
            f"INSERT INTO {ITEMS} SELECT * FROM {ITEMS} WHERE {OF_THE_ROW}",
            "1 rows have other values",
        ),
        (
            f"INSERT INTO {ITEMS} SELECT * REPLACE ('x' AS _dlt_parent_id) "
            f"FROM {ITEMS} WHERE {OF_THE_ROW} LIMIT 1",
            "1 items of messages__recipients belong to no row",
        ),
        (
            "INSERT INTO email.messages BY NAME "
            "SELECT * REPLACE ('x' AS id, 'x' AS _dlt_id) FROM email.messages LIMIT 1",
            "1 rows were never given by the API",
        ),
    ],
    ids=[
        *("a lost row", "a doubled row", "a changed value", "a lost value", "a changed time"),
        *("lost items", "a changed item", "doubled items", "an item of no row", "a strange row"),
    ],
)
def test_it_finds(rows: list[Row], warehouse: Path, sql: str, found: str) -> None:
    change(warehouse, sql.format(id=rows[7]["id"]))
    problem, *_ = compare(warehouse, "messages", rows)
    assert problem.startswith(f"messages: {found}")


def test_a_row_that_is_listed_no_longer_may_stay_as_it_was_in_any_version(
    rows: list[Row], warehouse: Path
) -> None:
    gone = rows.pop(7)
    former = {gone["id"]: [{**gone, "opens": 77}, gone]}
    assert compare(warehouse, "messages", rows, former) == []


def test_a_row_that_is_listed_no_longer_must_not_have_other_values(
    rows: list[Row], warehouse: Path
) -> None:
    gone = rows.pop(7)
    (problem,) = compare(warehouse, "messages", rows, {gone["id"]: [{**gone, "opens": 77}]})
    assert "1 rows that the API lists no longer have values that it never gave" in problem


def test_a_table_that_is_not_there_has_lost_every_row(rows: list[Row], warehouse: Path) -> None:
    (problem,) = compare(warehouse, "bounces", rows)
    assert problem.startswith("bounces: 250 rows that the API lists are missing")
