"""Sends an answer over the wire: at once, late, byte by byte, in part, or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.types import Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from email_assets.sandbox.exchange import Exchange

Sleep = Callable[[float], Awaitable[None]]


class HungUpError(Exception):
    """The connection has ended; there is nobody left to answer."""


class Line:
    """A client's connection.

    ASGI cannot end a connection or tell an app that waits about its end; this can.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._ended = asyncio.Event()

    async def wait(self, sleep: Sleep, seconds: float) -> None:
        """Wait, but not beyond the connection's end.

        Raises:
            HungUpError: The connection ended before the time was over.
        """
        waits = [asyncio.ensure_future(sleep(seconds)), asyncio.ensure_future(self._ended.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if self._ended.is_set():
            raise HungUpError

    async def hang_up(self) -> None:
        """End the connection once what was sent so far is through."""
        self._transport.close()
        await self._ended.wait()

    def abort(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    def ended(self) -> None:
        """Wake everyone who waits on this connection."""
        self._ended.set()


class Switchboard:
    """All connections that are open, found by the client's address."""

    def __init__(self) -> None:
        self._lines: dict[tuple[Any, ...], Line] = {}

    def line(self, scope: Scope) -> Line:
        """The connection that a request came over.

        Raises:
            HungUpError: It has ended already.
        """
        try:
            return self._lines[tuple(scope["client"])]
        except KeyError:
            raise HungUpError from None

    def abort_all(self) -> None:
        """End every connection at once."""
        for line in list(self._lines.values()):
            line.abort()

    def protocol(self) -> type[asyncio.Protocol]:
        """Uvicorn's HTTP protocol, which also reports its connections here."""
        lines = self._lines

        class ReportingProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
            def connection_made(self, transport: asyncio.Transport) -> None:
                self._peer = _peer(transport)
                lines[self._peer] = Line(transport)
                super().connection_made(transport)

            def connection_lost(self, exc: Exception | None) -> None:
                # Uvicorn first: an app that wakes up must find its connection closed.
                super().connection_lost(exc)
                lines.pop(self._peer).ended()

        return ReportingProtocol


async def deliver(exchange: Exchange, send: Send, line: Line, sleep: Sleep) -> None:
    """Send an answer the way its faults want it.

    Raises:
        HungUpError: The client left, or the sandbox stopped, before the answer was through.
    """
    if exchange.latency:
        await line.wait(sleep, exchange.latency)
    if exchange.refused:
        await line.hang_up()
        return
    await _send_head(exchange, send)
    if exchange.cut:
        await _send_part(send, exchange.body[: len(exchange.body) // 2])
        await line.hang_up()
    elif exchange.drip is None:
        await send({"type": "http.response.body", "body": exchange.body})
    else:
        await _drip(exchange, send, line, sleep, exchange.drip)


async def _send_head(exchange: Exchange, send: Send) -> None:
    if exchange.status in (204, 304):  # these have no body
        exchange.body = b""
    headers = dict(exchange.headers)
    if not exchange.endless and exchange.status not in (204, 304):
        headers["content-length"] = str(len(exchange.body))
    raw = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": exchange.status, "headers": raw})


async def _send_part(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def _drip(exchange: Exchange, send: Send, line: Line, sleep: Sleep, seconds: float) -> None:
    for position in range(len(exchange.body)):
        if position:
            await line.wait(sleep, seconds)
        await _send_part(send, exchange.body[position : position + 1])
    while exchange.endless:
        await line.wait(sleep, seconds)
        await _send_part(send, b" ")
    await send({"type": "http.response.body", "body": b""})


def _peer(transport: asyncio.Transport) -> tuple[Any, ...]:
    # As uvicorn names the client to the app: an IPv6 address has two parts more.
    return tuple(transport.get_extra_info("peername")[:2])
