"""Faults on the way to an answer, and the time that it may take."""

from __future__ import annotations

import socket

import pytest
import requests

from email_assets.api import connections
from email_assets.api.faults import describe_fault, within_time
from email_assets.errors import ApiUnavailableError
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.api.conftest import OpenListing, Speak, ask
from email_assets_tests.api.session_fixtures import UNTOUCHED, given_up
from email_assets_tests.conftest import KEY
from email_assets_tests.webserver_fixtures import wait_for

CUT = "answered with a body that was cut short"


NO_JSON = "answered with a body that is no JSON, or a part of it"


# Faults on the way


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Fault("refuse"), "closed the connection before its answer was complete"),
        (Fault("drop"), CUT),
        (Fault("truncated_json"), NO_JSON),
        (Fault("html"), NO_JSON),
        (Fault("not_json_nan"), NO_JSON),
        (Fault("status", status=200, body="[" * 100_000), NO_JSON),
        (Fault("bad_gzip"), "answered with a body whose compression is broken"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_an_answer_that_breaks_on_the_way_is_retried_and_then_reported_as_such(
    api: Sandbox, listing_of: OpenListing, waits: list[float], fault: Fault, problem: str
) -> None:
    api.set_faults("bounces", fault)
    assert given_up(listing_of, waits) == f"bounces: {api.base_url} {problem}. {UNTOUCHED}"
    assert api.request_count("bounces") == 3


@pytest.mark.parametrize(
    "kind", ["refuse", "drop", "truncated_json", "html", "not_json_nan", "bad_gzip"]
)
def test_an_answer_that_breaks_twice_on_the_way_is_read_the_third_time(
    api: Sandbox, listing_of: OpenListing, kind: str
) -> None:
    api.set_faults("bounces", Fault(kind, times=2))
    assert ask(listing_of().session)["data"] == api.rows("bounces")


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        (b"SSH-2.0-OpenSSH_9.9\r\n", "answered with something that is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200, "answered with something that is not HTTP"),
        (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"dat\r\n', CUT),
    ],
    ids=["not HTTP", "too many headers", "chunks that end early"],
)
def test_an_answer_that_is_no_proper_http_is_retried_and_then_reported_as_such(
    speak: Speak, listing_of: OpenListing, reply: bytes, problem: str
) -> None:
    server = speak(reply)
    with pytest.raises(ApiUnavailableError) as caught:
        ask(listing_of().session)
    assert str(caught.value) == f"bounces: {server.base_url} {problem}. {UNTOUCHED}"
    assert len(server.asked) == 3


def test_a_refused_connection_is_retried_and_then_reported_as_such(
    api: Sandbox, listing_of: OpenListing, waits: list[float]
) -> None:
    api.stop()
    sentence = given_up(listing_of, waits)
    assert sentence == f"bounces: {api.base_url} refused the connection. {UNTOUCHED}"


def test_a_server_that_comes_back_between_two_attempts_is_read(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.stop()
    session = listing_of(sleep=lambda _: api.start()).session
    assert ask(session)["data"] == api.rows("bounces")


def test_an_unknown_host_is_retried_and_then_reported_as_such(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch, listing_of: OpenListing, waits: list[float]
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", "http://no-such-host.invalid")
    assert given_up(listing_of, waits) == (
        "bounces: http://no-such-host.invalid has a host name that cannot be resolved. " + UNTOUCHED
    )


def test_a_host_without_a_way_to_it_is_not_mistaken_for_a_slow_one(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch, listing_of: OpenListing
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", "http://255.255.255.255")
    with pytest.raises(ApiUnavailableError, match=r"http://255\S+ could not be reached\."):
        ask(listing_of().session)


def test_a_failed_tls_handshake_is_retried_and_then_reported_as_such(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch, listing_of: OpenListing, waits: list[float]
) -> None:
    https = api.base_url.replace("http:", "https:")
    monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", https)
    assert given_up(listing_of, waits) == (
        f"bounces: {https} could not be trusted: the TLS handshake or certificate failed. "
        + UNTOUCHED
    )


def test_a_connection_that_is_closed_amid_the_handshake_is_no_matter_of_trust(
    speak: Speak, monkeypatch: pytest.MonkeyPatch, listing_of: OpenListing, waits: list[float]
) -> None:
    https = speak(b"").base_url.replace("http:", "https:")
    monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", https)
    assert given_up(listing_of, waits) == (
        f"bounces: {https} closed the connection before its answer was complete. {UNTOUCHED}"
    )


def test_a_proxy_that_cannot_be_reached_is_named_as_the_problem(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch, listing_of: OpenListing
) -> None:
    for name in ("no_proxy", "NO_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Sandbox() as gone:
        pass
    monkeypatch.setenv("HTTP_PROXY", gone.base_url)
    with pytest.raises(ApiUnavailableError, match="through the proxy that the environment names"):
        ask(listing_of().session)


def test_any_other_fault_is_told_by_the_name_of_its_root_and_by_nothing_that_it_says() -> None:
    fault = requests.exceptions.ChunkedEncodingError(f"/?api_key={KEY}", RuntimeError(KEY))
    assert describe_fault(fault, 60) == "could not be asked (RuntimeError)"


# Time limits


@pytest.mark.parametrize("cause", [ConnectionRefusedError(), socket.gaierror()])
def test_what_could_not_be_reached_is_no_matter_of_time_however_long_it_took(
    cause: Exception,
) -> None:
    problem = describe_fault(requests.ConnectionError(cause), 0.1)
    assert within_time(problem, 0.1, late=True) == (problem, "")


def test_a_connection_cut_at_the_time_limit_is_one_of_an_answer_that_came_too_late() -> None:
    problem = describe_fault(requests.ConnectionError(ConnectionResetError()), 0.1)
    late = "did not finish its answer within 0.1 s", "no whole answer within 0.1 s"
    assert within_time(problem, 0.1, late=True) == late
    assert within_time(problem, 0.1, late=False) == (problem, "")


def test_a_server_that_does_not_answer_meets_the_time_limit_at_each_attempt(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch, listing_of: OpenListing, waits: list[float]
) -> None:
    monkeypatch.setenv("RUNTIME__REQUEST_TIMEOUT", "0.1")
    api.set_faults("bounces", Fault("latency", seconds=60.0))
    assert given_up(listing_of, waits) == (
        f"bounces: {api.base_url} did not finish its answer within 0.1 s. {UNTOUCHED}"
    )
    # a busy machine may give the last one up before the server has read it
    wait_for(lambda: api.request_count("bounces") >= 3, 60)
    assert api.request_count("bounces") == 3


def test_an_answer_may_take_longer_than_it_takes_to_reach_the_server(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch, listing_of: OpenListing
) -> None:
    monkeypatch.setattr(connections, "CONNECTING", 0.1)
    api.set_faults("bounces", Fault("latency", seconds=0.3, times=1))
    assert ask(listing_of().session)["data"] == api.rows("bounces")
    assert api.request_count("bounces") == 1


def test_a_body_that_drips_for_ever_meets_the_time_limit(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch, listing_of: OpenListing
) -> None:
    monkeypatch.setenv("RUNTIME__REQUEST_TIMEOUT", "0.2")
    monkeypatch.setenv("RUNTIME__REQUEST_MAX_ATTEMPTS", "1")
    api.set_faults("bounces", Fault("drip", seconds=0.005, forever=True))
    with pytest.raises(ApiUnavailableError, match=r"did not finish its answer within 0\.2 s"):
        ask(listing_of().session)


def test_a_body_that_drips_in_time_is_read(api: Sandbox, listing_of: OpenListing) -> None:
    api.replace("bounces", [{"id": 1}])
    api.set_faults("bounces", Fault("drip", seconds=0.001))
    assert ask(listing_of().session) == {"data": [{"id": 1}], "total": 1}
