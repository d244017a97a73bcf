"""Ports for programs that have to be told theirs before they start."""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress

OUT_OF_THE_WAY = range(15_000, 30_000)
"""Ports that no system gives to whoever connects, or asks for any: in the seconds until a program
listens, the servers of other tests do so by the dozen."""


def free_port() -> int:
    """A port of this machine at which nobody listens, and which nobody gets by chance."""
    while True:
        port = secrets.choice(OUT_OF_THE_WAY)
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port
