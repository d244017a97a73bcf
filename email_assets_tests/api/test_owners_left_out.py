"""Some owners may be left out before the API is taken for down."""

from __future__ import annotations

import pytest

from email_assets.api.owner import Owner, leave_out
from email_assets.errors import ApiError, ApiUnavailableError, RefusedError

LATE = ApiUnavailableError("messages: no answer.", "no whole answer", timed_out=True)
DOWN = ApiUnavailableError("messages: 503.", "503 Service Unavailable")
MISSHAPEN = ApiError("messages: text.", "text under 'rows', not a list")
REFUSED = RefusedError("messages: 403.", "403 Forbidden")
DOMAINS = [Owner(name, {"domain": name}) for name in "abcdefghijklmno"]


def left_out(*reasons: ApiError | None) -> tuple[ApiError | None, int]:
    """The trouble with domains of which some cannot be read, and how many were asked for."""
    refused: dict[str, ApiError] = {}
    for place, why in enumerate(reasons):
        if why and (trouble := leave_out(DOMAINS, refused, DOMAINS[place], why)):
            return trouble, place + 1
    return None, len(reasons)


@pytest.mark.parametrize("between", [None, DOWN, REFUSED, MISSHAPEN])
def test_those_that_time_out_fail_all_only_in_a_row(between: ApiError | None) -> None:
    assert left_out(LATE, between, LATE, between, LATE) == (None, 5)
    assert left_out(None, LATE, LATE, None) == (LATE, 3)


@pytest.mark.parametrize("why", [DOWN, MISSHAPEN])
def test_of_others_it_takes_eleven(why: ApiError) -> None:
    assert left_out(*[why] * 10, None) == (None, 11)
    assert left_out(None, *[why] * 11) == (why, 12)


def test_any_number_may_be_refused_but_all() -> None:
    assert left_out(*[REFUSED] * 14, None) == (None, 15)
    assert left_out(*[REFUSED] * 15) == (REFUSED, 15)


def test_the_second_stream_that_times_out_stands_for_those_that_follow_of_its_server() -> None:
    streams = [
        Owner(f"{on}/{name}", {"server": on, "stream": name}) for on in "12" for name in "xyz"
    ]
    refused: dict[str, ApiError] = {}

    assert leave_out(streams, refused, streams[0], LATE) is None
    assert list(refused) == ["1/x"]
    assert leave_out(streams, refused, streams[1], LATE) is None
    assert list(refused) == ["1/x", "1/y", "1/z"]
    assert leave_out(streams, refused, streams[3], LATE) is LATE


def test_a_server_alone_fails_with_its_second_stream_that_times_out() -> None:
    streams = [Owner(f"1/{name}", {"server": "1", "stream": name}) for name in "xyz"]
    refused: dict[str, ApiError] = {}
    assert leave_out(streams, refused, streams[0], LATE) is None
    assert leave_out(streams, refused, streams[1], LATE) is LATE
