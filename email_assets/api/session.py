"""The one boundary that the key crosses: an HTTP adapter under an otherwise ordinary session.

Whoever uses the session sends requests and gets answers and exceptions that never held the key.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, repeat
from typing import Any

import requests
import urllib3
from dlt.common.configuration.specs import RuntimeConfiguration
from requests import PreparedRequest, Request
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential

from email_assets.api.answer import Answer
from email_assets.api.deadline import SOCKET, Deadlines, limited_pools
from email_assets.api.faults import describe_fault, named, origin_of, refusal, seconds_asked_for
from email_assets.api.limits import Allowance
from email_assets.api.owner import OWNER_HEADER
from email_assets.api.read_ahead import ReadAhead
from email_assets.errors import ApiError, ApiUnavailableError
from email_assets.logs import keep_queries_out_of_logs
from email_assets.redaction import redact, without_secrets

RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
CHUNK = 1 << 16
WORTH_SAYING = 5
"""Seconds of waiting that whoever watches is told of."""
CONNECTING = 5
"""Seconds to reach the API at the most: a session that is closed waits for connections to be."""
LIMITS = re.compile(r"(x-)?([a-z]+-)?ratelimit(-.*)?|retry-after", re.IGNORECASE)
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
    seconds_to_answer: float = field(default=0.0, compare=False)
    """Seconds from a request to the last byte of its answer, of the latest that was read."""


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
    than `request_max_retry_delay`. While it waits and tries again, nothing else is in flight.

    Args:
        resource: The resource's name, for sentences.
        base_url: Requests to any other origin are refused.
        key: Called for every request, so that a renewed key is used at once, with the owner that
            the request names. It may raise `KeyRefusedError`.
        runtime: dlt's `[runtime]` settings.
        usage: Counters to add to.
        say: Told one sentence before each retry.
        sleep: Waits so many seconds between attempts.
        read_ahead: Pages to keep in flight at the most.
        allowance: Requests that the API allows in a time, if it is known.

    Attributes:
        read_ahead: The pages that were asked for before they are wanted.
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
        read_ahead: int = 1,
        allowance: Allowance | None = None,
    ) -> None:
        self._allowance = allowance
        self._deadlines = Deadlines()
        self._pools = limited_pools(self._deadlines)
        super().__init__(pool_maxsize=read_ahead, pool_block=True)
        self._resource = resource
        self._origin = origin_of(base_url)
        self._key = key
        self._time_limit = runtime.request_timeout
        # what the environment says of proxies and certificates, looked up once for all requests
        self._way: dict[str, Any] = dict(
            requests.Session().merge_environment_settings(base_url, {}, True, None, None)
        )
        self._longest_wait = runtime.request_max_retry_delay
        self._usage = usage
        self._counting = threading.Lock()
        self._say = say
        self._sleep = sleep
        self._attempts = runtime.request_max_attempts
        self._backoff = wait_exponential(
            multiplier=runtime.request_backoff_factor, max=self._longest_wait
        )
        self._retrying = Retrying(
            retry=retry_if_exception_type(ApiUnavailableError),
            stop=stop_after_attempt(self._attempts),
            wait=self._seconds_to_wait,
            sleep=self._wait_alone,
            before_sleep=self._note_retry,
            reraise=True,
        )
        self.read_ahead = ReadAhead(self._attempt, read_ahead)

    def send(self, request: PreparedRequest, *_: Any, **__: Any) -> Answer:
        """The answer to a request, retried where that may help.

        The first attempt of a page that was asked for ahead is the one that was made then.

        Raises:
            KeyRefusedError: There is no key, or the API does not accept it.
            ApiUnavailableError: No attempt brought a usable answer.
            ApiError: The API refused the request, or its answer leads to another host.
        """
        ahead = self.read_ahead.take(request)
        attempts: Iterator[Callable[[], Answer]] = chain(
            [ahead.result] if ahead else [], repeat(partial(self._attempt, request))
        )
        answer: Answer = self._retrying(lambda: next(attempts)())
        self.read_ahead.note_size(answer.size)
        return answer

    def init_poolmanager(self, *args: Any, **kw: Any) -> None:
        """Make connections whose time limit holds for the whole head of an answer."""
        super().init_poolmanager(*args, **kw)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **kw: Any) -> Any:
        """Make such connections through a proxy as well."""
        manager = super().proxy_manager_for(*args, **kw)
        if isinstance(manager, urllib3.ProxyManager):
            manager.pool_classes_by_scheme = self._pools
        return manager

    def close(self) -> None:
        """Cut off what is in flight, and leave no thread or connection behind."""
        self._deadlines.close()
        self.read_ahead.close()
        super().close()

    def _attempt(self, request: PreparedRequest) -> Answer:
        if origin_of(request.url or "") != self._origin:
            raise ApiError(
                f"{self._resource}: the API's answer leads to {origin_of(request.url or '')}, "
                f"which is not {self._origin}. The key is not sent there. Correct base_url of "
                "[sources.email] if the API has moved."
            )
        keyed: PreparedRequest = request.copy()
        key = self._key(keyed.headers.pop(OWNER_HEADER, None))
        keyed = key.auth(keyed)
        self._wait_for_turn(request.url or "", key.secrets)
        with self._counting:
            self._usage.requests += 1
            self._usage.status, self._usage.limits = None, {}
        started = time.monotonic()
        deadline = started + self._time_limit
        problem: str | None = None
        try:
            limits = min(CONNECTING, self._time_limit), self._time_limit
            with super().send(keyed, timeout=limits, **self._way) as response:
                self._usage.status = response.status_code
                self._usage.limits = _limits(response.headers, key.secrets)
                body = self._read(response.raw, deadline)
            self._usage.seconds_to_answer = time.monotonic() - started
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
        if not problem and response.status_code in RETRIED_STATUSES:
            asked = seconds_asked_for(response.status_code, response.headers)
            raise self._unavailable(f"answered {named(response.status_code)}", asked)
        if problem:
            raise self._unavailable(problem)
        raise refusal(self._resource, response, body, key.secrets, key.remedy)

    def _wait_for_turn(self, url: str, secrets: tuple[str, ...]) -> None:
        """Wait until the API allows one more request; whoever asks briefly does not wait long."""
        limiter = self._allowance.limiter(url, secrets) if self._allowance else None
        if limiter is None:
            return
        if self._attempts == 1 and limiter.seconds_to_wait() > self._time_limit:
            raise self._unavailable("allows no more requests for now")
        seconds = limiter.reserve()
        if seconds > 0:
            if seconds >= WORTH_SAYING:
                self._say(f"{self._resource}: the API allows no more requests for {seconds:.0f} s")
            with self._counting:
                self._usage.seconds_throttled += seconds
            self._sleep(seconds)

    def _read(self, raw: urllib3.HTTPResponse, deadline: float) -> bytes:
        chunks = []
        try:
            sock = getattr(raw, SOCKET, None)
            with self._deadlines.limit(sock, deadline - time.monotonic()):
                while chunk := raw.read1(CHUNK, decode_content=True):
                    chunks.append(chunk)
        finally:
            with self._counting:
                self._usage.bytes += raw.tell()
        return b"".join(chunks)

    def _unavailable(self, problem: str, retry_after: float | None = None) -> ApiUnavailableError:
        return ApiUnavailableError(
            f"{self._resource}: {self._origin} {problem}. Tried {self._attempts} "
            f"time{'s' if self._attempts > 1 else ''}; what was loaded before is untouched.",
            retry_after,
            self._usage.seconds_throttled,
        )

    def _seconds_to_wait(self, state: RetryCallState) -> float:
        failure = _failure(state)
        asked = failure.retry_after
        seconds = min(asked, self._longest_wait) if asked else self._backoff(state)
        # pages that failed together wait together: the first of them that is tried again waits
        return max(0.0, seconds - self._usage.seconds_throttled + failure.throttled_before)

    def _wait_alone(self, seconds: float) -> None:
        self.read_ahead.settle()
        # only now, so that what has failed meanwhile counts this wait as one of its own
        self._usage.seconds_throttled += seconds
        self._sleep(seconds)

    def _note_retry(self, state: RetryCallState) -> None:
        wait = state.next_action.sleep if state.next_action else 0.0
        self._usage.retries += 1
        problem = str(_failure(state)).partition(". Tried")[0]
        when = f"in {wait:g} s" if wait else "at once"
        self._say(f"{problem}; attempt {state.attempt_number + 1} follows {when}")


class ApiSession(requests.Session):
    """A session that reaches one API only, through the adapter."""

    def __init__(self, adapter: ApiAdapter) -> None:
        super().__init__()
        keep_queries_out_of_logs()
        self._adapter = adapter
        self.headers["User-Agent"] = "email_assets"
        self.mount("http://", adapter)
        self.mount("https://", adapter)
        # the adapter knows what the environment says; looking it up for every page takes its time
        self.trust_env = False

    def __deepcopy__(self, _: dict[int, Any]) -> ApiSession:
        """Itself: dlt copies its configuration, and a session is closed where it was opened."""
        return self

    def expect(self, coming: Iterable[Request], others: Iterable[Request]) -> None:
        """Ask for the pages that come next, and those of other lists, before they are wanted."""
        self._adapter.read_ahead.expect(coming, others, super().prepare_request)

    def prepare_request(self, request: Request) -> PreparedRequest:
        """What will be sent, or was already, if its page was asked for ahead."""
        ahead = self._adapter.read_ahead.prepared(request)
        return ahead or super().prepare_request(request)


def _failure(state: RetryCallState) -> ApiUnavailableError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, ApiUnavailableError)  # noqa: S101 (all that is retried)
    return error


def _limits(headers: Mapping[str, str], secrets: tuple[str, ...]) -> dict[str, str]:
    return {
        name: redact(value, secrets) for name, value in headers.items() if LIMITS.fullmatch(name)
    }
