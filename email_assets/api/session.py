"""The one boundary that the key crosses: an HTTP adapter under an otherwise ordinary session.

Whoever uses the session sends requests and gets answers and exceptions that never held the key.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from dlt.common.configuration.specs import RuntimeConfiguration
from requests import PreparedRequest
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential

from email_assets.api.answer import Answer
from email_assets.api.deadline import cut_off_after, limit_headers
from email_assets.api.errors import ApiError, ApiUnavailableError, KeyRefusedError
from email_assets.api.faults import describe_fault
from email_assets.api.redaction import keep_queries_out_of_logs, redact, without_secrets
from email_assets.api.windows import OWNER_HEADER

RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
CHUNK = 1 << 16
MESSAGE_LENGTH = 300
LIMITS = re.compile(r"(x-)?ratelimit(-.*)?|retry-after", re.IGNORECASE)
"""Headers that say how much may be asked of an API, and when again."""


@dataclass
class Usage:
    """What a session asked of the API."""

    requests: int = 0
    """Requests sent, retries included."""
    retries: int = 0
    seconds_throttled: float = 0.0
    """Seconds waited between attempts, because the API asked for it or failed."""
    bytes: int = 0
    """Bytes of answers' bodies as they came over the wire."""
    status: int | None = field(default=None, compare=False)
    """The status of the latest request's answer, or None while it has none."""
    limits: dict[str, str] = field(default_factory=dict, compare=False)
    """Headers of that answer that say how much may be asked."""


@dataclass(frozen=True)
class Key:
    """How to authenticate."""

    secrets: tuple[str, ...]
    """What must not be seen anywhere."""
    auth: AuthBase
    """Puts the secrets into a request."""
    remedy: str
    """The sentence that says where to set them."""
    in_answers: bool = False
    """Whether an answer may hold them: a list of owners gives each one's secret."""


