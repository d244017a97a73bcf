"""A time limit for a whole answer. A socket's own timeout starts anew with every byte."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse


@contextmanager
def cut_off_after(seconds: float | None, connection: object) -> Iterator[None]:
    """Let nothing more come over a connection's socket once the time is up.

    Whoever reads from it then finds the answer cut short.
    """
    sock = getattr(connection, "sock", None)
    if sock is None or seconds is None:
        yield
        return
    timer = threading.Timer(max(0.0, seconds), _cut_off, [sock])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def limit_headers(pools: PoolManager) -> None:
    """Let the connections' time limit hold for the head of an answer as a whole."""
    pools.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}


def _cut_off(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


class _Http(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
        with cut_off_after(self.timeout, self):
            return super().getresponse()


class _Https(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
        with cut_off_after(self.timeout, self):
            return super().getresponse()


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https
