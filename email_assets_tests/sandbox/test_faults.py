"""Each kind of fault does what it says, when it is told to."""

from __future__ import annotations

import gzip
import http.client
import json
import math
import re
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from email_assets.sandbox import Fault, Sandbox
from email_assets.sandbox.data import RESOURCES
from email_assets.sandbox.kinds import KINDS
from email_assets_tests.sandbox.conftest import Waits, get, ids, page

EVERY_FAULT = [
    Fault(
        kind, **{"total": {"value": 1}}.get(kind, {"location": "/"} if "redirect" in kind else {})
    )
    for kind in KINDS
]


def raw(sandbox: Sandbox, resource: str) -> tuple[http.client.HTTPConnection, Any]:
    """A connection on which a page was asked for, and the answer whose body is not read yet."""
    address = sandbox.base_url.removeprefix("http://")
    connection = http.client.HTTPConnection(address, timeout=5)
    connection.request("GET", f"/v1/{resource}?{urlencode({'api_key': sandbox.api_key})}")
    return connection, connection.getresponse()


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


# Faults of the page


def test_page_cap_gives_no_more_rows_than_it_says(sandbox: Sandbox) -> None:
    sandbox.set_faults("messages", Fault("page_cap", rows=50))
    rows = sandbox.rows("messages")
    assert page(sandbox, "messages", limit=500) == {"data": rows[:50], "total": 250}
    assert page(sandbox, "messages", offset=50, limit=20)["data"] == rows[50:70]


def test_same_page_ignores_the_offset(sandbox: Sandbox) -> None:
    sandbox.set_faults("messages", Fault("same_page"))
    first = sandbox.rows("messages")[:10]
    assert page(sandbox, "messages", offset=100, limit=10) == {"data": first, "total": 250}
    assert sandbox.requests[-1].offset == 100


def test_empty_has_no_rows(sandbox: Sandbox) -> None:
    sandbox.set_faults("messages", Fault("empty"))
    assert page(sandbox, "messages") == {"data": [], "total": 0}


def test_null_id_strikes_the_first_rows_of_each_page(sandbox: Sandbox) -> None:
    sandbox.set_faults("messages", Fault("null_id", rows=2))
    for offset in (0, 10):
        rows = sandbox.rows("messages")[offset : offset + 10]
        expected = [row | {"id": None} for row in rows[:2]] + rows[2:]
        assert page(sandbox, "messages", offset=offset, limit=10)["data"] == expected


def test_null_id_can_leave_the_id_out(sandbox: Sandbox) -> None:
    sandbox.set_faults("messages", Fault("null_id", missing=True))
    first, second = page(sandbox, "messages", limit=2)["data"]
    assert "id" not in first
    assert "id" in second


@pytest.mark.parametrize(
    ("resource", "to", "expected"),
    [
        ("servers", "text", ["5", "4", "3", "2", "1"]),
        ("servers", "float", [5.0, 4.0, 3.0, 2.0, 1.0]),
        ("servers", "big", [2**64 + n for n in (5, 4, 3, 2, 1)]),
    ],
)
def test_id_type_changes_the_ids_type(
    sandbox: Sandbox, resource: str, to: str, expected: list[Any]
) -> None:
    sandbox.set_faults(resource, Fault("id_type", to=to))
    found = ids(page(sandbox, resource)["data"])
    assert found == expected
    assert {type(value) for value in found} == {type(expected[0])}


@pytest.mark.parametrize(("to", "type_"), [("text", str), ("float", float), ("big", int)])
def test_id_type_keeps_the_ids_of_messages_apart(
    sandbox: Sandbox, to: str, type_: type[Any]
) -> None:
    sandbox.set_faults("messages", Fault("id_type", to=to))
    found = ids(page(sandbox, "messages", limit=500)["data"])
    assert len(set(found)) == 250
    assert {type(value) for value in found} == {type_}
    assert to != "big" or min(found) >= 2**64


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        ("messages", "subject"),
        ("bounces", "description"),
        ("servers", "name"),
        ("domains", "name"),
        ("deliverystats", "name"),
    ],
)
def test_duplicate_repeats_the_first_row_changed(
    sandbox: Sandbox, resource: str, name: str
) -> None:
    sandbox.set_faults(resource, Fault("duplicate"))
    rows = sandbox.rows(resource)[:3]
    document = page(sandbox, resource, limit=3)
    assert document["data"] == [*rows, rows[0] | {name: "duplicate"}]
    assert document["total"] == len(sandbox.rows(resource))


def test_insert_head_moves_the_rows_between_pages(sandbox: Sandbox) -> None:
    before = sandbox.rows("messages")
    sandbox.set_faults("messages", Fault("insert_head", rows=3, times=1))
    assert page(sandbox, "messages", limit=10) == {"data": before[:10], "total": 250}
    second = page(sandbox, "messages", offset=10, limit=10)
    assert second == {"data": before[7:17], "total": 253}


def test_delete_head_moves_the_rows_between_pages(sandbox: Sandbox) -> None:
    before = sandbox.rows("messages")
    sandbox.set_faults("messages", Fault("delete_head", rows=3, times=1))
    assert page(sandbox, "messages", limit=10) == {"data": before[:10], "total": 250}
    second = page(sandbox, "messages", offset=10, limit=10)
    assert second == {"data": before[13:23], "total": 247}


# Faults of the document


def test_no_total_leaves_the_total_out(sandbox: Sandbox) -> None:
    sandbox.set_faults("servers", Fault("no_total"))
    assert page(sandbox, "servers") == {"data": sandbox.rows("servers")}


