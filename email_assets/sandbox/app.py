"""The API of the email service, and the app that serves it beside the door for control."""

from __future__ import annotations

from contextlib import suppress

from starlette.applications import Starlette
from starlette.datastructures import Headers, QueryParams
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from email_assets.sandbox.control import Control
from email_assets.sandbox.exchange import Exchange, Stage, encode
from email_assets.sandbox.faults import FaultBook, bend
from email_assets.sandbox.instants import TIME_FIELDS
from email_assets.sandbox.ledger import Ledger, RequestRecord
from email_assets.sandbox.questions import (
    TurnedAwayError,
    check_key,
    instant_of,
    resource_of,
    whole,
)
from email_assets.sandbox.store import Store
from email_assets.sandbox.wire import HungUpError, Sleep, Switchboard, deliver

DEFAULT_LIMIT = 100
MAX_LIMIT = 500


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
            resource = resource_of(scope)
            if scope["method"] != "GET":
                raise TurnedAwayError(405, "Only GET is possible here.")
            parameters = QueryParams(scope["query_string"])
            check_key(parameters, self._api_key)
            exchange.offset = whole(parameters, "offset", 0, at_least=0)
            exchange.limit = whole(parameters, "limit", DEFAULT_LIMIT, 1, MAX_LIMIT)
            if resource in TIME_FIELDS:
                exchange.since = instant_of(parameters, "since")
                exchange.until = instant_of(parameters, "until")
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
