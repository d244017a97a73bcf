"""What can go wrong between sending a request and reading the end of its answer."""

from __future__ import annotations

import http.client
import socket

import requests
import urllib3

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
    # urllib3 counts this one among the timeouts
    ((urllib3.exceptions.NewConnectionError,), "could not be reached"),
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
    causes = _causes(fault)
    for kinds, sentence in FAULTS:
        if any(isinstance(cause, kinds) for cause in causes):
            return sentence.format(time_limit=time_limit)
    return f"could not be asked ({type(causes[-1]).__name__})"


def _causes(error: BaseException) -> list[BaseException]:
    """The error and everything it wraps, whether chained, a reason or an argument."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        candidate = waiting.pop(0)
        if isinstance(candidate, BaseException) and candidate not in seen:
            seen.append(candidate)
            waiting += [candidate.__cause__, candidate.__context__, *candidate.args]
            waiting.append(getattr(candidate, "reason", None))
    return seen
