"""The one boundary that the key crosses: an HTTP adapter under an otherwise ordinary session."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from itertools import chain, repeat
from typing import Any

import requests
import urllib3
from requests import PreparedRequest

from email_assets.api.answer import Answer
from email_assets.api.body import TooLargeError, read_body
from email_assets.api.connections import Connections
from email_assets.api.faults import describe_fault, origin_of, seconds_asked_for, within_time
from email_assets.api.key import Key
from email_assets.api.limits import Limits
from email_assets.api.owner import OWNER_HEADER
from email_assets.api.read_ahead import ReadAhead
from email_assets.api.refusals import (
    EMPTY_MEANS_NOTHING,
    NO_CONTENT,
    named,
    no_content,
    refusal,
    too_large,
)
from email_assets.api.response_actions import Actions
from email_assets.api.retries import RETRIED_STATUSES, Retries
from email_assets.api.usage import Usage
from email_assets.errors import ApiError, ApiUnavailableError, RefusedError
from email_assets.redaction import without_secrets

WORTH_SAYING = 5
"""Seconds of waiting that whoever watches is told of."""
NO_JSON = "a body that is no JSON, or a part of it"


class ApiAdapter(Connections):
    """Sends requests to one origin, with the key, limits of time and size, and retries.

    Some answers, connection errors, timeouts and bodies that are no JSON are retried, as
    `email_assets.api.retries` says. While it waits and tries again, nothing else is in flight.

    Args:
        resource: The resource's name, for sentences.
        base_url: Requests to any other origin are refused.
        key: Called for every request, so that a renewed key is used at once, with the owner that
            the request names. It may raise `KeyRefusedError`.
        limits: Time, attempts, pages in flight and size.
        usage: Counters to add to.
        say: Told one sentence before each retry.
        sleep: Waits so many seconds between attempts.
        actions: What the vendor's file wants to be done with some answers.

    Attributes:
        read_ahead: The pages that were asked for before they are wanted.
        resource: The resource's name.
        actions: What the vendor's file wants to be done with some answers.
    """

    def __init__(
        self,
        resource: str,
        base_url: str,
        key: Callable[[str | None], Key],
        limits: Limits,
        usage: Usage,
        say: Callable[[str], None],
        sleep: Callable[[float], None],
        actions: Actions,
    ) -> None:
        super().__init__(base_url, limits)
        self.resource, self.actions = resource, actions
        asked = PreparedRequest()
        asked.prepare_url(base_url, None)  # of bücher.example, requests are sent to xn--bcher-kva
        self._origin = origin_of(asked.url or "")
        self._scheme = f"{self._origin.partition(':')[0]}:"
        self._key = key
        self._allowance = limits.allowance
        self._time_limit, self._most_bytes = limits.runtime.request_timeout, limits.bytes
        self._usage = usage
        self._say = say
        self._sleep = sleep
        self._attempts = limits.runtime.request_max_attempts
        self._is_brief = limits.is_brief
        self.read_ahead = ReadAhead(self._attempt, limits.pages)
        self._retries = Retries(
            limits.runtime, usage, say=say, settle=self.read_ahead.settle, sleep=sleep
        )

    def send(self, request: PreparedRequest, *_: Any, **__: Any) -> Answer:
        """The answer to a request, retried where that may help.

        The first attempt of a page that was asked for ahead is the one that was made then. A
        refusal comes as an answer that holds it, where an owner is refused, who can be left out, or
        where the vendor's file may know what to do with it.

        Raises:
            RefusedError: There is no key, or the API refused the request.
            ApiUnavailableError: No attempt brought a usable answer.
            ApiError: The API's answer leads to another host, or is too large.
        """
        ahead = self.read_ahead.take(request)
        attempts: Iterator[Callable[[], Answer]] = chain(
            [ahead] if ahead else [], repeat(partial(self._attempt, request))
        )
        answer = self._retries.of(lambda: next(attempts)())
        self.read_ahead.note_size(answer.size)
        return answer

    def close(self) -> None:
        """Cut off what is in flight, and leave no thread or connection behind."""
        self.deadlines.close()
        self.read_ahead.close()
        super().close()

    def _attempt(self, request: PreparedRequest) -> Answer:
        # an API behind a proxy may not know that it is asked over TLS, as it is all the same
        url = re.sub(r"^http:", self._scheme, request.url or "")
        if origin_of(url) != self._origin:
            raise ApiError(
                f"{self.resource}: the API's answer leads to {origin_of(request.url or '')}, "
                f"which is not {self._origin}. The key is not sent there. Correct base_url of "
                "[sources.email] if the API has moved."
            )
        keyed: PreparedRequest = request.copy()
        keyed.url = url
        owner = keyed.headers.pop(OWNER_HEADER, None)
        key = self._key(owner)
        keyed = key.sign(keyed, self.resource)
        self._wait_for_turn(request.url or "", key.secrets)
        response, body = self._exchange(keyed, key)
        status = response.status
        body = body if key.in_answers else without_secrets(body, key.secrets)
        is_named = self.actions.name(status, body)
        refused = None
        if status in RETRIED_STATUSES and not is_named:
            asked = seconds_asked_for(status, response.headers)
            # that the API allows no more requests is no matter of one owner
            reason = "" if status == HTTPStatus.TOO_MANY_REQUESTS else named(status)
            raise self._unavailable(f"answered {named(status)}", reason, asked)
        if not 200 <= status < 300:
            url, headers = request.url or "", response.headers
            refused = refusal(self.resource, status, url, headers, body, key)
            if owner is None and not self.actions:
                raise refused
        try:
            return self._answer(request, response, body, refused, is_named)
        except (ValueError, RecursionError):
            pass
        # outside of the except block: a chained exception would carry the body
        if status in NO_CONTENT:
            raise no_content(self.resource, status)
        if not body.strip():
            raise self._unavailable(
                "answered with an empty body", "an empty body", remedy=EMPTY_MEANS_NOTHING
            )
        raise self._unavailable(f"answered with {NO_JSON}", NO_JSON)

    def _wait_for_turn(self, url: str, secrets: tuple[str, ...]) -> None:
        """Wait until the API allows one more request; whoever asks briefly does not wait long."""
        limiter = self._allowance.limiter(url, secrets)
        if limiter is None:
            return
        if self._is_brief and limiter.seconds_to_wait() > self._time_limit:
            raise self._unavailable("allows no more requests for now")
        seconds = limiter.reserve()
        if seconds > 0:
            if seconds >= WORTH_SAYING:
                self._say(f"{self.resource}: the API allows no more requests for {seconds:.0f} s")
            self._usage.count_wait(seconds)
            self._sleep(seconds)

    def _exchange(self, keyed: PreparedRequest, key: Key) -> tuple[urllib3.BaseHTTPResponse, bytes]:
        """Send a request once, and read its answer to the end."""
        self._usage.count_request()
        started = time.monotonic()
        deadline = started + self._time_limit
        problem, is_large, body = None, False, b""
        try:
            response = self.head_of(keyed)
            try:
                self._usage.note_head(response.status, response.headers, key.secrets)
                body = read_body(response, self.deadlines, deadline, self._most_bytes)
            finally:
                self._usage.count_bytes(came=response.tell(), unpacked=len(body))
                # closes the connection unless all was read, and makes room for another one
                response.close()
                response.release_conn()
            self._usage.seconds_to_answer = time.monotonic() - started
        except TooLargeError:
            is_large = True
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as fault:
            problem = describe_fault(fault, self._time_limit)
        # outside of the except blocks: a chained exception would carry the URL with the key
        if is_large:
            raise too_large(self.resource, self._most_bytes)
        problem, late = within_time(problem, self._time_limit, late=time.monotonic() >= deadline)
        if problem:
            raise self._unavailable(problem, late, timed_out=bool(late))
        return response, body

    def _answer(
        self,
        request: PreparedRequest,
        response: urllib3.BaseHTTPResponse,
        body: bytes,
        refused: RefusedError | None,
        is_named: bool,
    ) -> Answer:
        """The answer as the reader gets it.

        Raises:
            ValueError: The body is no JSON, and no action of the vendor's file may want it.
        """
        status, headers = response.status, dict(response.headers)
        keep, is_odd = bool(self.actions), is_named or self.actions.may_mend or refused is not None
        answer = Answer(request, status, headers, body, refused, keep=keep, is_odd=is_odd)
        if answer.replaced:
            if not self._usage.bytes_replaced:
                self._say(
                    f"{self.resource}: the API gave bytes that mean nothing in their encoding; "
                    "each is loaded as \ufffd"
                )
            self._usage.count_bytes(replaced=answer.replaced)
        return answer

    def _unavailable(
        self,
        problem: str,
        reason: str = "",
        retry_after: float | None = None,
        remedy: str = "",
        timed_out: bool = False,
    ) -> ApiUnavailableError:
        return ApiUnavailableError(
            f"{self.resource}: {self._origin} {problem}. Tried {self._attempts} "
            f"time{'s' if self._attempts > 1 else ''}; what was loaded before is untouched."
            f"{remedy}",
            reason,
            retry_after,
            self._usage.seconds_throttled,
            timed_out=timed_out,
        )
