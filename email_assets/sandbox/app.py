"""The routes: the API itself, and a door from which to control it while it runs."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from email_assets.sandbox.data import RESOURCES
from email_assets.sandbox.exchange import Exchange, Stage, encode
from email_assets.sandbox.faults import Fault, FaultBook, bend
from email_assets.sandbox.instants import TIME_FIELDS, instant
from email_assets.sandbox.ledger import Ledger, RequestRecord
from email_assets.sandbox.store import Store, check_resource
from email_assets.sandbox.wire import HungUpError, Sleep, Switchboard, deliver

DEFAULT_LIMIT = 100
MAX_LIMIT = 500


class TurnedAwayError(Exception):
    """A request that gets an error.

    Args:
        status: The status to answer with.
        sentence: What is wrong with the request; never repeats what was sent, lest it be the key.
    """

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class Api:
    """The email service's API, as an ASGI app.

    Args:
        store: The rows.
        faults: The troubles it is to have.
        ledger: Where requests are recorded.
        switchboard: The connections that requests come over.
        api_key: The one key that opens it.
        latency: Seconds that every answer takes.
        sleep: How to wait.
    """

    def __init__(
        self,
        store: Store,
        faults: FaultBook,
        ledger: Ledger,
        switchboard: Switchboard,
        *,
        api_key: str,
        latency: float,
        sleep: Sleep,
    ) -> None:
        self._store = store
        self._faults = faults
        self._ledger = ledger
        self._switchboard = switchboard
        self._api_key = api_key
        self._latency = latency
        self._sleep = sleep

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer one request."""
        with self._ledger.under_way() as at:
            exchange, asked = self._exchange(scope)
            self._ledger.write(self._record(scope, exchange, asked, at))
            with suppress(HungUpError):  # there is nobody left to answer
                line = self._switchboard.line(scope)
                await deliver(exchange, send, line, self._sleep)

    def _exchange(self, scope: Scope) -> tuple[Exchange, tuple[int, int] | None]:
        """The answer to a request, and the offset and limit that it asked for, if it may ask."""
        query = scope["query_string"].decode("latin-1")
        exchange = Exchange(scope["path"], query, 0, DEFAULT_LIMIT, latency=self._latency)
        try:
            resource = _resource(scope)
            if scope["method"] != "GET":
                raise TurnedAwayError(405, "Only GET is possible here.")
            parameters = QueryParams(scope["query_string"])
            check_key(parameters, self._api_key)
            exchange.offset = _whole(parameters, "offset", 0, at_least=0)
            exchange.limit = _whole(parameters, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
            if resource in TIME_FIELDS:
                exchange.since = _instant(parameters, "since")
                exchange.until = _instant(parameters, "until")
        except TurnedAwayError as error:
            exchange.answer(error.status, {"error": error.sentence})
            if error.status == 405:
                exchange.headers["allow"] = "GET"
            return exchange, None
        asked = exchange.offset, exchange.limit
        self._fill(exchange, resource)
        return exchange, asked

    def _fill(self, exchange: Exchange, resource: str) -> None:
        """Put the page asked for into an exchange, bent by the faults that strike."""
        faults = self._faults.strike(resource)
        bend(exchange, faults, Stage.QUESTION)
        exchange.rows, exchange.total = self._store.page(
            resource, exchange.offset, exchange.limit, exchange.since, exchange.until
        )
        bend(exchange, faults, Stage.ROWS)
        if exchange.moved_rows > 0:
            self._store.insert_head(resource, exchange.moved_rows)
        elif exchange.moved_rows < 0:
            self._store.delete_head(resource, -exchange.moved_rows)
        exchange.document = {"data": exchange.rows, "total": exchange.total}
        bend(exchange, faults, Stage.DOCUMENT)
        exchange.body = encode(exchange.document)
        for stage in (Stage.BODY, Stage.CODING, Stage.WIRE):
            bend(exchange, faults, stage)

    def _record(
        self, scope: Scope, exchange: Exchange, asked: tuple[int, int] | None, at: float
    ) -> RequestRecord:
        offset, limit = asked or (None, None)
        return RequestRecord(
            resource=scope["path_params"].get("resource", ""),
            offset=offset,
            limit=limit,
            status=None if exchange.refused else exchange.status,
            path=scope["path"],
            parameters=tuple(QueryParams(scope["query_string"])),
            headers=dict(Headers(scope=scope)),
            at=at,
            since=exchange.since,
            until=exchange.until,
        )


class Control:
    """The door from outside: statistics, faults and rows of a sandbox that runs."""

    def __init__(self, store: Store, faults: FaultBook, ledger: Ledger, api_key: str) -> None:
        self._store = store
        self._faults = faults
        self._ledger = ledger
        self._api_key = api_key

    async def stats(self, request: Request) -> JSONResponse:
        """How many requests there were per resource, and how many at once."""
        return self._answer(
            request,
            lambda: {
                "requests": {name: self._ledger.count(name) for name in RESOURCES},
                "most_in_flight": self._ledger.most_in_flight,
            },
        )

    async def faults(self, request: Request) -> JSONResponse:
        """Give a resource the faults in the body."""
        body = await request.body()

        def put() -> Any:
            documents = _json(body)
            if not isinstance(documents, list):
                raise ValueError("The body must be a list of faults.")
            faults = [Fault.from_json(document) for document in documents]
            self._faults.set(request.path_params["resource"], faults)
            return {"faults": len(faults)}

        return self._answer(request, put)

    async def rows(self, request: Request) -> JSONResponse:
        """Let rows arrive at the head, or vanish from it."""
        body = await request.body()

        def post() -> Any:
            document = _json(body)
            resource = request.path_params["resource"]
            if not isinstance(document, dict) or document.keys() not in (
                {"insert_head"},
                {"delete_head"},
            ):
                raise ValueError('The body must be {"insert_head": n} or {"delete_head": n}.')
            for action, count in document.items():
                getattr(self._store, action)(resource, count)
            return {"total": self._store.page(resource, 0, 0)[1]}

        return self._answer(request, post)

    def _answer(self, request: Request, act: Callable[[], Any]) -> JSONResponse:
        try:
            check_key(request.query_params, self._api_key)
            if "resource" in request.path_params:
                _known(request.path_params["resource"])
            return JSONResponse(act())
        except TurnedAwayError as error:
            return JSONResponse({"error": error.sentence}, error.status)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)


