"""A vendor-shaped API over real HTTP, in threads of the test's own process."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: Message[str, str]
    """Names are looked up in any case."""
    body: Any
    """The JSON of the body, or None."""


@dataclass(frozen=True)
class Answer:
    """An answer to give: JSON, unless the body is bytes already."""

    status: int
    body: Any
    headers: Mapping[str, str] | None = None


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    """With five, of more that connect at once some wait for seconds."""


class VendorServer:
    """Listens on a free port while its `with` block lasts; a subclass says what to `answer`."""

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        """The requests that came, in order."""
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16  # an answer leaves in one piece, without waiting for the client

            def handle_any(self) -> None:
                url = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                query = dict(parse_qsl(url.query, keep_blank_values=True))
                content = json.loads(body) if body else None
                asked = Asked(self.command, url.path, query, self.headers, content)
                server.requests.append(asked)
                self.reply(server.answer(asked))

            do_GET = do_POST = handle_any  # noqa: N815 (http.server looks for these names)

            def reply(self, found: Answer) -> None:
                body = found.body
                content = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(found.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                for name, value in (found.headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
                """Stay quiet."""

        self._http = _Server(("127.0.0.1", 0), Handler)

    def answer(self, asked: Asked) -> Answer:
        raise NotImplementedError

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    def count(self, path: str) -> int:
        """The number of requests for a path."""
        return sum(asked.path == path for asked in self.requests)

    def __enter__(self) -> Any:
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