@pytest.mark.parametrize("value", [0, 9, -1, 2.5, "5", None, True, [], {"n": 5}])
def test_total_can_be_anything(sandbox: Sandbox, value: Any) -> None:
    sandbox.set_faults("servers", Fault("total", value=value))
    assert page(sandbox, "servers") == {"data": sandbox.rows("servers"), "total": value}


def test_not_json_nan_is_in_the_first_row(sandbox: Sandbox) -> None:
    sandbox.set_faults("servers", Fault("not_json_nan"))
    response = get(sandbox, "servers")
    assert b'"score":NaN}' in response.content
    assert math.isnan(json.loads(response.content)["data"][0]["score"])


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("data_null", {"data": None, "total": 5}),
        ("data_missing", {"total": 5}),
        ("data_not_list", {"data": {"rows": 5}, "total": 5}),
        ("error_200", {"error": "Something went wrong, please try again later."}),
    ],
)
def test_the_document_has_no_rows(sandbox: Sandbox, kind: str, expected: Any) -> None:
    sandbox.set_faults("servers", Fault(kind))
    assert page(sandbox, "servers") == expected


# Faults of the body


def test_truncated_json_is_half_of_it_and_complete_as_a_transfer(sandbox: Sandbox) -> None:
    whole = get(sandbox, "servers").content
    sandbox.set_faults("servers", Fault("truncated_json"))
    response = get(sandbox, "servers")
    assert response.status_code == 200
    assert response.content == whole[: len(whole) // 2]


def test_html_comes_with_200(sandbox: Sandbox) -> None:
    sandbox.set_faults("servers", Fault("html"))
    response = get(sandbox, "servers")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.text.startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("body", "content_type", "content"),
    [
        (None, "application/json", b'{"error":"Bad Gateway."}'),
        ("down\u2014", "text/plain; charset=utf-8", "down\u2014".encode()),
        ({"message": "down"}, "application/json", b'{"message":"down"}'),
        ([], "application/json", b"[]"),
    ],
)
def test_status_can_have_any_body(
    sandbox: Sandbox, body: Any, content_type: str, content: bytes
) -> None:
    sandbox.set_faults("servers", Fault("status", status=502, body=body))
    response = get(sandbox, "servers")
    assert (response.status_code, response.content) == (502, content)
    assert response.headers["content-type"] == content_type
    assert "retry-after" not in response.headers


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_has_none(sandbox: Sandbox, status: int) -> None:
    sandbox.set_faults("servers", Fault("status", status=status, body="text", times=1))
    with requests.Session() as session:
        url = f"{sandbox.base_url}/v1/servers?api_key=sandbox"
        first, second = session.get(url, timeout=5), session.get(url, timeout=5)
    assert (first.status_code, first.content) == (status, b"")
    assert (second.status_code, second.json()["total"]) == (200, 5)


def test_a_status_that_nobody_knows_can_be_given(sandbox: Sandbox) -> None:
    sandbox.set_faults("servers", Fault("status", status=599))
    assert get(sandbox, "servers").json() == {"error": "Unknown."}


def test_redirect_leads_to_its_location(sandbox: Sandbox) -> None:
    sandbox.set_faults("servers", Fault("redirect", location="https://x.example/a", status=307))
    response = get(sandbox, "servers")
    assert (response.status_code, response.headers["location"]) == (307, "https://x.example/a")


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("http://x.example/a", "http://x.example/a?api_key=sandbox&limit=3"),
        ("http://x.example/a?b=1", "http://x.example/a?b=1&api_key=sandbox&limit=3"),
    ],
)
def test_echo_redirect_takes_the_query_along(
    sandbox: Sandbox, location: str, expected: str
) -> None:
    sandbox.set_faults("servers", Fault("echo_redirect", location=location))
    response = get(sandbox, "servers", limit=3)
    assert (response.status_code, response.headers["location"]) == (302, expected)


@pytest.mark.parametrize(("options", "status"), [({}, 422), ({"status": 401}, 401)])
def test_echo_error_repeats_the_key_and_an_address(
    sandbox: Sandbox, options: dict[str, int], status: int
) -> None:
    sandbox.set_faults("servers", Fault("echo_error", **options))
    response = get(sandbox, "servers", limit=3)
    asked = "/v1/servers?api_key=sandbox&limit=3"
    assert response.status_code == status
    assert response.json() == {"error": f"{asked} is not possible for ann.baker7@bluebird.example."}


def test_headers_are_added_to_the_answer(sandbox: Sandbox) -> None:
    sandbox.set_faults("servers", Fault("headers", lines="RateLimit-Limit: 5\nX-Reset: a: b"))
    response = get(sandbox, "servers")
    assert response.json()["data"] == sandbox.rows("servers")
    assert (response.headers["RateLimit-Limit"], response.headers["X-Reset"]) == ("5", "a: b")


def test_gzip_is_compressed(sandbox: Sandbox) -> None:
    sandbox.set_faults("servers", Fault("gzip"))
    connection, response = raw(sandbox, "servers")
    assert response.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(response.read()))["data"] == sandbox.rows("servers")
    connection.close()


def test_bad_gzip_is_not_compressed(sandbox: Sandbox) -> None:
    sandbox.set_faults("servers", Fault("bad_gzip"))
    connection, response = raw(sandbox, "servers")
    assert response.headers["content-encoding"] == "gzip"
    assert json.loads(response.read())["data"] == sandbox.rows("servers")
    connection.close()
    with pytest.raises(requests.exceptions.ContentDecodingError):
        get(sandbox, "servers")


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
