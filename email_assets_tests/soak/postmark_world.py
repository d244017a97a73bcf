"""An account at Postmark for a soak: what comes, what changes there, and what fails."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import duckdb

from email_assets.clock import now
from email_assets_tests.soak.world import DAYS_A_MINUTE, MESSAGES_A_MINUTE, SHORT_WAITS
from email_assets_tests.vendors.postmark_rows import Server
from email_assets_tests.vendors.postmark_server import ACCOUNT_TOKEN, PostmarkServer
from email_assets_tests.vendors.serving import Answer, Asked

MESSAGES_AT_THE_START = 250
YOUNG = 100
"""The newest messages and bounces of a server, which may change: syncs look back over them."""
FAULTS = (
    Answer(503, b"", {"Retry-After": "1"}),
    Answer(500, b"<html>"),
    Answer(429, {"ErrorCode": 429, "Message": "Slow down."}, {"Retry-After": "1"}),
    Answer(200, b'{"TotalCount": 3, "Mess'),
)
COMPARED = {
    "messages": (("MessageID",), ("message_id",), "Status", "status"),
    "bounces": (("ServerID", "ID"), ("server_id", "id"), "Inactive", "inactive"),
    "servers": (("ID",), ("id",), "Color", "color"),
    "domains": (("ID",), ("id",), "SPFVerified", "spf_verified"),
}
"""Of each resource the fields of its key and one that changes, and their columns."""


class _Failing(PostmarkServer):
    """Fails as often as it is told, whatever is asked for."""

    def __init__(self) -> None:
        super().__init__(servers=2)
        self.failures: list[Answer] = []

    def answer(self, asked: Asked) -> Answer:
        if self.failures:
            return self.failures.pop()
        return super().answer(asked)


class PostmarkWorld:
    """Two servers of one account, whose clock ends at the present.

    Args:
        minutes: How long it is to go on.
        random: What decides.
    """

    def __init__(self, minutes: float, random: Random) -> None:
        self._random = random
        self._began: float | None = None
        self._days = minutes * DAYS_A_MINUTE
        self._start = self.now = now() - timedelta(days=self._days)
        self._api = _Failing()
        self.faults = self.moves = 0
        for number in range(MESSAGES_AT_THE_START):
            self._send(self._start - timedelta(minutes=MESSAGES_AT_THE_START - number))

    @property
    def accounts(self) -> Sequence[str]:
        """None: it is that of `[sources.email]`."""
        return ()

    @property
    def day(self) -> float:
        """Simulated days since the beginning."""
        return (self.now - self._start) / timedelta(days=1)

    @property
    def rows(self) -> int:
        """The rows that the API lists."""
        return sum(len(self._listed(name)) for name in COMPARED)

    @contextmanager
    def served(self) -> Iterator[None]:
        """Serve the API."""
        with self._api:
            yield

    def settings(self) -> dict[str, str]:
        """The environment in which the platform reads all servers of this account."""
        return {
            "SOURCES__EMAIL__VENDOR": "postmark",
            "SOURCES__EMAIL__BASE_URL": self._api.base_url,
            "SOURCES__EMAIL__POSTMARK__ACCOUNT_TOKEN": ACCOUNT_TOKEN,
            **SHORT_WAITS,
        }

    def go_on(self) -> None:
        """Let the time since the first call pass, and something happen."""
        self._began = self._began or time.monotonic()
        days = min(self._days, (time.monotonic() - self._began) / 60 * DAYS_A_MINUTE)
        before, self.now = self.now, self._start + timedelta(days=days)
        minutes = (self.now - before) / timedelta(minutes=1)
        for _ in range(round(minutes * MESSAGES_A_MINUTE)):
            self._send(self.now - timedelta(minutes=self._random.uniform(0, minutes)))
        server, what = self._random.choice(self._api.servers), self._random.random()
        self.moves += what < 0.6
        if what < 0.2:
            server.bounce(self.now)
        elif what < 0.4 and server.messages:
            self._random.choice(server.messages[-YOUNG:])["Status"] = "Processed"
        elif what < 0.5 and server.bounces:
            self._random.choice(server.bounces[-YOUNG:])["Inactive"] = False
        elif what < 0.6:
            self._random.choice(self._api.domains)["SPFVerified"] = self._random.random() < 0.5
        elif what < 0.75:
            self._api.failures += [self._random.choice(FAULTS)] * self._random.randint(1, 4)
            self.faults += 1

    def calm(self) -> None:
        """Take all faults away."""
        self._api.failures.clear()

    def holds_a_secret(self, written: bytes) -> bool:
        """True if a token of the account or of a server stands in a text."""
        return any(
            form.encode() in written
            for secret in self._api.secrets
            for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])
        )

    def compare(self, file: Path) -> list[str]:
        """Sentences on what the warehouse lacks, has twice, or has otherwise than the API."""
        problems = []
        with duckdb.connect(str(file), read_only=True) as connection:
            for name, (fields, columns, field, column) in COMPARED.items():
                given = {tuple(row[f] for f in fields): row[field] for row in self._listed(name)}
                asked = f"SELECT {', '.join(columns)}, {column} FROM email.{name}"
                stored = connection.execute(asked).fetchall()
                held = {tuple(row[:-1]): row[-1] for row in stored}
                counts = {
                    "rows are missing": len(given.keys() - held.keys()),
                    "rows were never given": len(held.keys() - given.keys()),
                    "rows are there twice": len(stored) - len(held),
                    f"rows have another {field}": sum(
                        held[key] != value for key, value in given.items() if key in held
                    ),
                }
                problems += [f"{name}: {n} {what}." for what, n in counts.items() if n]
        return problems

    def _send(self, at: datetime) -> None:
        self._random.choice(self._api.servers).send(at)

    def _listed(self, name: str) -> list[dict[str, Any]]:
        if name == "domains":
            return self._api.domains
        if name == "servers":
            return [server.describe() for server in self._api.servers]
        return [
            row | {"ServerID": server.id}
            for server in self._api.servers
            for row in _rows_of(server, name)
        ]


def _rows_of(server: Server, name: str) -> list[dict[str, Any]]:
    return server.messages if name == "messages" else server.bounces
