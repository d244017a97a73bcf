"""Time limits for whole answers. A socket's own timeout starts anew with every byte."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse

SOCKET = "socket_of_body"
"""The attribute of a response that holds the socket from which its body comes."""


class Deadlines:
    """Cuts connections off whose answer takes too long; whoever reads then finds it cut short.

    One thread watches all connections, from the first limit on until `close`.

    Args:
        clock: The time in seconds, from wherever.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due: dict[socket.socket, float] = {}
        # held by itself: the condition's own ways to take and free it are functions of Python, and
        # where Ctrl-C comes as one of them begins, nobody frees it
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._wakes_at = float("inf")
        self._closed = False
        self._thread: threading.Thread | None = None

    @contextmanager
    def limit(self, sock: socket.socket | None, seconds: float | None) -> Iterator[None]:
        """Let nothing come over a socket once so many seconds are over, or after `close`."""
        if sock is None or seconds is None:
            yield
            return
        self._add(sock, self._clock() + seconds)
        try:
            yield
        finally:
            with self._lock:
                self._due.pop(sock, None)

    def close(self) -> None:
        """Cut off what is being read, and whatever may yet be."""
        with self._lock:
            self._closed = True
            self._changed.notify()
        if self._thread:
            self._thread.join()

    def _add(self, sock: socket.socket, due: float) -> None:
        with self._lock:
            if self._closed:
                _cut_off(sock)
                return
            self._due[sock] = due
            if self._thread is None:
                watcher = threading.Thread(target=self._watch, daemon=True)
                watcher.start()
                self._thread = watcher  # not before: one that Ctrl-C came before cannot be joined
            elif due < self._wakes_at:
                self._changed.notify()

    def _watch(self) -> None:
        with self._lock:
            while not self._closed:
                now = self._clock()
                for sock in [sock for sock, due in self._due.items() if due <= now]:
                    _cut_off(sock)
                    del self._due[sock]
                self._wakes_at = min(self._due.values(), default=float("inf"))
                self._changed.wait(self._wakes_at - now if self._due else None)
            for sock in self._due:
                _cut_off(sock)


def limited_pools(deadlines: Deadlines) -> dict[str, type[HTTPConnectionPool]]:
    """Connection pools, by scheme, whose time limit holds for the head of an answer as a whole."""

    def _with_socket(
        sock: socket.socket, seconds: float | None, respond: Callable[[], HTTPResponse]
    ) -> HTTPResponse:
        with deadlines.limit(sock, seconds):
            response = respond()
        # a connection that ends with its answer has let go of it by now
        setattr(response, SOCKET, sock)
        return response

    class Http(HTTPConnection):
        def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
            return _with_socket(self.sock, self.timeout, super().getresponse)

    class Https(HTTPSConnection):
        def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
            return _with_socket(self.sock, self.timeout, super().getresponse)

    class HttpPool(HTTPConnectionPool):
        ConnectionCls = Http

    class HttpsPool(HTTPSConnectionPool):
        ConnectionCls = Https

    return {"http": HttpPool, "https": HttpsPool}


def _cut_off(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
