"""Tables of which somebody dropped a part come back whole, whatever comes before the next sync."""

from __future__ import annotations

import pytest

from email_assets.sandbox import Sandbox
from email_assets.sync.span import Span
from email_assets_tests.messages import A_DAY, sent_at
from email_assets_tests.processes import stopped
from email_assets_tests.queries import Place, change, on_both
from email_assets_tests.sync.incremental_fixtures import Load
from email_assets_tests.sync.unchanged.loading import assert_exact
from email_assets_tests.warehouses import Query, kill

PARTS = {
    "a table": "DROP TABLE email.messages__recipients",
    "a column": "ALTER TABLE email.messages DROP COLUMN subject",
}
UNFINISHED = "messages: a repair of its tables has not ended: everything is loaded again"
MOMENTS = {
    "before the table is changed": 'DELETE FROM "email"."messages"',
    "before the load is noted": 'INSERT INTO "email"."_dlt_loads"',
}

pytestmark = [on_both, pytest.mark.usefixtures("loaded")]


@pytest.mark.slow
@pytest.mark.usefixtures("asks_for_windows")
@pytest.mark.parametrize("dropped", PARTS.values(), ids=PARTS)
def test_a_backfill_leaves_it_to_the_next_sync(
    dropped: str, api: Sandbox, load: Load, said: list[str], warehouse: Place, query: Query
) -> None:
    change(warehouse, dropped)
    load(Span(start=sent_at(api.rows("messages")[0]) - A_DAY))
    assert said[-1].endswith(
        " went missing: everything is loaded by the next sync that is no backfill"
    )
    load()
    assert said[-1] == UNFINISHED
    assert_exact(query, api.rows("messages"))
    assert load().window.start


@pytest.mark.slow
@pytest.mark.usefixtures("asks_for_windows")
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
@pytest.mark.parametrize("dropped", PARTS.values(), ids=PARTS)
def test_a_kill_leaves_it_to_the_next_sync_of_what_is_new(
    dropped: str,
    moment: str,
    api: Sandbox,
    load: Load,
    said: list[str],
    warehouse: Place,
    query: Query,
) -> None:
    kill_amid_a_repair(warehouse, dropped, moment)
    assert_next_sync_ends_it(api, load, said, query)
    assert load().window.start


@pytest.mark.slow
@pytest.mark.parametrize("dropped", PARTS.values(), ids=PARTS)
def test_a_kill_leaves_it_to_the_next_sync_of_everything(
    dropped: str, api: Sandbox, load: Load, said: list[str], warehouse: Place, query: Query
) -> None:
    kill_amid_a_repair(warehouse, dropped, MOMENTS["before the table is changed"])
    assert_next_sync_ends_it(api, load, said, query)


@pytest.mark.slow
def test_a_table_that_is_dropped_after_a_repair_is_made_anew_once(
    api: Sandbox, load: Load, said: list[str], warehouse: Place, query: Query
) -> None:
    change(warehouse, PARTS["a column"])
    load()
    change(warehouse, "DROP TABLE email.messages")
    load()
    said.clear()
    assert load().rows_loaded == 0
    assert said == []


def kill_amid_a_repair(warehouse: Place, dropped: str, moment: str) -> None:
    change(warehouse, dropped)
    with stopped("messages", moment) as run:
        kill(run, warehouse)


def assert_next_sync_ends_it(api: Sandbox, load: Load, said: list[str], query: Query) -> None:
    load()
    assert said == [UNFINISHED]
    assert_exact(query, api.rows("messages"))
    assert load().rows_loaded == 0
    assert said == [UNFINISHED]
