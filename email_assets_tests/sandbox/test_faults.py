"""The requests that a fault strikes, and what a fault may be."""

from __future__ import annotations

import http.client
import math
import re
from typing import Any

import pytest
import requests

from email_assets.sandbox import Fault, Sandbox
from email_assets.sandbox.data import RESOURCES
from email_assets.sandbox.kinds import KINDS
from email_assets_tests.sandbox.conftest import Waits, get, ids, page
from email_assets_tests.sandbox.fault_fixtures import raw

EVERY_FAULT = [
    Fault(
        kind, **{"total": {"value": 1}}.get(kind, {"location": "/"} if "redirect" in kind else {})
    )
    for kind in KINDS
]


# When a fault strikes


def test_a_fault_strikes_every_request_unless_told_otherwise(sandbox: Sandbox) -> None:
    sandbox.set_faults("bounces", Fault("status"))
    assert [get(sandbox, "bounces").status_code for _ in range(3)] == [503] * 3


def test_a_fault_lets_the_first_requests_pass_and_strikes_only_so_many(sandbox: Sandbox) -> None:
    sandbox.set_faults("bounces", Fault("status", status=500, after=2, times=2))
    codes = [get(sandbox, "bounces").status_code for _ in range(6)]
    assert codes == [200, 200, 500, 500, 200, 200]


def test_a_fault_strikes_its_resource_only(sandbox: Sandbox) -> None:
    sandbox.set_faults("bounces", Fault("status"))
    codes = {resource: get(sandbox, resource).status_code for resource in RESOURCES}
    assert codes == {resource: 503 if resource == "bounces" else 200 for resource in RESOURCES}


@pytest.mark.parametrize("wrong", [{"api_key": "x"}, {"limit": "x"}])
def test_a_request_that_is_turned_away_uses_up_no_fault(
    sandbox: Sandbox, wrong: dict[str, str]
) -> None:
    sandbox.set_faults("bounces", Fault("status", times=1))
    assert get(sandbox, "bounces", **wrong).status_code in (400, 401)
    assert [get(sandbox, "bounces").status_code for _ in range(2)] == [503, 200]


def test_new_faults_replace_the_old_and_count_afresh(sandbox: Sandbox) -> None:
    sandbox.set_faults("bounces", Fault("html"))
    get(sandbox, "bounces")
    sandbox.set_faults("bounces", Fault("status", after=1))
    assert [get(sandbox, "bounces").status_code for _ in range(2)] == [200, 503]


def test_clearing_takes_the_faults_from_all_resources(sandbox: Sandbox) -> None:
    for resource in RESOURCES:
        sandbox.set_faults(resource, Fault("status"))
    sandbox.clear_faults()
    assert {get(sandbox, resource).status_code for resource in RESOURCES} == {200}


def test_several_faults_act_together(sandbox: Sandbox, waits: Waits) -> None:
    sandbox.set_faults(
        "bounces",
        Fault("gzip"),
        Fault("latency", seconds=3),
        Fault("no_total"),
        Fault("null_id", rows=2),
        Fault("page_cap", rows=5),
        Fault("status", status=429, retry_after="7", times=1),
    )
    limited, capped = get(sandbox, "bounces"), get(sandbox, "bounces")
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
    assert limited.json() == {"error": "Too Many Requests."}
    assert ids(capped.json().pop("data")) == [None, None, *ids(sandbox.rows("bounces")[2:5])]
    assert capped.json().keys() == {"data"}
    assert waits == [3, 3]


@pytest.mark.parametrize("fault", EVERY_FAULT, ids=lambda fault: fault.kind)
def test_after_a_fault_the_next_answer_is_sound(sandbox: Sandbox, fault: Fault) -> None:
    sandbox.set_faults("servers", Fault(fault.kind, times=1, **fault.options))
    try:
        get(sandbox, "servers")
    except requests.RequestException:
        assert fault.kind in ("drop", "refuse", "bad_gzip")
    assert page(sandbox, "servers")["data"] == sandbox.rows("servers")


@pytest.mark.parametrize("fault", EVERY_FAULT, ids=lambda fault: fault.kind)
@pytest.mark.parametrize("rows", [[], [7, None, "text"]])
def test_no_fault_breaks_the_server_whatever_the_rows(
    sandbox: Sandbox, fault: Fault, rows: list[Any]
) -> None:
    sandbox.replace("servers", rows)
    sandbox.set_faults("servers", fault)
    try:
        status = get(sandbox, "servers").status_code
    except requests.RequestException:
        assert fault.kind in ("drop", "refuse", "bad_gzip")
    else:
        assert status != 500


# Faults of the wire


def test_latency_adds_to_the_latency_of_all(waits: Waits) -> None:
    with Sandbox(latency=0.5, sleep=waits) as sandbox:
        sandbox.set_faults("servers", Fault("latency", seconds=2), Fault("latency", seconds=4))
        page(sandbox, "servers")
        page(sandbox, "domains")
    assert waits == [6.5, 0.5]


