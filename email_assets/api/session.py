"""An ordinary session to whoever uses it: its requests, answers and errors never held the key."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from copy import deepcopy
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import requests
from requests import PreparedRequest, Request
from requests.hooks import default_hooks

from email_assets.api.adapter import ApiAdapter
from email_assets.api.answer import Answer
from email_assets.api.owner import OWNER_HEADER
from email_assets.errors import ApiError, ApiUnavailableError
from email_assets.logs import keep_queries_out_of_logs


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
        self._alike: tuple[Any, ...] = ()
        """Method, address and headers of the last request without a body."""
        self._prepared = PreparedRequest()

    def __deepcopy__(self, _: dict[int, Any]) -> ApiSession:
        """Itself: dlt copies its configuration, and a session is closed where it was opened."""
        return self

    def expect(self, coming: Iterable[Request], others: Iterable[Request]) -> None:
        """Ask for the pages that come next, and those of other lists, before they are wanted."""
        self._adapter.read_ahead.expect(coming, others, self._prepare)

    def forget(self, owners: Collection[str]) -> None:
        """Forget what was asked for ahead of owners whose lists are read no further."""
        self._adapter.read_ahead.forget(owners)

    def prepare_request(self, request: Request) -> PreparedRequest:
        """The request that will be sent, or was already, if its page was asked for ahead."""
        ahead = self._adapter.read_ahead.prepared(request)
        return ahead or self._prepare(request)

    def merge_environment_settings(self, *_: Any, **__: Any) -> Any:
        """Nothing: the adapter knows what holds for all requests."""
        return {}

    def send(self, request: PreparedRequest, **options: Any) -> Answer:
        """The answer to a request, after what the vendor's file wants to be done with it.

        The refusal of an owner stays in the answer, for the reader to leave that owner out, and so
        does the error of one whose list no attempt brings.

        Raises:
            ApiError: As the adapter does, or the answer is a refusal, or no JSON after all.
        """
        owner = request.headers.get(OWNER_HEADER)
        try:
            # not by way of requests' own session, which looks for redirects and cookies
            answer = self._adapter.send(request, **options)
        except ApiUnavailableError as error:
            if owner is None or not error.reason:
                raise
            answer = Answer(request, HTTPStatus.SERVICE_UNAVAILABLE, {}, b"", error)
        else:
            self._adapter.actions.apply(answer)
        if answer.refusal and owner is None:
            raise answer.refusal
        try:
            answer.json()
        except ValueError:
            problem = ApiError(
                f"{self._adapter.resource}: the API answered with a body that is no JSON, also "
                "after the response_actions of the vendor's file."
            )
        else:
            return answer
        raise problem

    def _prepare(self, request: Request) -> PreparedRequest:
        """A request as it will be sent; of the next page of a list, only the URL is made anew."""
        alike = request.method, request.url, request.headers
        more = request.data, request.files, request.auth, request.cookies
        parameters = request.params or {}
        # of which requests makes the same query, with more ado
        is_plain = request.json is None and not any(more) and _are_plain(parameters)
        if is_plain and alike == self._alike:
            prepared = self._prepared.copy()
            prepared.url = f"{prepared.url}?{urlencode(parameters)}" if parameters else prepared.url
            return prepared
        prepared = self._prepared_by_requests(request)
        # dlt's, which raise for a refusal and would tell the whole URL
        prepared.hooks = default_hooks()
        if is_plain and not {"?", "#"} & set(request.url or ""):
            self._alike, self._prepared = deepcopy(alike), prepared.copy()
            self._prepared.prepare_url(request.url, None)
        return prepared

    def _prepared_by_requests(self, request: Request) -> PreparedRequest:
        with suppress(ValueError):  # which all are that say what is wrong with an address
            return super().prepare_request(request)
        raise ApiError(
            f"{self._adapter.resource}: what is to be asked for has no proper address. Correct "
            "base_url of [sources.email], or the path or paginator in the vendor's file."
        )


def _are_plain(parameters: Any) -> bool:
    return isinstance(parameters, dict) and {*map(type, parameters.values())} <= {str, int}