def build_app(api: Api, control: Control) -> Starlette:
    """The app that answers every path."""
    app = Starlette(
        routes=[
            Route("/v1/{resource}", api),
            Route("/sandbox/stats", control.stats, methods=["GET"]),
            Route("/sandbox/faults/{resource}", control.faults, methods=["PUT"]),
            Route("/sandbox/rows/{resource}", control.rows, methods=["POST"]),
            # Last: where a client went astray is recorded too.
            Route("/{elsewhere:path}", api),
        ],
    )
    app.router.redirect_slashes = False
    return app


def check_key(parameters: QueryParams, api_key: str) -> None:
    """Turn a request away that does not carry the key."""
    given = parameters.get("api_key", "")
    if not hmac.compare_digest(given.encode(errors="replace"), api_key.encode(errors="replace")):
        raise TurnedAwayError(401, "The api_key is missing or wrong.")


def _resource(scope: Scope) -> str:
    resource: str = scope["path_params"].get("resource", "")
    _known(resource)
    return resource


def _known(resource: str) -> None:
    try:
        check_resource(resource)
    except ValueError:
        known = ", ".join(f"/v1/{name}" for name in RESOURCES)
        raise TurnedAwayError(404, f"There is nothing here; the API has {known}.") from None


def _whole(
    parameters: QueryParams, name: str, default: int, at_least: int, at_most: int | None = None
) -> int:
    """A whole number from the query, or its default."""
    text = parameters.get(name)
    if text is None:
        return default
    # Eighteen digits fit into 64 bits.
    if text.isascii() and text.isdigit() and len(text) <= 18:
        number = int(text)
        if number >= at_least and (at_most is None or number <= at_most):
            return number
    until = "" if at_most is None else f" to {at_most}"
    raise TurnedAwayError(400, f"{name} must be a whole number from {at_least}{until}.")


def _instant(parameters: QueryParams, name: str) -> datetime | None:
    """An instant from the query, or None if it is not asked for."""
    text = parameters.get(name)
    if text is None:
        return None
    try:
        return instant(text)
    except ValueError:
        sentence = f"{name} must be an instant with an offset, such as 2026-01-31T09:30:00Z."
    raise TurnedAwayError(400, sentence)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        raise ValueError("The body is not JSON.") from None