def test_without_latency_nobody_waits(sandbox: Sandbox, waits: Waits) -> None:
    page(sandbox, "servers")
    assert waits == []


def test_drip_sends_byte_by_byte(sandbox: Sandbox, waits: Waits) -> None:
    sandbox.set_faults("servers", Fault("drip", seconds=0.25))
    response = get(sandbox, "servers")
    assert response.json()["data"] == sandbox.rows("servers")
    assert waits == [0.25] * (len(response.content) - 1)


def test_drip_can_go_on_for_ever(sandbox: Sandbox) -> None:
    whole = get(sandbox, "servers").content
    sandbox.set_faults("servers", Fault("drip", seconds=9, forever=True))
    connection, response = raw(sandbox, "servers")
    received = b"".join(response.read(1) for _ in range(2_000))
    assert received == whole + b" " * (2_000 - len(whole))
    response.close()
    connection.close()


def test_drop_ends_the_connection_in_the_middle_of_the_body(sandbox: Sandbox) -> None:
    whole = get(sandbox, "servers").content
    sandbox.set_faults("servers", Fault("drop"))
    connection, response = raw(sandbox, "servers")
    assert (response.status, response.length) == (200, len(whole))
    with pytest.raises(http.client.IncompleteRead) as caught:
        response.read()
    assert caught.value.partial == whole[: len(whole) // 2]
    connection.close()


def test_refuse_ends_the_connection_without_an_answer(sandbox: Sandbox) -> None:
    sandbox.set_faults("servers", Fault("refuse"))
    with pytest.raises(requests.ConnectionError, match="Remote end closed connection without"):
        get(sandbox, "servers")
    assert [record.status for record in sandbox.requests] == [None]


# What a fault may be


@pytest.mark.parametrize(
    ("kind", "options", "sentence"),
    [
        ("nope", {}, f"There is no fault 'nope'; known are {', '.join(KINDS)}."),
        ("page_cap", {"row": 1}, "page_cap has no option 'row'; it has rows, times, after."),
        ("html", {"status": 200}, "html has no option 'status'; it has times, after."),
        ("total", {}, "total needs the option value."),
        ("redirect", {}, "redirect needs the option location."),
        ("page_cap", {"rows": "50"}, "page_cap: rows must be int, not str."),
        ("page_cap", {"rows": True}, "page_cap: rows must be int, not bool."),
        ("page_cap", {"rows": -1}, "page_cap: rows must not be negative."),
        ("page_cap", {"rows": 1.5}, "page_cap: rows must be int, not float."),
        ("latency", {"seconds": "1"}, "latency: seconds must be float, not str."),
        ("latency", {"seconds": math.nan}, "latency: seconds must not be negative."),
        ("status", {"retry_after": 1}, "status: retry_after must be str | None, not int."),
        ("status", {"status": 199}, "status: status must be from 200 to 599."),
        ("status", {"status": 600}, "status: status must be from 200 to 599."),
        ("null_id", {"missing": 1}, "null_id: missing must be bool, not int."),
        ("id_type", {"to": "uuid"}, "id_type: to is one of text, float, big."),
        ("html", {"times": -1}, "html: times must not be negative."),
        ("html", {"times": 1.0}, "html: times must be int | None, not float."),
        ("html", {"after": None}, "html: after must be int, not NoneType."),
    ],
)
def test_a_fault_that_cannot_be_is_explained(
    kind: str, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        Fault(kind, **options)


def test_faults_are_values() -> None:
    assert Fault("status", status=500, times=1) == Fault("status", times=1, status=500)
    assert Fault("status", status=500) != Fault("status", status=502)
    assert len({Fault("html"), Fault("html"), Fault("drop")}) == 2


@pytest.mark.parametrize(
    ("text", "resource", "fault"),
    [
        ("bounces:html", "bounces", Fault("html")),
        (
            "bounces:status:status=503,retry_after=1,times=2",
            "bounces",
            Fault("status", status=503, retry_after="1", times=2),
        ),
        ("servers:null_id:missing,rows=3", "servers", Fault("null_id", rows=3, missing=True)),
        (
            "servers:drip:seconds=0.5,forever=true",
            "servers",
            Fault("drip", seconds=0.5, forever=True),
        ),
        ("servers:total:value=null", "servers", Fault("total", value=None)),
        ("servers:total:value=many", "servers", Fault("total", value="many")),
        (
            "servers:redirect:location=http://127.0.0.1:1/x,status=301",
            "servers",
            Fault("redirect", location="http://127.0.0.1:1/x", status=301),
        ),
    ],
)
def test_a_fault_can_be_written_on_the_command_line(text: str, resource: str, fault: Fault) -> None:
    assert Fault.parse(text) == (resource, fault)


@pytest.mark.parametrize("text", ["", "bounces", "bounces:", "x:html", "bounces:html:x=1", ":::"])
def test_a_fault_written_wrongly_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"There is no|has no option"):
        Fault.parse(text)
