"""The API's demands on a request."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from email_assets.sandbox import Sandbox
from email_assets_tests.sandbox.conftest import get

OFFSET = "offset must be a whole number from 0."
LIMIT = "limit must be a whole number from 1 to 500."


def test_a_page_has_a_hundred_rows_unless_asked_otherwise(sandbox: Sandbox) -> None:
    document = get(sandbox, "messages").json()
    assert document == {"data": sandbox.rows("messages")[:100], "total": 250}


@pytest.mark.parametrize("limit", [1, 500])
def test_the_limit_is_obeyed(sandbox: Sandbox, limit: int) -> None:
    assert get(sandbox, "messages", limit=limit).json()["data"] == sandbox.rows("messages")[:limit]


@pytest.mark.parametrize("key", ["", "Sandbox", "sandbox ", "schlüssel", "\ud800"])
def test_a_wrong_key_is_refused_and_not_repeated(sandbox: Sandbox, key: str) -> None:
    response = get(sandbox, "bounces", api_key=key.encode("utf-8", "surrogatepass"))
    assert response.status_code == 401
    assert response.json() == {"error": "The api_key is missing or wrong."}


def test_a_missing_key_is_refused(sandbox: Sandbox) -> None:
    response = requests.get(f"{sandbox.base_url}/v1/bounces", timeout=60)
    assert (response.status_code, response.headers["content-type"]) == (401, "application/json")


def test_another_key_can_be_chosen() -> None:
    with Sandbox(api_key="schlüssel & co") as sandbox:
        assert get(sandbox, "bounces").status_code == 200
        assert get(sandbox, "bounces", api_key="sandbox").status_code == 401


@pytest.mark.parametrize("value", ["", "-1", "x", "1.5", "1e3", " 1", "+1", "٣", "9" * 5000, "²"])
@pytest.mark.parametrize(("name", "sentence"), [("offset", OFFSET), ("limit", LIMIT)])
def test_what_is_no_whole_number_is_refused(
    sandbox: Sandbox, name: str, sentence: str, value: str
) -> None:
    response = get(sandbox, "bounces", **{name: value})
    assert (response.status_code, response.json()) == (400, {"error": sentence})


@pytest.mark.parametrize("limit", [0, 501])
def test_a_limit_beyond_its_bounds_is_refused(sandbox: Sandbox, limit: int) -> None:
    response = get(sandbox, "bounces", limit=limit)
    assert (response.status_code, response.json()) == (400, {"error": LIMIT})


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/", "/v1/templates", "/v1/bounces/", "/v1/bounces/1", "/v2/bounces"]
)
def test_there_is_nothing_elsewhere(sandbox: Sandbox, path: str) -> None:
    response = requests.get(sandbox.base_url + path, params={"api_key": "sandbox"}, timeout=60)
    known = "/v1/bounces, /v1/messages, /v1/deliverystats, /v1/servers, /v1/domains"
    assert response.status_code == 404
    assert response.json() == {"error": f"There is nothing here; the API has {known}."}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(sandbox: Sandbox, method: str) -> None:
    response = requests.request(method, f"{sandbox.base_url}/v1/bounces", timeout=60)
    assert (response.status_code, response.headers["allow"]) == (405, "GET")
    assert response.json() == {"error": "Only GET is possible here."}


def control(sandbox: Sandbox, method: str, path: str, key: str = "sandbox", **body: Any) -> Any:
    return requests.request(
        method, f"{sandbox.base_url}/sandbox{path}", params={"api_key": key}, timeout=60, **body
    )


def test_statistics_can_be_read_from_outside(sandbox: Sandbox) -> None:
    get(sandbox, "bounces")
    get(sandbox, "bounces")
    assert control(sandbox, "GET", "/stats").json() == {
        "requests": {"bounces": 2, "messages": 0, "deliverystats": 0, "servers": 0, "domains": 0},
        "most_in_flight": 1,
    }


def test_faults_can_be_set_and_cleared_from_outside(sandbox: Sandbox) -> None:
    faults = [{"kind": "status", "status": 500, "after": 1}, {"kind": "no_total"}]
    assert control(sandbox, "PUT", "/faults/bounces", json=faults).json() == {"faults": 2}
    assert "total" not in get(sandbox, "bounces").json()
    assert get(sandbox, "bounces").status_code == 500
    assert control(sandbox, "PUT", "/faults/bounces", json=[]).json() == {"faults": 0}
    assert get(sandbox, "bounces").json()["total"] == len(sandbox.rows("bounces"))


def test_rows_can_be_moved_from_outside(sandbox: Sandbox) -> None:
    inserted = control(sandbox, "POST", "/rows/messages", json={"insert_head": 3})
    deleted = control(sandbox, "POST", "/rows/messages", json={"delete_head": 10})
    assert (inserted.json(), deleted.json()) == ({"total": 253}, {"total": 243})


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/stats"), ("PUT", "/faults/bounces"), ("POST", "/rows/bounces")],
)
def test_the_control_needs_the_key_too(sandbox: Sandbox, method: str, path: str) -> None:
    assert control(sandbox, method, path, key="wrong").status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "body", "sentence"),
    [
        ("PUT", "/faults/bounces", "{", "The body is not JSON."),
        ("PUT", "/faults/bounces", "{}", "The body must be a list of faults."),
        (
            "PUT",
            "/faults/bounces",
            "[1]",
            'A fault is an object with a kind, as in {"kind": "html"}.',
        ),
        (
            "PUT",
            "/faults/bounces",
            '[{"kind": "drop", "self": 1}]',
            "drop has no option 'self'; it has times, after.",
        ),
        (
            "POST",
            "/rows/bounces",
            "{}",
            'The body must be {"insert_head": n} or {"delete_head": n}.',
        ),
        (
            "POST",
            "/rows/bounces",
            '{"insert_head": -1}',
            "The number of rows must be a whole number of at least 0.",
        ),
    ],
)
def test_the_control_explains_what_it_cannot_do(
    sandbox: Sandbox, method: str, path: str, body: str, sentence: str
) -> None:
    response = control(sandbox, method, path, data=body)
    assert (response.status_code, response.json()) == (400, {"error": sentence})


@pytest.mark.parametrize(("method", "path"), [("PUT", "/faults/x"), ("POST", "/rows/x")])
def test_the_control_knows_the_resources(sandbox: Sandbox, method: str, path: str) -> None:
    assert control(sandbox, method, path, json=[]).status_code == 404
