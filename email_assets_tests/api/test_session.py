"""How the API is asked: retries, waits, time limits, refusals, redirects, and what is counted."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from email_assets.api.errors import ApiError, ApiUnavailableError, KeyRefusedError
from email_assets.api.session import Usage
from email_assets.sandbox import Fault, Sandbox
from email_assets.source import glimpse, open_listing
from email_assets_tests.api.conftest import HEAD, REPLY, OpenListing, Speak, ask, read
from email_assets_tests.conftest import KEY

UNTOUCHED = "Tried 3 times; what was loaded before is untouched."
LONG_AGO = "Wed, 21 Oct 2015 07:28:00 GMT"


# Retries


@pytest.mark.parametrize(
    ("status", "name"),
    [
        (429, "Too Many Requests"),
        (500, "Internal Server Error"),
        (502, "Bad Gateway"),
        (503, "Service Unavailable"),
        (504, "Gateway Timeout"),
    ],
)
def test_a_status_that_may_pass_is_asked_for_three_times_in_all(
    api: Sandbox, listing_of: OpenListing, waits: list[float], status: int, name: str
) -> None:
    api.set_faults("bounces", Fault("status", status=status))
    with pytest.raises(ApiUnavailableError) as caught:
        ask(listing_of().session)
    assert str(caught.value) == f"bounces: {api.base_url} answered {status} {name}. {UNTOUCHED}"
    assert api.request_count("bounces") == 3
    assert waits == [2.0, 4.0]


@pytest.mark.parametrize(
    "status", [400, 401, 402, 403, 404, 405, 409, 410, 418, 422, 425, 451, 501, 505, 507, 520, 599]
)
def test_any_other_refusal_is_asked_for_once(
    api: Sandbox, listing_of: OpenListing, waits: list[float], status: int
) -> None:
    api.set_faults("bounces", Fault("status", status=status))
    with pytest.raises(ApiError, match=rf"^bounces: .*\b{status}\b"):
        ask(listing_of().session)
    assert api.request_count("bounces") == 1
    assert waits == []


def test_429_429_200_is_a_success(
    api: Sandbox, listing_of: OpenListing, waits: list[float]
) -> None:
    api.set_faults("bounces", Fault("status", status=429, times=2))
    assert ask(listing_of().session)["data"] == api.rows("bounces")
    assert api.request_count("bounces") == 3
    assert waits == [2.0, 4.0]


def test_every_request_has_its_own_three_attempts(
    api: Sandbox, listing_of: OpenListing, waits: list[float]
) -> None:
    api.set_faults("bounces", Fault("status", times=2), Fault("status", after=3, times=2))
    session = listing_of().session
    assert ask(session) == ask(session)
    assert waits == [2.0, 4.0, 2.0, 4.0]


def test_each_retry_is_announced_with_its_reason_and_its_wait(
    api: Sandbox, listing_of: OpenListing, said: list[str]
) -> None:
    api.set_faults("bounces", Fault("status", status=503, times=2))
    ask(listing_of().session)
    assert said == [
        f"bounces: {api.base_url} answered 503 Service Unavailable; attempt 2 follows in 2 s",
        f"bounces: {api.base_url} answered 503 Service Unavailable; attempt 3 follows in 4 s",
    ]


@pytest.mark.parametrize(("attempts", "expected"), [("1", []), ("5", [2.0, 4.0, 8.0, 16.0])])
def test_the_number_of_attempts_is_a_setting(
    api: Sandbox,
    listing_of: OpenListing,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
    attempts: str,
    expected: list[float],
) -> None:
    monkeypatch.setenv("RUNTIME__REQUEST_MAX_ATTEMPTS", attempts)
    api.set_faults("bounces", Fault("status"))
    times = "1 time;" if attempts == "1" else "5 times;"
    with pytest.raises(ApiUnavailableError, match=f"Tried {times}"):
        ask(listing_of().session)
    assert waits == expected


@pytest.mark.parametrize(("factor", "expected"), [("0", [0.0, 0.0]), ("0.5", [0.5, 1.0])])
def test_the_first_wait_is_a_setting(
    api: Sandbox,
    listing_of: OpenListing,
    waits: list[float],
    monkeypatch: pytest.MonkeyPatch,
    factor: str,
    expected: list[float],
) -> None:
    monkeypatch.setenv("RUNTIME__REQUEST_BACKOFF_FACTOR", factor)
    api.set_faults("bounces", Fault("status", times=2))
    ask(listing_of().session)
    assert waits == expected


def test_no_wait_is_longer_than_the_longest_allowed(
    api: Sandbox, listing_of: OpenListing, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNTIME__REQUEST_MAX_RETRY_DELAY", "3")
    api.set_faults("bounces", Fault("status", times=2))
    ask(listing_of().session)
    assert waits == [2.0, 3.0]


# Retry-After


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_retry_after_in_seconds_wins_over_the_computed_wait(
    api: Sandbox, listing_of: OpenListing, waits: list[float], status: int
) -> None:
    api.set_faults("bounces", Fault("status", status=status, retry_after="17", times=2))
    ask(listing_of().session)
    assert waits == [17.0, 17.0]


def test_retry_after_as_a_date_wins_over_the_computed_wait(
    api: Sandbox, listing_of: OpenListing, waits: list[float]
) -> None:
    in_a_minute = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=60), usegmt=True)
    api.set_faults("bounces", Fault("status", status=429, retry_after=in_a_minute, times=1))
    ask(listing_of().session)
    assert waits == [pytest.approx(60, abs=2)]  # the date has whole seconds


@pytest.mark.parametrize(
    "header",
    [
        "0",
        "00",
        "",
        LONG_AGO,
        "soon",
        "-5",
        "1.5",
        "1e9",
        "Mon, 01 Jan 10000 00:00:00 GMT",
        "Mon, 99 Foo 2026 99:99:99 GMT",
        "9" * 5000,
    ],
)
def test_a_retry_after_that_asks_for_no_wait_leaves_the_computed_one(
    api: Sandbox, listing_of: OpenListing, waits: list[float], header: str
) -> None:
    api.set_faults("bounces", Fault("status", status=429, retry_after=header))
    with pytest.raises(ApiUnavailableError, match=r" answered 429 Too Many Requests\."):
        ask(listing_of().session)
    assert waits == [2.0, 4.0]


def test_retry_after_is_bounded_by_the_longest_wait_allowed(
    api: Sandbox, listing_of: OpenListing, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNTIME__REQUEST_MAX_RETRY_DELAY", "30")
    api.set_faults("bounces", Fault("status", status=429, retry_after="86400", times=1))
    ask(listing_of().session)
    assert waits == [30.0]


def test_the_longest_wait_allowed_is_five_minutes_by_default(
    api: Sandbox, listing_of: OpenListing, waits: list[float]
) -> None:
    api.set_faults("bounces", Fault("status", status=429, retry_after="86400", times=1))
    ask(listing_of().session)
    assert waits == [300.0]


# Faults on the way


CUT = "answered with a body that was cut short"
NO_JSON = "answered with a body that is no JSON, or a part of it"


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Fault("refuse"), "closed the connection before its answer was complete"),
        (Fault("drop"), CUT),
        (Fault("truncated_json"), NO_JSON),
        (Fault("html"), NO_JSON),
        (Fault("not_json_nan"), NO_JSON),
        (Fault("status", status=200, body=""), NO_JSON),
        (Fault("status", status=200, body="[" * 100_000), NO_JSON),
        (Fault("status", status=204), NO_JSON),
        (Fault("bad_gzip"), "answered with a body whose compression is broken"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_an_answer_that_breaks_on_the_way_is_retried_and_then_reported_as_such(
    api: Sandbox, listing_of: OpenListing, waits: list[float], fault: Fault, problem: str
) -> None:
    api.set_faults("bounces", fault)
    with pytest.raises(ApiUnavailableError) as caught:
        ask(listing_of().session)
    assert str(caught.value) == f"bounces: {api.base_url} {problem}. {UNTOUCHED}"
    assert api.request_count("bounces") == 3
    assert waits == [2.0, 4.0]


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
    with pytest.raises(ApiUnavailableError) as caught:
        ask(listing_of().session)
    assert str(caught.value) == f"bounces: {api.base_url} refused the connection. {UNTOUCHED}"
    assert waits == [2.0, 4.0]


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
    with pytest.raises(ApiUnavailableError) as caught:
        ask(listing_of().session)
    assert str(caught.value) == (
        "bounces: http://no-such-host.invalid has a host name that cannot be resolved. " + UNTOUCHED
    )
    assert waits == [2.0, 4.0]


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
    with pytest.raises(ApiUnavailableError) as caught:
        ask(listing_of().session)
    assert str(caught.value) == (
        f"bounces: {https} could not be trusted: the TLS handshake or certificate failed. "
        + UNTOUCHED
    )
    assert waits == [2.0, 4.0]


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


# Time limits


def test_a_server_that_does_not_answer_meets_the_time_limit_at_each_attempt(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch, listing_of: OpenListing, waits: list[float]
) -> None:
    monkeypatch.setenv("RUNTIME__REQUEST_TIMEOUT", "0.1")
    api.set_faults("bounces", Fault("latency", seconds=60.0))
    with pytest.raises(ApiUnavailableError) as caught:
        ask(listing_of().session)
    assert str(caught.value) == (
        f"bounces: {api.base_url} did not finish its answer within 0.1 s. {UNTOUCHED}"
    )
    assert api.request_count("bounces") == 3
    assert waits == [2.0, 4.0]


def test_a_body_that_drips_for_ever_meets_the_time_limit(
    api: Sandbox, monkeypatch: pytest.MonkeyPatch, listing_of: OpenListing
) -> None:
    monkeypatch.setenv("RUNTIME__REQUEST_TIMEOUT", "0.2")
    monkeypatch.setenv("RUNTIME__REQUEST_MAX_ATTEMPTS", "1")
    api.set_faults("bounces", Fault("drip", seconds=0.005, forever=True))
    started = time.monotonic()
    with pytest.raises(ApiUnavailableError, match=r"did not finish its answer within 0\.2 s"):
        ask(listing_of().session)
    assert time.monotonic() - started < 2


def test_a_body_that_drips_in_time_is_read(api: Sandbox, listing_of: OpenListing) -> None:
    api.replace("bounces", [{"id": 1}])
    api.set_faults("bounces", Fault("drip", seconds=0.001))
    assert ask(listing_of().session) == {"data": [{"id": 1}], "total": 1}


# Refusals


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_is_told_with_where_to_set_it(
    api: Sandbox, listing_of: OpenListing, status: int
) -> None:
    api.set_faults("bounces", Fault("status", status=status))
    with pytest.raises(KeyRefusedError) as caught:
        ask(listing_of().session)
    assert str(caught.value) == (
        f"bounces: the API refused the key ({status}). Set api_key in .dlt/secrets.toml or the "
        "environment variable API_KEY."
    )


def test_a_wrong_key_is_refused_by_the_api(
    api: Sandbox, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "wrong")
    with pytest.raises(KeyRefusedError, match="refused the key"):
        ask(listing_of().session)


@pytest.mark.parametrize("key", [None, "", "  \n"], ids=["unset", "empty", "blank"])
def test_without_a_key_nothing_is_asked(
    api: Sandbox, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    if key is None:
        monkeypatch.delenv("API_KEY")
    else:
        monkeypatch.setenv("API_KEY", key)
    with pytest.raises(KeyRefusedError) as caught:
        ask(listing_of().session)
    assert str(caught.value) == (
        "bounces: there is no API key. Set api_key in .dlt/secrets.toml or the environment "
        "variable API_KEY."
    )
    assert api.requests == []


def test_a_missing_path_is_told_with_the_path_and_where_to_look(
    api: Sandbox, listing_of: OpenListing
) -> None:
    with pytest.raises(ApiError) as caught:
        ask(listing_of().session, "/v1/nowhere")
    assert str(caught.value) == (
        f"bounces: there is no /v1/nowhere at {api.base_url} (404). Check base_url of "
        "[sources.email] and whether this account's API has the resource."
    )


def test_what_the_api_said_of_a_request_it_cannot_process_is_passed_on(
    api: Sandbox, listing_of: OpenListing
) -> None:
    body = {"error": "offset must be below 10000"}
    api.set_faults("bounces", Fault("status", status=422, body=body))
    with pytest.raises(ApiError) as caught:
        ask(listing_of().session)
    assert str(caught.value) == (
        # Python 3.13 names the status anew
        f"bounces: the API refused /v1/bounces (422 {HTTPStatus(422).phrase}) and said: "
        '{"error":"offset must be below 10000"}'
    )


def test_what_the_api_said_is_passed_on_without_the_key_and_addresses(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("bounces", Fault("echo_error"))
    with pytest.raises(ApiError) as caught:
        ask(listing_of().session)
    assert str(caught.value).endswith(
        'and said: {"error":"/v1/bounces?api_key=… is not possible for …"}'
    )


def test_what_the_api_said_is_passed_on_in_one_line_and_not_at_any_length(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("bounces", Fault("status", status=400, body="No.\r\n\n  Why?\n" + "x" * 9999))
    with pytest.raises(ApiError) as caught:
        ask(listing_of().session)
    said = str(caught.value).partition(" and said: ")[2]
    assert said == ("No. Why? " + "x" * 9999)[:300]


def test_a_key_at_the_edge_of_what_is_passed_on_leaves_no_part_of_it(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("bounces", Fault("status", status=400, body="x " * 148 + KEY))
    with pytest.raises(ApiError) as caught:
        ask(listing_of().session)
    assert str(caught.value).endswith("x x …")


def test_an_api_that_says_nothing_is_quoted_as_saying_nothing(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("bounces", Fault("status", status=400, body=" "))
    with pytest.raises(ApiError, match=r"and said: nothing$"):
        ask(listing_of().session)


def test_a_status_without_a_name_is_told_by_its_number(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("bounces", Fault("status", status=599))
    with pytest.raises(ApiError, match=r"refused /v1/bounces \(599\)"):
        ask(listing_of().session)


@pytest.mark.parametrize("status", [300, 304])
def test_an_answer_that_is_no_success_is_not_taken_for_one(
    api: Sandbox, listing_of: OpenListing, status: int
) -> None:
    api.set_faults("bounces", Fault("status", status=status, body={"data": [], "total": 0}))
    with pytest.raises(ApiError, match=rf"refused /v1/bounces \({status} "):
        ask(listing_of().session)


# Redirects and other origins


@pytest.mark.parametrize("kind", ["redirect", "echo_redirect"])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_is_refused_before_anything_is_sent_there(
    api: Sandbox, listing_of: OpenListing, kind: str, status: int
) -> None:
    with Sandbox(api_key=KEY) as other:
        api.set_faults("bounces", Fault(kind, location=f"{other.base_url}/new", status=status))
        with pytest.raises(ApiError) as caught:
            ask(listing_of().session)
        assert other.requests == []
    assert str(caught.value) == (
        f"bounces: the API redirects /v1/bounces to {other.base_url}/new, and redirects are not "
        "followed, so that the key goes nowhere else. Set base_url of [sources.email] to the "
        "address that answers."
    )


def test_a_redirect_on_the_same_host_is_told_and_not_followed(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("bounces", Fault("redirect", location="/v1/messages"))
    with pytest.raises(ApiError, match=f"redirects /v1/bounces to {api.base_url}/v1/messages,"):
        ask(listing_of().session)
    assert [request.path for request in api.requests] == ["/v1/bounces"]


@pytest.mark.parametrize("location", ["http://host:port/", "http://[::1/", "//:99999999"])
def test_a_redirect_to_nowhere_is_told_as_one(
    api: Sandbox, listing_of: OpenListing, location: str
) -> None:
    api.set_faults("bounces", Fault("redirect", location=location))
    with pytest.raises(ApiError, match="redirects /v1/bounces to an address that cannot be read"):
        ask(listing_of().session)


def test_a_redirect_is_told_without_a_key_or_a_user_in_its_target(
    api: Sandbox, listing_of: OpenListing
) -> None:
    location = f"https://ann:{KEY}@host.example/{KEY}?api_key={KEY}#{KEY}"
    api.set_faults("bounces", Fault("redirect", location=location.replace("sb-key/", "sb-key%2F")))
    with pytest.raises(ApiError, match=r"to https://host\.example/…, and"):
        ask(listing_of().session)


@pytest.mark.parametrize(
    "elsewhere", ["http://mail.example.org/", "https://127.0.0.1:{port}/", "http://127.0.0.1:1/"]
)
def test_a_link_to_another_origin_is_refused(
    api: Sandbox, listing_of: OpenListing, elsewhere: str
) -> None:
    url = elsewhere.format(port=api.base_url.rpartition(":")[2])
    with pytest.raises(ApiError) as caught:
        listing_of().session.get(url)
    assert str(caught.value) == (
        f"bounces: the API's answer leads to {url[:-1]}, which is not {api.base_url}. The key is "
        "not sent there. Correct base_url of [sources.email] if the API has moved."
    )
    assert api.requests == []


# The key, the connection, the counters


def test_the_key_goes_into_the_query_and_nowhere_else(
    api: Sandbox, listing_of: OpenListing
) -> None:
    ask(listing_of().session)
    (request,) = api.requests
    assert request.parameters == ("api_key",)
    assert KEY not in str(request.headers)


def test_an_answer_knows_nothing_of_the_key(api: Sandbox, listing_of: OpenListing) -> None:
    answer = listing_of().session.get(f"{api.base_url}/v1/bounces")
    assert (answer.url, answer.request.url) == (f"{api.base_url}/v1/bounces",) * 2


def test_a_key_that_was_renewed_between_two_requests_is_used_at_once(
    api: Sandbox, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = listing_of().session
    monkeypatch.setenv("API_KEY", "expired")
    with pytest.raises(KeyRefusedError):
        ask(session)
    monkeypatch.setenv("API_KEY", KEY)
    assert ask(session)["data"] == api.rows("bounces")


def test_a_key_that_was_renewed_between_two_attempts_is_used_at_once(
    api: Sandbox, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.set_faults("bounces", Fault("status", times=1))
    session = listing_of(sleep=lambda _: monkeypatch.setenv("API_KEY", "renewed")).session
    with pytest.raises(KeyRefusedError):
        ask(session)
    assert [request.status for request in api.requests] == [503, 401]


@pytest.mark.parametrize("fault", [[], [Fault("status", times=2)]], ids=["pages", "retries"])
def test_everything_is_asked_over_one_connection(
    api: Sandbox, listing_of: OpenListing, caplog: pytest.LogCaptureFixture, fault: list[Fault]
) -> None:
    api.set_faults("messages", *fault)
    with caplog.at_level(logging.DEBUG, "urllib3"):
        read(listing_of("messages"))
    messages = [record.getMessage() for record in caplog.records]
    assert sum(message.startswith("Starting new HTTP connection") for message in messages) == 1


def test_a_compressed_body_is_read(api: Sandbox, listing_of: OpenListing) -> None:
    api.set_faults("bounces", Fault("gzip"))
    assert ask(listing_of().session)["data"] == api.rows("bounces")


def test_requests_retries_waits_and_bytes_are_counted(
    api: Sandbox, listing_of: OpenListing
) -> None:
    pages = [json.dumps({"data": [], "total": 0}, separators=(",", ":"))]
    refusal = {"error": "Service Unavailable."}
    pages += [json.dumps(refusal, separators=(",", ":"))] * 2
    api.replace("bounces", [])
    api.set_faults("bounces", Fault("status", times=1), Fault("status", after=1, times=1))
    listing = listing_of()
    ask(listing.session)
    assert listing.usage == Usage(3, 2, 6.0, sum(map(len, pages)))


def test_the_wait_that_the_api_asked_for_is_counted(api: Sandbox, listing_of: OpenListing) -> None:
    api.set_faults("bounces", Fault("status", status=429, retry_after="17", times=1))
    listing = listing_of()
    ask(listing.session)
    assert (listing.usage.retries, listing.usage.seconds_throttled) == (1, 17.0)


def test_a_failure_counts_its_attempts_too(api: Sandbox, listing_of: OpenListing) -> None:
    api.stop()
    listing = listing_of()
    with pytest.raises(ApiUnavailableError):
        ask(listing.session)
    assert listing.usage == Usage(requests=3, retries=2, seconds_throttled=6.0, bytes=0)


def test_bytes_are_counted_as_they_came_over_the_wire(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("bounces", Fault("gzip"))
    listing = listing_of()
    ask(listing.session)
    direct = requests.get(f"{api.base_url}/v1/bounces", params={"api_key": KEY}, timeout=5)
    assert listing.usage.bytes == int(direct.headers["content-length"]) < len(direct.content)


def test_bytes_of_a_body_that_was_cut_short_count_too(
    api: Sandbox, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNTIME__REQUEST_MAX_ATTEMPTS", "1")
    whole = requests.get(f"{api.base_url}/v1/bounces", params={"api_key": KEY}, timeout=5)
    api.set_faults("bounces", Fault("drop"))
    listing = listing_of()
    with pytest.raises(ApiUnavailableError):
        ask(listing.session)
    assert listing.usage.bytes == len(whole.content) // 2


def test_a_body_as_long_as_it_says_is_read_whatever_else_the_headers_hold(
    speak: Speak, listing_of: OpenListing
) -> None:
    speak(HEAD + b"this is no header\r\n\r\n" + REPLY)
    assert ask(listing_of().session) == {"data": [], "total": 0}


HEADS = {
    "head": b"HTTP/1.1 200 OK\r\nX-Endless: ",
    "body of a connection that it ends": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
    "body of HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n",
}
"""The starts of answers whose rest drips."""


@pytest.fixture(params=list(HEADS.values()), ids=list(HEADS))
def dripping(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a server that goes on byte by byte, and never ends."""
    stop = threading.Event()

    def drip(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.recv(65536)
            client.sendall(request.param)
            while not stop.wait(0.05):
                client.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)

        def serve() -> None:
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    drip(listener.accept()[0])

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        stop.set()
        thread.join()


def test_an_answer_that_drips_for_ever_meets_the_time_limit(
    dripping: str, monkeypatch: pytest.MonkeyPatch, warehouse: Path
) -> None:
    monkeypatch.setenv("API_KEY", KEY)
    monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", dripping)
    monkeypatch.setenv("RUNTIME__REQUEST_TIMEOUT", "0.3")
    monkeypatch.setenv("RUNTIME__REQUEST_MAX_ATTEMPTS", "1")
    with pytest.raises(ApiUnavailableError, match=r"did not finish its answer within 0\.3 s"):
        glimpse("bounces", say=print)


def test_a_key_that_the_api_repeats_in_its_rows_is_not_loaded(api: Sandbox) -> None:
    api.replace("bounces", [{"id": 1, "self": f"/v1/bounces/1?api_key={quote(KEY, safe='')}"}])
    listing = open_listing("bounces", say=print)
    with listing.session:
        (row,) = list(listing.source)
    assert row["self"] == "/v1/bounces/1?api_key=…"
