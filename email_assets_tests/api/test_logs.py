"""urllib3 and dlt log nothing that may not be read."""

from __future__ import annotations

import logging
from urllib.parse import quote_plus

import pytest

from email_assets.logs import keep_queries_out_of_logs, keep_rows_out_of_logs
from email_assets_tests.api.conftest import HEAD, REPLY, OpenListing, Speak, ask
from email_assets_tests.conftest import KEY


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


def test_dlt_logs_no_error_since_its_text_quotes_rows(caplog: pytest.LogCaptureFixture) -> None:
    keep_rows_out_of_logs()
    logger = logging.getLogger("dlt")

    logger.error("Job failed: could not convert 'ann@x.example'")
    try:
        raise ValueError("a row")
    except ValueError:
        logger.warning("failed", exc_info=True)
    logger.warning("column of %s has no type", "ann@x.example")

    assert caplog.messages == ["column of … has no type"]
