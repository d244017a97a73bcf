"""Rows come, go and are replaced while the sandbox runs."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from email_assets.sandbox import Sandbox
from email_assets.sandbox.data import RESOURCES, iso
from email_assets_tests.sandbox.conftest import START, Clock, get, ids, page


def counted(sandbox: Sandbox) -> int:
    return sum(stat["count"] for stat in page(sandbox, "deliverystats")["data"])


def test_messages_arrive_as_the_clock_goes_on(clock: Clock) -> None:
    with Sandbox(messages=10, rate=6, clock=clock) as sandbox:
        before = page(sandbox, "messages")["data"]
        clock.advance(seconds=9.9)
        assert page(sandbox, "messages")["total"] == 10
        clock.advance(seconds=0.1)
        assert page(sandbox, "messages")["total"] == 11
        clock.advance(minutes=10)
        after = page(sandbox, "messages")["data"]
    assert len(after) == 71
    assert after[61:] == before
    times = [START + timedelta(seconds=10 * n - 60) for n in range(61, 0, -1)]
    assert [row["sent_at"] for row in after[:61]] == [iso(time.timestamp()) for time in times]


def test_arriving_messages_bounce_too_and_are_counted(clock: Clock) -> None:
    with Sandbox(messages=100, rate=60, clock=clock) as sandbox:
        clock.advance(minutes=20)
        messages, bounces = sandbox.rows("messages"), sandbox.rows("bounces")
        assert len(messages) == 1_300
        assert len(bounces) in (118, 119)
        assert {row["message_id"] for row in bounces} == {
            row["id"] for row in messages if row["status"] == "bounced"
        }
        assert counted(sandbox) == len(bounces)
        moments = [row["bounced_at"] for row in bounces]
        assert moments == sorted(moments, reverse=True)
        assert moments[0] <= iso(clock.now.timestamp())


def test_without_a_rate_nothing_arrives(sandbox: Sandbox, clock: Clock) -> None:
    clock.advance(days=30)
    assert page(sandbox, "messages")["total"] == 250


def test_nothing_arrives_when_the_clock_goes_back(clock: Clock) -> None:
    sandbox = Sandbox(messages=10, rate=6, clock=clock)
    clock.advance(hours=-1)
    sandbox.insert_head("messages", 1)
    sent = [row["sent_at"] for row in sandbox.rows("messages")]
    assert len(sent) == 11
    assert sent == sorted(sent, reverse=True)


@pytest.mark.parametrize("resource", RESOURCES)
def test_rows_inserted_stand_at_the_head_with_new_ids(sandbox: Sandbox, resource: str) -> None:
    before = sandbox.rows(resource)
    sandbox.insert_head(resource, 7)
    after = page(sandbox, resource, limit=500)
    assert after["total"] == len(before) + 7
    assert ids(after["data"][7:]) == ids(before)
    assert len(set(ids(after["data"]))) == len(before) + 7


@pytest.mark.parametrize("resource", RESOURCES)
def test_rows_deleted_vanish_from_the_head_and_never_come_back(
    sandbox: Sandbox, resource: str
) -> None:
    before = ids(sandbox.rows(resource))
    sandbox.delete_head(resource, 2)
    assert ids(sandbox.rows(resource)) == before[2:]
    sandbox.insert_head(resource, 3)
    after = ids(page(sandbox, resource, limit=500)["data"])
    assert after[3:] == before[2:]
    assert not set(after[:3]) & set(before)


@pytest.mark.parametrize("offset", range(7))
def test_pages_go_across_the_gap_that_a_deletion_left(sandbox: Sandbox, offset: int) -> None:
    sandbox.delete_head("messages", 2)
    sandbox.insert_head("messages", 3)
    sandbox.delete_head("messages", 1)
    rows = sandbox.rows("messages")
    assert len(rows) == 250
    assert page(sandbox, "messages", offset=offset, limit=3)["data"] == rows[offset : offset + 3]


@pytest.mark.parametrize("resource", RESOURCES)
def test_more_deleted_than_there_are_leaves_none(sandbox: Sandbox, resource: str) -> None:
    sandbox.delete_head(resource, 10_000)
    assert page(sandbox, resource) == {"data": [], "total": 0}


def test_the_statistics_follow_bounces_that_come_and_go(sandbox: Sandbox) -> None:
    assert counted(sandbox) == len(sandbox.rows("bounces")) == 23
    sandbox.insert_head("bounces", 14)
    assert counted(sandbox) == len(sandbox.rows("bounces")) == 37
    sandbox.delete_head("bounces", 20)
    assert counted(sandbox) == len(sandbox.rows("bounces")) == 17


@pytest.mark.parametrize("messages", [0, 5, 250])
def test_a_bounce_inserted_belongs_to_a_message(messages: int, clock: Clock) -> None:
    sandbox = Sandbox(messages=messages, clock=clock)
    sandbox.insert_head("bounces", 3)
    bounced = {row["id"] for row in sandbox.rows("messages") if row["status"] == "bounced"}
    assert {row["message_id"] for row in sandbox.rows("bounces")} == bounced


@pytest.mark.parametrize(
    "rows", [[], [{"id": 1}], [{"id": "\ud800", "deep": [{"a": None}]}, 7, None, "text", [[]]]]
)
def test_any_json_can_be_served_instead(sandbox: Sandbox, rows: list[Any]) -> None:
    sandbox.replace("bounces", rows)
    assert page(sandbox, "bounces") == {"data": rows, "total": len(rows)}
    assert page(sandbox, "bounces", offset=1, limit=2)["data"] == rows[1:3]
    assert sandbox.rows("bounces") == rows


def test_the_generated_rows_come_back(sandbox: Sandbox) -> None:
    before = sandbox.rows("bounces")
    sandbox.replace("bounces", [])
    sandbox.replace("bounces", None)
    assert page(sandbox, "bounces")["data"] == before


def test_rows_come_and_go_at_the_head_of_replaced_ones_too(sandbox: Sandbox) -> None:
    sandbox.replace("servers", [{"id": "a"}, {"id": "b"}])
    sandbox.delete_head("servers", 1)
    sandbox.insert_head("servers", 2)
    assert ids(page(sandbox, "servers")["data"]) == [7, 6, "b"]


@pytest.mark.parametrize("row", [float("nan"), {1, 2}, b"bytes"])
def test_what_is_not_json_is_not_served(sandbox: Sandbox, row: object) -> None:
    with pytest.raises(ValueError, match=r"^The rows for bounces are not JSON: "):
        sandbox.replace("bounces", [row])


def test_an_unknown_resource_is_named_with_the_known_ones(sandbox: Sandbox) -> None:
    sentence = f"There is no resource 'x'; known are {', '.join(RESOURCES)}."
    for act in (
        lambda: sandbox.rows("x"),
        lambda: sandbox.replace("x", []),
        lambda: sandbox.insert_head("x", 1),
        lambda: sandbox.delete_head("x", 1),
        lambda: sandbox.set_faults("x"),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
            act()


@pytest.mark.parametrize("count", [-1, 1.5, True])
def test_a_number_of_rows_is_a_whole_number(sandbox: Sandbox, count: Any) -> None:
    with pytest.raises(ValueError, match="must be a whole number of at least 0"):
        sandbox.insert_head("messages", count)


@pytest.mark.parametrize("settings", [{"messages": -1}, {"rate": -1.0}, {"latency": -1.0}])
def test_negative_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        Sandbox(**settings)


def test_a_clock_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="with a time zone"):
        Sandbox(clock=lambda: datetime(2026, 3, 1))


def test_a_moving_head_shows_in_the_next_page(sandbox: Sandbox) -> None:
    first = get(sandbox, "messages", limit=10).json()["data"]
    sandbox.insert_head("messages", 4)
    second = get(sandbox, "messages", offset=10, limit=10).json()["data"]
    assert second[:4] == first[-4:]


def test_a_row_that_changes_has_its_new_values_from_then_on_wherever_it_is_listed(
    sandbox: Sandbox,
) -> None:
    rows = page(sandbox, "messages", limit=500)["data"]
    sandbox.change("messages", 2, status="opened", opens=3)
    sandbox.insert_head("messages", 1)
    sandbox.change("messages", 3, opens=4)
    changed = {**rows[2], "status": "opened", "opens": 4}
    assert page(sandbox, "messages", limit=500)["data"][1:] == [*rows[:2], changed, *rows[3:]]


def test_only_a_generated_row_that_is_listed_can_change(sandbox: Sandbox) -> None:
    with pytest.raises(IndexError, match="servers has no row at 5"):
        sandbox.change("servers", 5, name="changed")
    sandbox.replace("servers", [{"id": 1}])
    with pytest.raises(ValueError, match="rows of servers are replaced"):
        sandbox.change("servers", 0, name="changed")
