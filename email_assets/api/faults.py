"""Faults between sending a request and reading the end of its answer."""

from __future__ import annotations

import http.client
import math
import re
import socket
import ssl
from collections.abc import Mapping
from datetime import timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

import requests
import urllib3

from email_assets.clock import now
from email_assets.errors import causes

RESET = re.compile(r"(x-)?([a-z]+-)?rate-?limit-reset(-[a-z]+)?", re.IGNORECASE)
"""Headers that say when the count of requests starts anew."""
SINCE_1970 = 10**9
"""From here on, a number in one of them is a time and no length of time."""

TIMED_OUT = "did not finish its answer within {time_limit:g} s"
NO_CONNECTION: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (requests.exceptions.ProxyError, urllib3.exceptions.ProxyError),
        "could not be reached through the proxy that the environment names",
    ),
    (
        (socket.gaierror, urllib3.exceptions.NameResolutionError),
        "has a host name that cannot be resolved",
    ),
    ((ConnectionRefusedError,), "refused the connection"),
    # urllib3 counts these among the timeouts
    (
        (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError),
        "could not be reached",
    ),
)
FAULTS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    *NO_CONNECTION,
    (
        (TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError),
        TIMED_OUT,
    ),
    # amid the handshake it is one of those that follow, and tells nothing of trust
    ((ssl.SSLEOFError,), "closed the connection before its answer was complete"),
    (
        (requests.exceptions.SSLError, urllib3.exceptions.SSLError),
        "could not be trusted: the TLS handshake or certificate failed",
    ),
    ((urllib3.exceptions.DecodeError,), "answered with a body whose compression is broken"),
    ((http.client.IncompleteRead,), "answered with a body that was cut short"),
    ((ConnectionError,), "closed the connection before its answer was complete"),
    ((http.client.HTTPException,), "answered with something that is not HTTP"),
)
"""Faults on the way, the more telling first: one fault wraps several exceptions."""


def describe_fault(fault: Exception, time_limit: float) -> str:
    """A fault in words, without the URL that the exceptions' texts hold."""
    found = causes(fault)
    for kinds, sentence in FAULTS:
        if any(isinstance(cause, kinds) for cause in found):
            return sentence.format(time_limit=time_limit)
    return f"could not be asked ({type(found[-1]).__name__})"


def within_time(problem: str | None, time_limit: float, *, late: bool) -> tuple[str | None, str]:
    """The trouble with an answer, if any, and what it is in a few words if no answer came in time.

    Args:
        problem: The fault on the way, in words.
        time_limit: Seconds that a request may take.
        late: Whether they are over; a fault, such as a cut connection, may come of that.
    """
    timed_out = TIMED_OUT.format(time_limit=time_limit)
    if late and problem not in [sentence for _, sentence in NO_CONNECTION]:
        problem = timed_out
    return problem, f"no whole answer within {time_limit:g} s" if problem == timed_out else ""


def seconds_asked_for(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds until an API wants to be asked again, or None where it does not say.

    Without `Retry-After`, that is when the count of requests starts anew: in so many seconds, or
    at a time in seconds since 1970.
    """
    asked = retry_after(headers.get("Retry-After", ""))
    if asked or status != HTTPStatus.TOO_MANY_REQUESTS:
        return asked
    for name, value in headers.items():
        if RESET.fullmatch(name) and re.fullmatch(r"\d{1,12}(\.\d+)?", value.strip()):
            seconds = float(value)
            if seconds >= SINCE_1970:
                seconds -= now().timestamp()
            return math.ceil(seconds) if seconds > 0 else None
    return None


def retry_after(header: str) -> float | None:
    """Seconds from now, or None where the header asks for no wait: then the backoff decides."""
    seconds: float
    if re.fullmatch(r"\s*[0-9]{1,18}(\.[0-9]+)?\s*", header):
        # a fraction, which RFC 9110 does not know and some APIs send, is rounded up
        seconds = math.ceil(float(header))
    else:
        try:
            at = parsedate_to_datetime(header)
        except (ValueError, OverflowError):
            return None
        seconds = (at.replace(tzinfo=at.tzinfo or timezone.utc) - now()).total_seconds()
    return seconds if seconds > 0 else None


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, as far as they are not the default."""
    address = urlsplit(url)
    default = {"http": 80, "https": 443}.get(address.scheme)
    port = f":{address.port}" if address.port and address.port != default else ""
    return f"{address.scheme}://{address.hostname or ''}{port}"
