"""The web server under the sandbox."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from typing import Any

import uvicorn

from email_assets.sandbox.wire import Switchboard


class SandboxError(RuntimeError):
    """The sandbox cannot start; the message says why and what to do."""


class Server(uvicorn.Server):
    """Uvicorn, except that it starts, notices the end and ends without waiting for its ticks."""

    def __init__(self, app: Any, switchboard: Switchboard) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=switchboard.protocol(),
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=75,
            )
        )
        self.ready = threading.Event()
        self._switchboard = switchboard

    def run_on(self, listener: socket.socket) -> None:
        """Serve until `leave` is called."""
        try:
            asyncio.run(self.serve(sockets=[listener]))
        finally:
            self.ready.set()  # even if it failed: nobody must wait for ever

    def leave(self) -> None:
        """Ask the server to end, from any thread."""
        self._loop.call_soon_threadsafe(self._left.set)

    async def main_loop(self) -> None:
        """Serve until asked to leave."""
        self._loop, self._left = asyncio.get_running_loop(), asyncio.Event()
        self.ready.set()
        await self._left.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the door, then every connection, then see the answers under way end."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        self._switchboard.abort_all()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=5)
        await asyncio.sleep(0)  # connections are closed in the loop's next round


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on a host's port; 0 takes a free one.

    Raises:
        SandboxError: The port is taken or the address is not this computer's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Naming TCP matters: asyncio sends small pieces at once only on sockets that say it.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # lets a sandbox start anew on the port it just left
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        raise SandboxError(
            f"The sandbox cannot listen on {host}, port {port}: {error}. "
            "If another one runs there, stop it, or choose another port."
        ) from error
    return listener
