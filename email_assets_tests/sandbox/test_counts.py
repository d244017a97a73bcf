"""The sandbox's record of the requests that came."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from email_assets.sandbox import Fault, RequestRecord, Sandbox
from email_assets_tests.sandbox.conftest import get


def test_a_request_is_recorded_without_the_values_of_its_parameters(sandbox: Sandbox) -> None:
    requests.get(
        f"{sandbox.base_url}/v1/bounces?limit=5&api_key=sandbox&offset=10&x=y",
        headers={"X-Trace": "Abc"},
        timeout=5,
    )
    (record,) = sandbox.requests
    assert record == RequestRecord(
        resource="bounces",
        offset=10,
        limit=5,
        status=200,
        path="/v1/bounces",
        parameters=("limit", "api_key", "offset", "x"),
        headers=record.headers,
        at=record.at,
    )
    assert record.headers["x-trace"] == "Abc"
    assert "sandbox" not in repr(record)


def test_records_stand_in_the_order_in_which_requests_came(sandbox: Sandbox) -> None:
    for offset in (0, 100, 200):
        get(sandbox, "messages", offset=offset)
    records = sandbox.requests
    assert [record.offset for record in records] == [0, 100, 200]
    assert [record.at for record in records] == sorted(record.at for record in records)


def test_requests_are_counted_whatever_the_answer(sandbox: Sandbox) -> None:
    sandbox.set_faults("bounces", Fault("status", times=1))
    get(sandbox, "bounces")
    get(sandbox, "bounces")
    get(sandbox, "bounces", api_key="wrong")
    get(sandbox, "bounces", limit=0)
    assert [record.status for record in sandbox.requests] == [503, 200, 401, 400]
    assert sandbox.request_count("bounces") == 4
    assert sandbox.request_count("messages") == 0


@pytest.mark.parametrize(("path", "resource"), [("/elsewhere/x", ""), ("/v1/x", "x")])
def test_a_request_that_went_astray_is_recorded(sandbox: Sandbox, path: str, resource: str) -> None:
    requests.get(sandbox.base_url + path, params={"api_key": "sandbox"}, timeout=60)
    (record,) = sandbox.requests
    assert (record.path, record.status, record.resource) == (path, 404, resource)
    assert record.parameters == ("api_key",)


def test_requests_to_the_control_are_not_recorded(sandbox: Sandbox) -> None:
    requests.get(f"{sandbox.base_url}/sandbox/stats?api_key=sandbox", timeout=60)
    assert sandbox.requests == []


def test_the_most_requests_under_way_at_once_are_known() -> None:
    waiting: list[float] = []
    all_there = asyncio.Event()

    async def wait_for_three(seconds: float) -> None:
        waiting.append(seconds)
        if len(waiting) == 3:
            all_there.set()
        await all_there.wait()

    with (
        Sandbox(latency=1, sleep=wait_for_three) as sandbox,
        ThreadPoolExecutor(3) as pool,
    ):
        answers = list(pool.map(lambda _: get(sandbox, "servers").status_code, range(3)))
        get(sandbox, "servers")
        assert (answers, sandbox.most_in_flight) == ([200] * 3, 3)
        assert sandbox.request_count("servers") == 4


def test_counting_can_start_afresh(sandbox: Sandbox) -> None:
    get(sandbox, "bounces")
    sandbox.reset_counts()
    assert (sandbox.requests, sandbox.request_count("bounces")) == ([], 0)
    get(sandbox, "bounces")
    assert (sandbox.request_count("bounces"), sandbox.most_in_flight) == (1, 1)
