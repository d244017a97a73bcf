"""Keys and addresses are cut out of what people read, however they are spelled."""

from __future__ import annotations

import json
import logging
from urllib.parse import quote, quote_plus

import pytest

from email_assets.redaction import keep_queries_out_of_logs, redact
from email_assets_tests.api.conftest import HEAD, REPLY, OpenListing, Speak, ask
from email_assets_tests.conftest import KEY

SECRET = "a/b+c=d e&f%g\"h\\i'jäK9"


@pytest.mark.parametrize(
    "spelled",
    [
        SECRET,
        SECRET.upper(),
        SECRET.lower(),
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote_plus(SECRET).lower(),
        quote_plus(quote_plus(SECRET)),
        quote(SECRET, safe="+= "),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps(SECRET)[1:-1].replace("/", r"\/"),
        json.dumps(SECRET)[1:-1].replace("+", r"\u002b").replace("=", r"\u003D"),
    ],
)
def test_a_secret_is_cut_out_however_it_is_spelled(spelled: str) -> None:
    assert redact(f"<{spelled}> was refused", [SECRET]) == "<…> was refused"


def test_every_occurrence_of_every_secret_is_cut_out() -> None:
    assert redact("one two one", ["one", "two"]) == "… … …"


def test_no_secret_cuts_nothing_out() -> None:
    assert redact("The key is wrong.", ["", ""]) == "The key is wrong."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("to ann@x.example.", "to …"),
        ('"ann.o+1@x.example","b@y"', '"…","…"'),
        ("Ann <ann@x.example>, Bob <bob@y.example>", "Ann <…>, Bob <…>"),
        ("to=ann%40x.example", "…"),
        ("to=ann%2540x.example", "…"),
        ("ann@x.example:ann@y.example;ann@z", "…:…;…"),
        ("at 9 @ noon", "at 9 @ noon"),
        ("/v1/bounces?offset=100", "/v1/bounces?offset=100"),
    ],
)
def test_addresses_are_cut_out_and_nothing_else(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_a_long_text_without_any_address_takes_no_time() -> None:
    text = "x" * 1_000_000  # a pattern that goes back at every letter would take hours
    assert redact(text, [SECRET]) == text


@pytest.fixture
def urllib3_log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


def test_urllib3_logs_requests_without_their_queries(
    speak: Speak, listing_of: OpenListing, urllib3_log: pytest.LogCaptureFixture
) -> None:
    server = speak(HEAD + b"\r\n" + REPLY)
    ask(listing_of().session)
    assert f'{server.base_url} "GET /v1/bounces HTTP/1.1" 200 21' in urllib3_log.messages


def test_urllib3_warns_of_headers_that_it_cannot_read_without_the_key(
    speak: Speak, listing_of: OpenListing, urllib3_log: pytest.LogCaptureFixture
) -> None:
    server = speak(HEAD + f"no header, api_key={KEY}\r\n\r\n".encode() + REPLY)
    ask(listing_of().session)
    (warning,) = (r for r in urllib3_log.records if r.levelno == logging.WARNING)
    assert f"Failed to parse headers (url={server.base_url}/v1/bounces" in warning.getMessage()
    assert KEY not in urllib3_log.text
    assert quote_plus(KEY) not in urllib3_log.text


def test_what_has_no_query_is_logged_as_it_is(urllib3_log: pytest.LogCaptureFixture) -> None:
    keep_queries_out_of_logs()
    logging.getLogger("urllib3.connectionpool").debug("Starting %s of %d", "one", 2)
    assert urllib3_log.messages == ["Starting one of 2"]


def test_the_filter_is_added_once() -> None:
    keep_queries_out_of_logs()
    logger = logging.getLogger("urllib3.connectionpool")
    filters = list(logger.filters)
    keep_queries_out_of_logs()
    assert logger.filters == filters
