"""Looks at the head of a list: few requests, of small pages, and none that tells nothing."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest
from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator

from email_assets.account import configured_account
from email_assets.defs.build import build_defs
from email_assets.defs.looks import SECONDS, Look, looked_at
from email_assets.defs.new_records import LEFT_FOR
from email_assets.sync.glimpse import glimpse
from email_assets.sync.list_heads import MOST_LISTS, FirstPage, few, tell_news, with_smallest_page
from email_assets_tests.dagster_fixtures import instance
from email_assets_tests.defs.sensor_fixtures import put_clock_ahead
from email_assets_tests.vendors.mailgun_fixtures import api
from email_assets_tests.vendors.mailgun_server import MailgunServer

__all__ = ["api", "instance"]

ROW = [{"id": 1}]
BY_TIME = {"cursor_path": "at"}


def resource(**endpoint: Any) -> Any:
    return {"name": "events", "primary_key": "id", "endpoint": endpoint}


@pytest.mark.parametrize(
    ("asked", "smallest"),
    [
        ({"params": {"limit": 1000, "type": "all"}}, {"params": {"limit": 1, "type": "all"}}),
        ({"json": {"pagination": {"perPage": 50}}}, {"json": {"pagination": {"perPage": 1}}}),
        ({"params": {"PageSize": 100}}, {"params": {"PageSize": 1}}),
        (
            {"params": {"count": 9}, "json": {"since": {"type": "incremental", "limit": 9}}},
            {"params": {"count": 1}, "json": {"since": {"type": "incremental", "limit": 9}}},
        ),
        ({"params": {"count": True, "limit": "all"}}, {"params": {"count": True, "limit": "all"}}),
        ({}, {}),
    ],
)
def test_a_page_is_as_small_as_its_parameters_can_say(
    asked: dict[str, Any], smallest: dict[str, Any]
) -> None:
    assert with_smallest_page(resource(**asked)) == resource(**smallest)


@pytest.mark.parametrize(
    ("endpoint", "page", "tells"),
    [
        ({}, FirstPage(ROW, 7, False, 1), True),
        ({}, FirstPage(ROW, None, False, 1), False),
        ({}, FirstPage(ROW, None, True, 1), True),
        ({"params": {"limit": 100}}, FirstPage(ROW, None, True, 1), False),
        ({"paginator": "offset"}, FirstPage(ROW, None, False, 1), True),
        (
            {"paginator": {"type": "offset", "total_path": None}},
            FirstPage(ROW, None, False, 1),
            False,
        ),
        ({"paginator": {"type": "page_number"}}, FirstPage(ROW, None, False, 1), True),
        ({"paginator": {"type": "cursor"}}, FirstPage(ROW, None, False, 1), False),
        ({"paginator": JSONLinkPaginator("next")}, FirstPage(ROW, None, False, 1), False),
        ({"params": {"sort": "created:desc"}}, FirstPage(ROW, None, False, 1), True),
        ({"json": {"page": {"sort": "Created:DESC"}}}, FirstPage(ROW, None, False, 1), True),
        ({"params": {"sort": "created:asc"}}, FirstPage(ROW, None, False, 1), False),
        ({"incremental": {**BY_TIME, "row_order": "desc"}}, FirstPage(ROW, None, False, 1), True),
        ({"incremental": BY_TIME}, FirstPage(ROW, None, False, 1), False),
        ({}, FirstPage(ROW, 7, False, MOST_LISTS), True),
        ({}, FirstPage(ROW, 7, False, MOST_LISTS + 1), False),
    ],
    ids=[
        "a total",
        "any order",
        "the whole list",
        "a part",
        "a lost total",
        "none at all",
        "a lost total of numbered pages",
        "none, by a cursor",
        "none, by a paginator of dlt's",
        "newest first",
        "newest first, by the body",
        "oldest first",
        "newest first, as the file says",
        "by time, in any order",
        "many lists",
        "too many lists",
    ],
)
def test_a_head_tells_news_if_it_changes_whenever_rows_come(
    endpoint: dict[str, Any], page: FirstPage, tells: bool
) -> None:
    assert tell_news(resource(**endpoint), [page]) is tells


def test_one_list_of_several_that_tells_nothing_is_enough() -> None:
    pages = [FirstPage(ROW, 7, False, 2), FirstPage(ROW, None, False, 2)]
    assert not tell_news(resource(), pages)
    assert tell_news(resource() | {"total_path": "count"}, pages)


@pytest.mark.parametrize(("owners", "looked_at"), [(1, 3), (MOST_LISTS, 3), (MOST_LISTS + 1, 1)])
def test_all_lists_are_looked_at_unless_they_are_too_many(owners: int, looked_at: int) -> None:
    assert len(list(few([FirstPage(ROW, 7, False, owners)] * 3))) == looked_at


def test_of_many_lists_only_the_first_is_asked_for(api: MailgunServer) -> None:
    for number in range(MOST_LISTS):
        api.add_domain(f"{number}.example.com")

    assert not glimpse(configured_account(), "bounces", say=lambda _: None).tells
    assert sum(asked.path.endswith("/bounces") for asked in api.requests) == 1


@pytest.mark.slow
def test_the_sensor_leaves_a_resource_whose_head_tells_nothing_to_its_schedule_for_a_day(
    api: MailgunServer, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    defs = build_defs(configured_account())
    sensor, cursor = defs.resolve_sensor_def("new_records"), None

    def tick() -> tuple[Any, list[str]]:
        nonlocal cursor
        api.requests.clear()
        with dg.build_sensor_context(
            instance=instance, cursor=cursor, definitions=defs, sensor_name="new_records"
        ) as context:
            wanted = sensor.evaluate_tick(context)
        cursor = wanted.cursor
        return wanted, [asked.path for asked in api.requests if "bounces" in asked.path]

    first, asked_first = tick()
    second, asked_again = tick()
    put_clock_ahead(monkeypatch, LEFT_FOR)
    _, asked_next_day = tick()

    (request,) = first.run_requests
    assert dg.AssetKey("bounces") in request.asset_selection
    assert len(asked_first) == len(asked_next_day) == 2
    assert asked_again == []
    assert second.skip_message == (
        "The API has nothing new. Left to the schedule, as one request tells nothing: bounces, "
        "complaints, unsubscribes."
    )


# Many lists that take long


def look_at_four_domains(
    api: MailgunServer, names: list[str], *passed: float
) -> tuple[dict[str, Look], str | None]:
    """Looks of a tick, for which the time passes so."""
    for number in range(3):
        api.add_domain(f"{number}.example.com")
    ticks = iter(passed).__next__
    return looked_at(configured_account(), names, None, lambda _: None, ticks)


def test_of_lists_that_take_longer_than_a_tick_has_none_tells_anything(api: MailgunServer) -> None:
    found = look_at_four_domains(api, ["bounces"], 0, SECONDS)
    assert found == ({"bounces": None}, None)
    assert sum(asked.path.endswith("/bounces") for asked in api.requests) == 1


def test_lists_for_which_too_little_time_was_left_are_the_first_of_the_next_tick(
    api: MailgunServer,
) -> None:
    found, first = look_at_four_domains(api, ["bounces", "complaints"], 0, 0, 0, 0, 0, SECONDS)
    assert (list(found), first) == (["bounces"], "complaints")
