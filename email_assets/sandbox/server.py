"""The sandbox as an object: a real server in a thread of this process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any

from email_assets.clock import now
from email_assets.sandbox.app import Api, build_app
from email_assets.sandbox.control import Control
from email_assets.sandbox.data import Data
from email_assets.sandbox.faults import Fault, FaultBook
from email_assets.sandbox.ledger import Ledger, RequestRecord
from email_assets.sandbox.serving import SandboxError, Server, listen
from email_assets.sandbox.store import Store, check_resource
from email_assets.sandbox.wire import Sleep, Switchboard


class Sandbox:
    """A local email service, reached over real HTTP.

    Use it as a context manager, or call `start` and `stop`. Several can run in one process.

    Args:
        messages: How many messages there are at the start, spread over the 30 days before it;
            every eleventh or so bounces.
        seed: Which rows there are; the same seed gives the same rows.
        api_key: The one key that opens it.
        rate: How many messages arrive in a minute as time passes.
        host: The address to listen on.
        port: The port to listen on; 0 takes a free one.
        latency: Seconds that every answer takes.
        clock: The time now, with a time zone; tests inject theirs.
        sleep: How latency and dripping wait, given seconds; tests inject theirs.

    Raises:
        ValueError: A number is negative, or the clock tells no time zone.
    """

    def __init__(
        self,
        *,
        messages: int = 250,
        seed: int = 1,
        api_key: str = "sandbox",
        rate: float = 0.0,
        host: str = "127.0.0.1",
        port: int = 0,
        latency: float = 0.0,
        clock: Callable[[], datetime] = now,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        if latency < 0:
            raise ValueError("latency must not be negative.")
        self.api_key = api_key
        self._host = host
        self._port = port
        self._store = Store(Data(seed), messages=messages, rate=rate, clock=clock)
        self._faults = FaultBook()
        self._ledger = Ledger()
        self._switchboard = Switchboard()
        api = Api(
            self._store,
            self._faults,
            self._ledger,
            self._switchboard,
            api_key=api_key,
            latency=latency,
            sleep=sleep,
        )
        self._app = build_app(api, Control(self._store, self._faults, self._ledger, api_key))
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen; once this returns, requests are answered. After a `stop`, on the same port.

        Raises:
            SandboxError: The port is taken or the address is not this computer's.
        """
        if self._thread is not None:
            raise SandboxError("The sandbox is running already.")
        listener = listen(self._host, self._port)
        self._port = listener.getsockname()[1]
        self._server = Server(self._app, self._switchboard)
        self._thread = threading.Thread(
            target=self._server.run_on, args=(listener,), name="email-sandbox", daemon=True
        )
        self._thread.start()
        self._server.ready.wait()
        if not self._server.started:
            self._thread = self._server = None
            raise SandboxError("The sandbox's server failed to start; see the error above.")

    def stop(self) -> None:
        """End at once, with every connection that is open; again has no effect."""
        if self._thread is not None and self._server is not None:
            self._server.leave()
            self._thread.join()
        self._thread = self._server = None

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """Its address, without a slash at the end: `http://127.0.0.1:8025`."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    def rows(self, resource: str) -> list[Any]:
        """Every row of a resource, in the order in which the API lists them now."""
        check_resource(resource)
        return self._store.page(resource, 0, None)[0]

    def replace(self, resource: str, rows: Sequence[Any] | None) -> None:
        """Serve exactly these rows, whatever JSON they are; `None` brings back the generated ones.

        `deliverystats` go on counting the generated bounces.
        """
        self._store.replace(resource, rows)

    def insert_head(self, resource: str, count: int) -> None:
        """Let new rows arrive at the head now."""
        self._store.insert_head(resource, count)

    def delete_head(self, resource: str, count: int) -> None:
        """Let the newest rows vanish now; rows of other resources that name them stay."""
        self._store.delete_head(resource, count)

    def change(self, resource: str, position: int, **values: Any) -> None:
        """Let the row at a position of the list, from 0 on, have these values from now on."""
        self._store.change(resource, position, values)

    def set_faults(self, resource: str, *faults: Fault) -> None:
        """Give a resource these faults instead of those it had.

        They strike valid requests only; one that is answered 400 or 401 uses none up.
        """
        self._faults.set(resource, faults)

    def clear_faults(self) -> None:
        """Take all faults from all resources."""
        self._faults.clear()

    @property
    def requests(self) -> list[RequestRecord]:
        """The requests that came, oldest first, without those to `/sandbox`; the latest 100,000."""
        return self._ledger.records

    def request_count(self, resource: str) -> int:
        """The number of requests for a resource, whatever the answer was."""
        return self._ledger.count(resource)

    @property
    def most_in_flight(self) -> int:
        """The highest number of requests that were under way at once."""
        return self._ledger.most_in_flight

    def reset_counts(self) -> None:
        """Forget the requests so far and count afresh."""
        self._ledger.reset()
