"""The sandbox in a process of its own, so that its work is not counted as the client's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

PROJECT = Path(__file__).resolve().parent.parent
KEY = "benchmark"
PAGE = 500
"""Rows that the sandbox gives at most; whoever checks what came need not be measured as well."""


@dataclass(frozen=True)
class LocalApi:
    """An email API that listens on this machine."""

    address: str

    def total(self, resource: str) -> int:
        """The number of rows of a resource."""
        return int(self._page(resource, 0, 1)["total"])

    def rows(self, resource: str) -> Iterator[list[dict[str, Any]]]:
        """All rows of a resource, in pages."""
        with ThreadPoolExecutor(16) as pool:
            offsets = range(0, self.total(resource), PAGE)
            pages = pool.map(lambda offset: self._page(resource, offset, PAGE), offsets)
            yield from (page["data"] for page in pages)

    def insert(self, messages: int) -> None:
        """Let so many new messages arrive at the head; some of them bounce."""
        requests.post(
            f"{self.address}/sandbox/rows/messages",
            params={"api_key": KEY},
            json={"insert_head": messages},
            timeout=60,
        ).raise_for_status()

    def request_count(self) -> int:
        """The number of requests so far, for any resource."""
        stats = requests.get(
            f"{self.address}/sandbox/stats", params={"api_key": KEY}, timeout=60
        ).json()
        return sum(stats["requests"].values())

    def _page(self, resource: str, offset: int, limit: int) -> dict[str, Any]:
        parameters: dict[str, str | int] = {"api_key": KEY, "offset": offset, "limit": limit}
        response = requests.get(f"{self.address}/v1/{resource}", params=parameters, timeout=60)
        response.raise_for_status()
        page: dict[str, Any] = response.json()
        return page


@contextmanager
def sandbox(messages: int, latency: float = 0.0) -> Iterator[LocalApi]:
    """A local email API with so many messages, each answer taking so many seconds."""
    program = (
        "import sys; from email_assets.sandbox import Sandbox\n"
        f"with Sandbox(messages={messages}, api_key={KEY!r}, latency={latency}) as s:\n"
        "    print(s.base_url, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout  # noqa: S101
        yield LocalApi(process.stdout.readline().strip())
        process.communicate()
