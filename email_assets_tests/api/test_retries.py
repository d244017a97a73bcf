"""The retry rule: which answers, how many attempts, and the waits between them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from email_assets.clock import now
from email_assets.errors import ApiError, ApiUnavailableError
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.api.conftest import OpenListing, ask
from email_assets_tests.api.session_fixtures import UNTOUCHED, given_up

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
    sentence = given_up(listing_of, waits)
    assert sentence == f"bounces: {api.base_url} answered {status} {name}. {UNTOUCHED}"
    assert api.request_count("bounces") == 3


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


def test_a_retry_without_a_wait_is_announced_as_such(
    api: Sandbox, listing_of: OpenListing, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNTIME__REQUEST_BACKOFF_FACTOR", "0")
    api.set_faults("bounces", Fault("status", status=503, times=1))
    ask(listing_of().session)
    assert said == [
        f"bounces: {api.base_url} answered 503 Service Unavailable; attempt 2 follows at once"
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


def test_a_fraction_in_retry_after_is_rounded_up(
    api: Sandbox, listing_of: OpenListing, waits: list[float]
) -> None:
    api.set_faults("bounces", Fault("status", status=429, retry_after="3.5", times=1))
    ask(listing_of().session)
    assert waits == [4.0]


@pytest.mark.parametrize(
    "date",
    [
        lambda at: format_datetime(at, usegmt=True),
        lambda at: format_datetime(at.astimezone(timezone(timedelta(hours=2)))),
        lambda at: format_datetime(at.replace(tzinfo=None)),
    ],
    ids=["GMT", "+0200", "-0000"],
)
def test_retry_after_as_a_date_wins_over_the_computed_wait(
    api: Sandbox, listing_of: OpenListing, waits: list[float], date: Callable[[datetime], str]
) -> None:
    in_a_minute = date(now() + timedelta(seconds=60))
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
        "1e9",
        "Mon, 01 Jan 10000 00:00:00 GMT",
        "Mon, 99 Foo 2026 99:99:99 GMT",
        "Mon, 01 Jan 99999999999 00:00:00 GMT",
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
