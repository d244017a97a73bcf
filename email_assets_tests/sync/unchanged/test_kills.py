"""Runs that are killed, and runs at the same time, lose and double nothing."""

from __future__ import annotations

import pytest

from email_assets.sandbox import Sandbox
from email_assets_tests.messages import change_messages, start_after
from email_assets_tests.processes import stopped, syncing
from email_assets_tests.sync.unchanged.loading import assert_exact, counts, load, loads
from email_assets_tests.warehouses import Query, Row

pytestmark = pytest.mark.slow

# Runs that are killed

MOMENTS = {
    "once the rows are read": "extract",
    "once the rows are prepared": "normalize",
    "before the old items go": 'DELETE FROM "email"."messages__recipients"',
    "before the old rows go": 'DELETE FROM "email"."messages"',
    "before the new rows come": 'INSERT INTO "email"."messages"',
    "before the new items come": 'INSERT INTO "email"."messages__recipients"',
    "before the load is noted": 'INSERT INTO "email"."_dlt_loads"',
}


def messages_after_changes(api: Sandbox) -> list[Row]:
    """Some messages have changed, some recipients too, and some messages are new."""
    rows = change_messages(api, 0, 111, 249)
    rows[3] = {**rows[3], "recipients": rows[3]["recipients"][:1]}
    rows[7] = {**rows[7], "recipients": [*rows[7]["recipients"], *rows[8]["recipients"]]}
    rows[9] = {**rows[9], "recipients": rows[8]["recipients"]}
    api.replace("messages", rows)
    api.insert_head("messages", 5)
    return api.rows("messages")


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
@pytest.mark.usefixtures("loaded")
def test_the_sync_after_a_kill_loses_and_doubles_nothing_and_leaves_the_next_nothing_to_load(
    api: Sandbox, query: Query, moment: str
) -> None:
    rows = messages_after_changes(api)
    with stopped("messages", moment) as run:
        run.kill()
    load("messages")
    assert_exact(query, rows)
    assert counts(load("messages")) == (0, len(rows))


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
@pytest.mark.usefixtures("loaded")
def test_the_sync_after_a_kill_sees_what_changed_back_meanwhile(
    api: Sandbox, query: Query, moment: str
) -> None:
    rows = api.rows("messages")
    changed = messages_after_changes(api)
    with stopped("messages", moment) as run:
        run.kill()
    api.replace("messages", rows)
    load("messages")
    kept = {row["id"] for row in rows}
    came = [
        row for row in changed if row["id"] not in kept and row["id"] in loads(query, "messages")
    ]
    assert_exact(query, [*rows, *came])


@pytest.mark.parametrize("moment", [MOMENTS["before the load is noted"], "normalize"])
@pytest.mark.usefixtures("asks_for_windows", "loaded")
def test_the_sync_after_a_kill_moves_the_cursor(api: Sandbox, query: Query, moment: str) -> None:
    api.insert_head("messages", 5)
    with stopped("messages", moment) as run:
        run.kill()
    load("messages")
    assert load("messages").window.start == start_after(api.rows("messages")[0])
    assert_exact(query, api.rows("messages"))


# Runs at the same time


@pytest.mark.usefixtures("loaded")
def test_runs_at_the_same_time_and_one_after_them_hold_what_the_api_lists(
    api: Sandbox, query: Query
) -> None:
    rows = messages_after_changes(api)
    syncing("messages", "messages")
    load("messages")
    assert_exact(query, rows)


@pytest.mark.usefixtures("loaded")
def test_a_run_that_loads_what_it_read_long_ago_is_corrected_by_the_next(
    api: Sandbox, query: Query
) -> None:
    change_messages(api, 0, 111)
    with stopped("messages", "extract") as slow:
        rows = messages_after_changes(api)
        load("messages")
        slow.let_go()
    load("messages")
    assert_exact(query, rows)


@pytest.mark.usefixtures("loaded")
def test_a_row_that_changed_back_while_a_slow_run_read_is_corrected_by_the_next(
    api: Sandbox, query: Query
) -> None:
    """The slow run took the row for unchanged, and another one has changed it meanwhile."""
    rows = api.rows("messages")
    with stopped("messages", "extract") as slow:
        change_messages(api, 0, 111)
        load("messages")
        slow.let_go()
    api.replace("messages", rows)
    load("messages")
    assert_exact(query, rows)
