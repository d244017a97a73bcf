"""Faults of the status, the headers and the body."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
import requests

from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.sandbox.conftest import get
from email_assets_tests.sandbox.fault_fixtures import raw


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
        first, second = session.get(url, timeout=60), session.get(url, timeout=60)
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
