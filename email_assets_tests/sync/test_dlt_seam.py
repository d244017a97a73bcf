"""Rows are taken in batches through dlt's inner names, and one by one where these have moved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from dlt.common.data_writers import writers
from dlt.normalize import worker
from dlt.normalize.items_normalizers.jsonl import JsonLItemsNormalizer

from email_assets.account import configured_account
from email_assets.sandbox import Sandbox
from email_assets.sync.batches import Batches
from email_assets.sync.dlt_seam import FIRST_ROWS, BatchNormalizer, in_batches
from email_assets.sync.pipeline import sync
from email_assets.warehouse.destination import open_pipeline
from email_assets_tests.sync.odd_data_fixtures import put
from email_assets_tests.warehouses import Query, items, listed, load, table


def assert_all_loaded(query: Query, api: Sandbox) -> None:
    rows = api.rows("messages")
    assert table(query, "messages") == listed(rows)
    assert items(query, "messages", "recipients") == {row["id"]: row["recipients"] for row in rows}


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The number of rows that were tried in each batch, and of those that did not fit."""
    tried: list[tuple[int, int]] = []
    made_of = Batches.of

    def noted(self: Batches, rows: Any) -> Any:
        batch = made_of(self, rows)
        tried.append((len(rows), len(batch.odd)))
        return batch

    monkeypatch.setattr(Batches, "of", noted)
    return tried


def test_the_names_of_dlts_are_in_their_places() -> None:
    """An upgrade of dlt that moves one of them fails here first."""
    said: list[str] = []
    with in_batches("messages", said.append):
        assert worker.JsonLItemsNormalizer is BatchNormalizer  # type: ignore[attr-defined]
    assert said == []


@pytest.mark.slow
def test_all_rows_but_the_first_are_taken_in_a_batch(
    api: Sandbox, query: Query, batches: list[tuple[int, int]]
) -> None:
    load("messages")
    assert batches == [(250 - FIRST_ROWS, 0)]
    assert_all_loaded(query, api)


@pytest.mark.slow
def test_in_a_later_sync_all_new_rows_are_taken_in_a_batch(
    api: Sandbox, query: Query, batches: list[tuple[int, int]]
) -> None:
    load("messages")
    api.insert_head("messages", 40)
    batches.clear()
    load("messages")
    assert batches == [(40, 0)]
    assert_all_loaded(query, api)


@pytest.mark.slow
def test_a_thousand_rows_are_in_memory_at_once(
    api: Sandbox, query: Query, batches: list[tuple[int, int]]
) -> None:
    load("messages")
    api.insert_head("messages", 2500)
    batches.clear()
    load("messages")
    assert sum(size for size, _ in batches) == 2500
    assert [size // 1000 for size, _ in batches] == [1, 1, 0]
    assert_all_loaded(query, api)


@pytest.mark.slow
def test_a_table_of_which_all_rows_came_in_batches_has_no_empty_file(api: Sandbox) -> None:
    load("messages")
    api.insert_head("messages", 40)
    with open_pipeline(configured_account().warehouse, "messages") as pipeline:
        done = sync(configured_account(), pipeline, "messages", say=print)
    (package,) = done.load_info.load_packages
    files = [job.job_file_info for job in package.jobs["completed_jobs"]]
    loaded = sorted(file.table_name for file in files if file.file_format == "parquet")
    assert loaded == ["messages", "messages__recipients"]


def test_rows_that_do_not_fit_are_taken_by_themselves(
    api: Sandbox, batches: list[tuple[int, int]], query: Query
) -> None:
    rows: list[dict[str, Any]] = [{"id": number, "n": number} for number in range(300)]
    rows[200]["n"] = "many"
    rows[210]["late"] = 1.5
    put(api, *rows)
    load("domains")
    assert batches == [(200, 2)]
    found = table(query, "domains")
    assert (found[200], found[210]) == (
        {"id": 200, "n__v_text": "many"},
        {"id": 210, "n": 210, "late": 1.5},
    )
    assert len(found) == 300


Break = Callable[[pytest.MonkeyPatch], None]


def without_a_writer(patch: pytest.MonkeyPatch) -> None:
    patch.delattr(writers, "ArrowToParquetWriter")


def with_other_arguments(patch: pytest.MonkeyPatch) -> None:
    taken = JsonLItemsNormalizer._normalize_chunk  # noqa: SLF001 (it is the seam)

    def with_more(self: Any, *args: Any, more: None = None, **kwargs: Any) -> Any:
        return taken(self, *args, **kwargs)

    patch.setattr(JsonLItemsNormalizer, "_normalize_chunk", with_more)


def with_an_error(patch: pytest.MonkeyPatch) -> None:
    def fail(self: Batches, rows: Any) -> Any:
        raise AttributeError("a name that moved")

    patch.setattr(Batches, "of", fail)


@pytest.mark.parametrize(
    ("break_it", "why"),
    [
        (without_a_writer, "dlt has no ArrowToParquetWriter"),
        (
            with_other_arguments,
            "JsonLItemsNormalizer._normalize_chunk takes self, args, more, kwargs",
        ),
        (with_an_error, "AttributeError in email_assets.sync.batches"),
    ],
)
def test_rows_are_taken_one_by_one_and_it_is_said_once_where_a_name_has_moved(
    api: Sandbox, query: Query, monkeypatch: pytest.MonkeyPatch, break_it: Break, why: str
) -> None:
    break_it(monkeypatch)
    rows_one_by_one = "email_assets.sync.dlt_seam.worker.JsonLItemsNormalizer"
    monkeypatch.setattr(rows_one_by_one, JsonLItemsNormalizer)
    said: list[str] = []
    load("messages", say=said.append)
    assert said == [f"messages: this dlt takes rows one by one, which is slower: {why}"]
    assert_all_loaded(query, api)
