"""Listings that are closed afterwards, pages asked for one by one, and servers that speak raw."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import Any, Protocol

import pytest
from dlt.extract.exceptions import ResourceExtractionError
from dlt.sources.helpers.rest_client.client import RESTClient
from requests import Session

from email_assets.account import configured_account
from email_assets.errors import EmailAssetsError
from email_assets.sandbox import Sandbox
from email_assets.sync.api_access import Sleep
from email_assets.sync.listing import Listing, open_listing
from email_assets_tests.api.pending import PendingServer, Rows
from email_assets_tests.conftest import KEY

ENOUGH = 30_000
"""More rows than any list here has: reading that many means reading without end."""

REPLY = b'{"data":[],"total":0}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n" % len(REPLY)
"""The start of a raw answer whose body is `REPLY`; further headers and a blank line follow."""


class OpenListing(Protocol):
    def __call__(self, name: str = "bounces", *, sleep: Sleep | None = None) -> Listing: ...


@pytest.fixture
def said() -> list[str]:
    """The sentences that somebody who watches was told, in order."""
    return []


@pytest.fixture
def listing_of(waits: list[float], said: list[str]) -> Iterator[OpenListing]:
    """Opens the listing of a resource; its session is closed after the test."""
    with ExitStack() as after:

        def opened(name: str = "bounces", *, sleep: Sleep | None = None) -> Listing:
            listing = open_listing(
                configured_account(), name, say=said.append, sleep=sleep or waits.append
            )
            after.enter_context(listing.session)
            return listing

        yield opened


class Serve(Protocol):
    def __call__(self, rows: Sequence[dict[str, Any]] = ()) -> PendingServer: ...


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Makes a server that counts what it has at once the API."""
    with ExitStack() as after:

        def serving(rows: Sequence[dict[str, Any]] = ()) -> PendingServer:
            server: PendingServer = after.enter_context(PendingServer(list(rows)))
            monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", server.base_url)
            monkeypatch.setenv("API_KEY", KEY)
            return server

        yield serving


def ask(session: Session, path: str = "/v1/bounces") -> Any:
    """The document of one answer, asked for as dlt asks."""
    return session.get(f"{configured_account().base_url}{path}").json()


def read(listing: Listing) -> Rows:
    """All rows of a listing, read to its end as dlt does; errors come out as they were raised."""
    try:
        rows = list(islice(listing.source, ENOUGH))
    except ResourceExtractionError as error:
        if isinstance(error.__cause__, EmailAssetsError):
            raise error.__cause__ from None
        raise
    assert len(rows) < ENOUGH, "the list does not end"
    return rows


def pages(listing: Listing) -> Iterator[Rows]:
    """The pages of a listing, each given out when it is asked for."""
    client = RESTClient(configured_account().base_url, session=listing.session)
    name = listing.resource.name
    yield from client.paginate(f"/v1/{name}", data_selector="data", paginator=listing.paginator)


def ids(rows: Rows) -> list[Any]:
    return [row["id"] for row in rows]


def offsets(sandbox: Sandbox) -> list[int | None]:
    """The offsets that were asked for, in order."""
    return [request.offset for request in sandbox.requests]


class RawServer:
    """Gives the same bytes to everyone who connects, and notes what they asked."""

    def __init__(self, reply: bytes) -> None:
        self._reply = reply
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.asked: list[bytes] = []

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> RawServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        # wakes the thread that waits for a connection, which closing alone does not
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                self.asked.append(connection.recv(65536))
                connection.sendall(self._reply)


Speak = Callable[[bytes], RawServer]


@pytest.fixture
def speak(monkeypatch: pytest.MonkeyPatch, api: Sandbox) -> Iterator[Speak]:
    """Makes a server that gives these bytes the API, instead of the sandbox."""
    with ExitStack() as after:

        def speaking(reply: bytes) -> RawServer:
            server = after.enter_context(RawServer(reply))
            monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", server.base_url)
            return server

        yield speaking