class ApiAdapter(HTTPAdapter):
    """Sends requests to one origin, with the key, time limits and retries.

    It retries 429, 500, 502, 503, 504, connection errors, timeouts and bodies that are no JSON, as
    dlt's `[runtime]` settings say: `request_max_attempts` in all, waiting `request_backoff_factor`
    seconds and then twice as long each time, or as long as `Retry-After` asks, but never longer
    than `request_max_retry_delay`.

    Args:
        resource: The resource's name, for sentences.
        base_url: Requests to any other origin are refused.
        key: Called for every request, so that a renewed key is used at once, with the owner that
            the request names. It may raise `KeyRefusedError`.
        runtime: dlt's `[runtime]` settings.
        usage: Counters to add to.
        say: Told one sentence before each retry.
        sleep: Waits so many seconds between attempts.
    """

    def __init__(
        self,
        resource: str,
        base_url: str,
        key: Callable[[str | None], Key],
        runtime: RuntimeConfiguration,
        usage: Usage,
        say: Callable[[str], None],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__()
        self._resource = resource
        self._origin = _origin(base_url)
        self._key = key
        self._time_limit = runtime.request_timeout
        self._usage = usage
        self._say = say
        backoff = wait_exponential(
            multiplier=runtime.request_backoff_factor, max=runtime.request_max_retry_delay
        )

        def wait(state: RetryCallState) -> float:
            asked = _failure(state).retry_after
            return min(asked, runtime.request_max_retry_delay) if asked else backoff(state)

        self._attempts = runtime.request_max_attempts
        self._retrying = Retrying(
            retry=retry_if_exception_type(ApiUnavailableError),
            stop=stop_after_attempt(self._attempts),
            wait=wait,
            sleep=sleep,
            before_sleep=self._note_retry,
            reraise=True,
        )

    def send(
        self, request: PreparedRequest, *_: Any, proxies: Mapping[str, str] | None = None, **kw: Any
    ) -> Answer:
        """The answer to a request, retried where that may help.

        Raises:
            KeyRefusedError: There is no key, or the API does not accept it.
            ApiUnavailableError: No attempt brought a usable answer.
            ApiError: The API refused the request, or its answer leads to another host.
        """
        if _origin(request.url or "") != self._origin:
            raise ApiError(
                f"{self._resource}: the API's answer leads to {_origin(request.url or '')}, which "
                f"is not {self._origin}. The key is not sent there. Correct base_url of "
                "[sources.email] if the API has moved."
            )
        return self._retrying(
            self._attempt,
            request,
            verify=kw.get("verify", True),
            cert=kw.get("cert"),
            proxies=proxies,
        )

    def init_poolmanager(self, *args: Any, **kw: Any) -> None:
        """Make connections whose time limit holds for the whole head of an answer."""
        super().init_poolmanager(*args, **kw)
        limit_headers(self.poolmanager)

    def _attempt(self, request: PreparedRequest, **kw: Any) -> Answer:
        keyed: PreparedRequest = request.copy()
        key = self._key(keyed.headers.pop(OWNER_HEADER, None))
        keyed = key.auth(keyed)
        self._usage.requests += 1
        self._usage.status, self._usage.limits = None, {}
        deadline = time.monotonic() + self._time_limit
        problem: str | None = None
        try:
            with super().send(keyed, stream=True, timeout=self._time_limit, **kw) as response:
                self._usage.status = response.status_code
                self._usage.limits = _limits(response.headers, key.secrets)
                body = self._read(response.raw, deadline)
            if 200 <= response.status_code < 300:
                body = body if key.in_answers else without_secrets(body, key.secrets)
                return Answer(request, response.status_code, dict(response.headers), body)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as fault:
            problem = describe_fault(fault, self._time_limit)
        except (ValueError, RecursionError):
            problem = "answered with a body that is no JSON, or a part of it"
        # outside of the except blocks: a chained exception would carry the URL with the key
        if time.monotonic() >= deadline:
            problem = f"did not finish its answer within {self._time_limit:g} s"
        raise self._unavailable(problem) if problem else self._refusal(response, body, key)

    def _read(self, raw: urllib3.HTTPResponse, deadline: float) -> bytes:
        chunks = []
        try:
            with cut_off_after(deadline - time.monotonic(), raw.connection):
                while chunk := raw.read1(CHUNK, decode_content=True):
                    chunks.append(chunk)
        finally:
            self._usage.bytes += raw.tell()
        return b"".join(chunks)

    def _unavailable(self, problem: str, retry_after: float | None = None) -> ApiUnavailableError:
        return ApiUnavailableError(
            f"{self._resource}: {self._origin} {problem}. Tried {self._attempts} "
            f"time{'s' if self._attempts > 1 else ''}; what was loaded before is untouched.",
            retry_after,
        )

    def _refusal(self, response: requests.Response, body: bytes, key: Key) -> ApiError:
        status = response.status_code
        if status in RETRIED_STATUSES:
            return self._unavailable(
                f"answered {_named(status)}", _retry_after(response.headers.get("Retry-After"))
            )
        resource, path = self._resource, urlsplit(response.url).path
        if status in (401, 403):
            return KeyRefusedError(f"{resource}: the API refused the key ({status}). {key.remedy}")
        if 300 <= status < 400 and (location := response.headers.get("Location")):
            target = redact(_target(response.url, location), key.secrets)[:MESSAGE_LENGTH]
            return ApiError(
                f"{resource}: the API redirects {path} to {target}, and redirects are not "
                "followed, so that the key goes nowhere else. Set base_url of [sources.email] to "
                "the address that answers."
            )
        if status == 404:
            return ApiError(
                f"{resource}: there is no {path} at {self._origin} (404). Check base_url of "
                "[sources.email] and whether this account's API has the resource."
            )
        said = redact(" ".join(body.decode("utf-8", "replace").split()), key.secrets)
        return ApiError(
            f"{resource}: the API refused {path} ({_named(status)}) and said: "
            f"{said[:MESSAGE_LENGTH] or 'nothing'}"
        )

    def _note_retry(self, state: RetryCallState) -> None:
        wait = state.next_action.sleep if state.next_action else 0.0
        self._usage.retries += 1
        self._usage.seconds_throttled += wait
        problem = str(_failure(state)).partition(". Tried")[0]
        self._say(f"{problem}; attempt {state.attempt_number + 1} follows in {wait:g} s")


def open_session(adapter: ApiAdapter) -> requests.Session:
    """A session that reaches one API only, through the adapter."""
    keep_queries_out_of_logs()
    session = requests.Session()
    session.headers["User-Agent"] = "email_assets"
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


def _failure(state: RetryCallState) -> ApiUnavailableError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, ApiUnavailableError)  # noqa: S101 (all that is retried)
    return error


def _origin(url: str) -> str:
    address = urlsplit(url)
    default = {"http": 80, "https": 443}.get(address.scheme)
    port = f":{address.port}" if address.port and address.port != default else ""
    return f"{address.scheme}://{address.hostname or ''}{port}"


def _target(url: str, location: str) -> str:
    """Where a redirect leads, without the query, which may repeat the key."""
    try:
        target = urljoin(url, location)
        return f"{_origin(target)}{urlsplit(target).path}"
    except ValueError:
        return "an address that cannot be read"


def _limits(headers: Mapping[str, str], secrets: tuple[str, ...]) -> dict[str, str]:
    return {
        name: redact(value, secrets) for name, value in headers.items() if LIMITS.fullmatch(name)
    }


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _retry_after(header: str | None) -> float | None:
    """Seconds from now, or None where the header asks for no wait: then the backoff decides."""
    try:
        seconds = urllib3.Retry().parse_retry_after(header) if header else 0.0
    except (urllib3.exceptions.InvalidHeader, ValueError):
        return None
    return seconds if seconds > 0 else None
