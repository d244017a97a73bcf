"""What can go wrong between sending a request and reading the end of its answer."""

from __future__ import annotations

import http.client
import math
import re
import socket
from collections.abc import Mapping
from datetime import timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from email_assets.clock import now
from email_assets.errors import ApiError, KeyRefusedError, causes
from email_assets.redaction import redact

RESET = re.compile(r"(x-)?([a-z]+-)?rate-?limit-reset(-[a-z]+)?", re.IGNORECASE)
"""Headers that say when the count of requests starts anew."""
SINCE_1970 = 10**9
"""From here on, a number in one of them is a time and no length of time."""
MESSAGE_LENGTH = 300
"""Characters of an API's own words to pass on."""

FAULTS: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
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
    (
        (TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError),
        "did not finish its answer within {time_limit:g} s",
    ),
    (
        (requests.exceptions.SSLError, urllib3.exceptions.SSLError),
        "could not be trusted: the TLS handshake or certificate failed",
    ),
    ((urllib3.exceptions.DecodeError,), "answered with a body whose compression is broken"),
    ((http.client.IncompleteRead,), "answered with a body that was cut short"),
    ((ConnectionError,), "closed the connection before its answer was complete"),
    ((http.client.HTTPException,), "answered with something that is not HTTP"),
)
"""What can go wrong on the way, the more telling first: one fault wraps several exceptions."""


def describe_fault(fault: Exception, time_limit: float) -> str:
    """What went wrong on the way, told without the URL that the exceptions' texts hold."""
    found = causes(fault)
    for kinds, sentence in FAULTS:
        if any(isinstance(cause, kinds) for cause in found):
            return sentence.format(time_limit=time_limit)
    return f"could not be asked ({type(found[-1]).__name__})"


def refusal(
    resource: str, response: requests.Response, body: bytes, secrets: tuple[str, ...], remedy: str
) -> ApiError:
    """The error for an answer that says no, and will say so again.

    Args:
        resource: The resource's name.
        response: The answer.
        body: Its body.
        secrets: What must not be passed on.
        remedy: The sentence that says where to set the key.
    """
    status, path = response.status_code, urlsplit(response.url).path
    if status in (401, 403):
        return KeyRefusedError(f"{resource}: the API refused the key ({status}). {remedy}")
    if 300 <= status < 400 and (location := response.headers.get("Location")):
        target = redact(_target(response.url, location), secrets)[:MESSAGE_LENGTH]
        return ApiError(
            f"{resource}: the API redirects {path} to {target}, and redirects are not "
            "followed, so that the key goes nowhere else. Set base_url of [sources.email] to "
            "the address that answers."
        )
    if status == 404:
        return ApiError(
            f"{resource}: there is no {path} at {origin_of(response.url)} (404). Check base_url of "
            "[sources.email] and whether this account's API has the resource."
        )
    said = redact(" ".join(body.decode("utf-8", "replace").split()), secrets)
    return ApiError(
        f"{resource}: the API refused {path} ({named(status)}) and said: "
        f"{said[:MESSAGE_LENGTH] or 'nothing'}"
    )


def seconds_asked_for(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds until an API wants to be asked again, or None where it does not say.

    Without `Retry-After`, that is when the count of requests starts anew: in so many seconds, or
    at a time in seconds since 1970.
    """
    asked = retry_after(headers.get("Retry-After"))
    if asked or status != HTTPStatus.TOO_MANY_REQUESTS:
        return asked
    for name, value in headers.items():
        if RESET.fullmatch(name) and re.fullmatch(r"\d{1,12}(\.\d+)?", value.strip(), re.ASCII):
            seconds = float(value)
            if seconds >= SINCE_1970:
                seconds -= now().timestamp()
            return math.ceil(seconds) if seconds > 0 else None
    return None


def retry_after(header: str | None) -> float | None:
    """Seconds from now, or None where the header asks for no wait: then the backoff decides."""
    seconds: float
    if re.fullmatch(r"\s*[0-9]{1,18}(\.[0-9]+)?\s*", header or "", re.ASCII):
        # a fraction, which RFC 9110 does not know and some APIs send, is rounded up
        seconds = math.ceil(float(header or 0))
    else:
        try:
            at = parsedate_to_datetime(header or "")
        except ValueError:
            return None
        seconds = (at.replace(tzinfo=at.tzinfo or timezone.utc) - now()).total_seconds()
    return seconds if seconds > 0 else None


def named(status: int) -> str:
    """A status with its name, if it has one."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, as far as they are not the default."""
    address = urlsplit(url)
    default = {"http": 80, "https": 443}.get(address.scheme)
    port = f":{address.port}" if address.port and address.port != default else ""
    return f"{address.scheme}://{address.hostname or ''}{port}"


def _target(url: str, location: str) -> str:
    """Where a redirect leads, without the query, which may repeat the key."""
    try:
        target = urljoin(url, location)
        return f"{origin_of(target)}{urlsplit(target).path}"
    except ValueError:
        return "an address that cannot be read"
