"""Rows that a full refresh, a backfill or a look-back reads again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from email_assets.sandbox import Sandbox
from email_assets.sync.digests import stamp_of
from email_assets.sync.span import Span
from email_assets_tests.messages import change_messages, sent_at, start_after
from email_assets_tests.queries import Place, on_both
from email_assets_tests.sync.unchanged.loading import (
    FULL_REFRESH,
    assert_exact,
    counts,
    load,
    load_rows,
    loads,
    state_of,
)
from email_assets_tests.warehouses import Query, Row, change, listed, table

# Everything again


@pytest.mark.slow
@pytest.mark.usefixtures("loaded")
def test_a_full_refresh_loads_every_row_again(api: Sandbox, query: Query) -> None:
    before = loads(query, "messages")
    assert counts(load("messages", FULL_REFRESH)) == (250, 0)
    after = loads(query, "messages")
    assert [key for key in before if after[key] == before[key]] == []
    assert_exact(query, api.rows("messages"))


@pytest.mark.slow
@pytest.mark.usefixtures("loaded")
def test_a_sync_after_a_full_refresh_loads_nothing(api: Sandbox) -> None:
    load("messages", FULL_REFRESH)
    assert counts(load("messages")) == (0, 250)


@pytest.mark.slow
def test_a_full_refresh_corrects_what_somebody_wrote_into_the_table(
    api: Sandbox, query: Query, warehouse: Path
) -> None:
    load("servers")
    change(warehouse, "UPDATE email.servers SET name = 'by hand'")
    load("servers", FULL_REFRESH)
    assert table(query, "servers") == listed(api.rows("servers"))


# Syncs by time


@pytest.mark.usefixtures("incremental", "loaded")
def test_a_sync_of_what_is_new_loads_nothing_while_nothing_is(
    api: Sandbox, warehouse: Path
) -> None:
    before = state_of(warehouse)
    report = load("messages")
    assert counts(report) == (0, report.rows_received)
    assert report.rows_received > 0
    assert state_of(warehouse) == before


@pytest.mark.usefixtures("incremental", "loaded")
def test_rows_within_the_look_back_are_not_loaded_again(api: Sandbox, query: Query) -> None:
    before = loads(query, "messages")
    start = start_after(api.rows("messages")[0])
    looked_back_at = [row["id"] for row in api.rows("messages") if sent_at(row) >= start]
    api.insert_head("messages", 2)
    load("messages")
    after = loads(query, "messages")
    assert len(looked_back_at) > 5
    assert [key for key in looked_back_at if after[key] != before[key]] == []


@pytest.mark.usefixtures("asks_for_windows", "loaded")
def test_a_row_that_changed_within_the_look_back_is_loaded_alone(
    api: Sandbox, query: Query
) -> None:
    rows = change_messages(api, 5)
    report = load("messages")
    assert report.rows_loaded == 1
    assert report.rows_unchanged == report.rows_received - 1 > 5
    assert_exact(query, rows)


@pytest.mark.slow
@on_both
@pytest.mark.parametrize(
    "deleted",
    [
        "messages WHERE id = '{0}'",
        "messages__recipients WHERE _dlt_root_id IN "
        "(SELECT _dlt_id FROM email.messages WHERE id = '{0}')",
    ],
    ids=["a row", "its items"],
)
@pytest.mark.usefixtures("incremental")
def test_what_somebody_deleted_within_the_look_back_comes_back_once(
    api: Sandbox, warehouse: Place, query: Query, deleted: str
) -> None:
    load("messages")
    change(warehouse, f"DELETE FROM email.{deleted.format(api.rows('messages')[0]['id'])}")

    assert load("messages").rows_loaded == 1

    assert_exact(query, api.rows("messages"))
    assert load("messages").rows_loaded == 0


@pytest.mark.slow
@pytest.mark.usefixtures("asks_for_windows")
def test_items_that_a_sync_of_an_hour_loaded_do_not_stay_without_their_row(
    api: Sandbox, warehouse: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__LAG", "0")
    load("messages")
    newest = api.rows("messages")[0]
    began = stamp_of(sent_at(newest) - timedelta(hours=1))
    change(
        warehouse,
        *(
            f"UPDATE email.{place} = '{began}' || substr({place.rpartition(' ')[2]}, 17)"
            for place in (
                "messages SET _dlt_id",
                "messages__recipients SET _dlt_root_id",
                "messages__recipients SET _dlt_parent_id",
            )
        ),
        f"DELETE FROM email.messages WHERE id = '{newest['id']}'",
    )

    assert load("messages").rows_loaded == 1

    assert_exact(query, api.rows("messages"))


@pytest.mark.slow
@pytest.mark.usefixtures("incremental", "loaded")
def test_the_cursor_moves_with_the_rows_that_are_new(api: Sandbox) -> None:
    api.insert_head("messages", 2)
    load("messages")
    assert load("messages").window.start == start_after(api.rows("messages")[0])


@pytest.mark.parametrize("settings", ["stops_early", "asks_for_windows"])
@pytest.mark.usefixtures("loaded")
def test_the_cursor_is_kept_though_every_row_was_loaded_before_there_was_one(
    settings: str, api: Sandbox, request: pytest.FixtureRequest
) -> None:
    request.getfixturevalue(settings)
    assert counts(load("messages")) == (0, 250)
    assert load("messages").window.start == start_after(api.rows("messages")[0])


@pytest.mark.usefixtures("asks_for_windows", "loaded")
def test_a_backfill_loads_only_what_differs(api: Sandbox, query: Query) -> None:
    rows = change_messages(api, 150)
    stretch = Span(start=sent_at(rows[160]), end=sent_at(rows[140]))
    assert counts(load("messages", stretch)) == (1, 20)
    assert_exact(query, rows)


@pytest.mark.slow
@pytest.mark.usefixtures("asks_for_windows", "loaded")
def test_a_backfill_in_which_nothing_differs_does_not_touch_the_warehouse_file(
    api: Sandbox, warehouse: Path
) -> None:
    before, rows = state_of(warehouse), api.rows("messages")
    stretches = {
        "both ends": Span(start=sent_at(rows[160]), end=sent_at(rows[140])),
        "no start": Span(end=sent_at(rows[140])),
        "no end": Span(start=sent_at(rows[160])),
    }
    found = {name: counts(load("messages", stretch)) for name, stretch in stretches.items()}
    assert found == {"both ends": (0, 21), "no start": (0, 110), "no end": (0, 161)}
    assert state_of(warehouse) == before


@pytest.mark.usefixtures("stops_early", "loaded")
def test_rows_from_before_the_look_back_that_come_with_its_last_page_are_not_loaded_again(
    api: Sandbox, query: Query
) -> None:
    before = loads(query, "messages")
    load("messages")
    assert loads(query, "messages") == before


CURSORS: dict[str, tuple[str, list[Any]]] = {
    "a column of times": (
        "sent_at",
        [{"sent_at": f"2026-01-3{day}T12:00:00.123456+05:30"} for day in (1, 0)],
    ),
    "a column of text": (
        "sent_at",
        [{"sent_at": f"{day} Jan 2026 12:00:00 +0000"} for day in ("Sat, 31", "Fri, 30")],
    ),
    "a column of numbers": ("sent_at", [{"sent_at": 1_769_862_600 - n} for n in (0, 3600)]),
    "a column of fractions": ("sent_at", [{"sent_at": 1_769_862_600.5 - n} for n in (0, 3600)]),
    "a field in an object": (
        "datesOf.sentAt",
        [{"datesOf": {"sentAt": f"2026-01-3{day}T12:00:00Z"}} for day in (1, 0)],
    ),
    "an object with a number beyond 64 bits": (
        "dates.sent",
        [{"dates": {"sent": f"2026-01-3{day}T12:00:00Z", "n": 2**64}} for day in (1, 0)],
    ),
    "a field that no row has": ("created_at", [{"n": 1}, {"n": 2}]),
    "a field that is always null": ("sent_at", [{"sent_at": None}, {"sent_at": None}]),
    "a field of another spelling": (
        "Sent-At",
        [{"Sent-At": f"2026-01-3{day}T12:00:00Z"} for day in (1, 0)],
    ),
    "a field beside one of the same column": (
        "SentAt",
        [{"SentAt": f"2026-01-3{day}T12:00:00Z", "sent_at": "x"} for day in (1, 0)],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize(("cursor_path", "fields"), CURSORS.values(), ids=CURSORS)
def test_whatever_the_cursor_column_is_rows_are_not_loaded_again(
    cursor_path: str, fields: list[Row], api: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__DOMAINS__CURSOR_PATH", cursor_path)
    monkeypatch.setenv("SOURCES__EMAIL__DOMAINS__LAG", str(2 * 86_400))
    rows = [{"id": number, **row} for number, row in enumerate(fields)]
    load_rows(api, *rows)
    assert load_rows(api, *rows) == (0, 2)
