"""The requests that a session sends, and its counters."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests

from email_assets.account import configured_account
from email_assets.api.usage import Usage
from email_assets.errors import ApiUnavailableError, KeyRefusedError
from email_assets.sandbox import Fault, Sandbox
from email_assets.sync.glimpse import glimpse
from email_assets.sync.listing import open_listing
from email_assets_tests.api.conftest import HEAD, REPLY, OpenListing, Speak, ask, read
from email_assets_tests.conftest import KEY


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


def test_bytes_are_counted_as_they_came_over_the_wire_and_as_they_were_unpacked(
    api: Sandbox, listing_of: OpenListing
) -> None:
    api.set_faults("bounces", Fault("gzip"))
    listing = listing_of()
    for _ in range(2):
        ask(listing.session)
    direct = requests.get(f"{api.base_url}/v1/bounces", params={"api_key": KEY}, timeout=60)
    packed, unpacked = int(direct.headers["content-length"]), len(direct.content)
    assert packed < unpacked
    assert (listing.usage.bytes, listing.usage.bytes_unpacked) == (2 * packed, 2 * unpacked)


def test_headers_that_tell_of_limits_are_kept_without_the_key() -> None:
    usage = Usage()
    headers = {"X-RateLimit-Limit": "10 for swordfish", "Retry-After": "7", "Server": "nginx"}
    usage.note_head(429, headers, ("swordfish",))
    assert usage.limits == {"X-RateLimit-Limit": "10 for …", "Retry-After": "7"}


def test_bytes_of_a_body_that_was_cut_short_count_too(
    api: Sandbox, listing_of: OpenListing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNTIME__REQUEST_MAX_ATTEMPTS", "1")
    whole = requests.get(f"{api.base_url}/v1/bounces", params={"api_key": KEY}, timeout=60)
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
        glimpse(configured_account(), "bounces", say=print)


def test_a_key_that_the_api_repeats_in_its_rows_is_not_loaded(api: Sandbox) -> None:
    api.replace("bounces", [{"id": 1, "self": f"/v1/bounces/1?api_key={quote(KEY, safe='')}"}])
    listing = open_listing(configured_account(), "bounces", say=print)
    with listing.session:
        (row,) = list(listing.source)
    assert row["self"] == "/v1/bounces/1?api_key=…"


@pytest.mark.parametrize(
    "parameters",
    [
        {"offset": 99, "limit": 100},
        {"tag": "ä b&c=%/+~'\"", "since": "2026-01-31T00:00:00+00:00", "ä": ""},
        {"ids": [1, None, 2], "none": None, "is": True, "of": 1.5},
        {},
    ],
)
@pytest.mark.parametrize("path", ["/v1/bounces", "/v1/bounces?kind=a%20b", "/v1/a b"])
def test_the_next_page_of_a_list_has_the_url_that_requests_makes(
    api: Sandbox, listing_of: OpenListing, path: str, parameters: dict[str, object]
) -> None:
    session, url = listing_of().session, f"{api.base_url.upper()}{path}"
    session.prepare_request(requests.Request("GET", url, params={"offset": 0, "limit": 100}))
    request = requests.Request("GET", url, params=parameters)
    assert session.prepare_request(request).url == requests.Session().prepare_request(request).url
