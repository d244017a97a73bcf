"""The email service of a soak: days that pass in minutes, rows that come, change and go, faults."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, Protocol

from email_assets.clock import now
from email_assets.sandbox import Fault, Sandbox
from email_assets.sandbox.data import RESOURCES
from email_assets_tests.conftest import KEY
from email_assets_tests.secret_fixtures import holds_the_key
from email_assets_tests.soak.compare import Row, compare

DAYS_A_MINUTE = 1.0
MESSAGES_AT_THE_START = 250
MESSAGES_A_MINUTE = 0.4
"""Of the simulated time: 576 a day."""
LATENCY = 0.005
YOUNG = timedelta(hours=12)
"""Bounces are synced by time and looked at again for a day; older ones must not change."""
SHORT_WAITS = {
    "RUNTIME__REQUEST_BACKOFF_FACTOR": "0.2",
    "RUNTIME__REQUEST_MAX_RETRY_DELAY": "2",
    "RUNTIME__REQUEST_TIMEOUT": "5",
}
INCREMENTAL = {
    "SOURCES__EMAIL__BOUNCES__CURSOR_PATH": "bounced_at",
    "SOURCES__EMAIL__BOUNCES__START_PARAM": "since",
    "SOURCES__EMAIL__BOUNCES__END_PARAM": "until",
    "SOURCES__EMAIL__BOUNCES__LAG": "86400",
}
FATES: tuple[Row, ...] = (
    {"status": "delivered"},
    {"status": "opened", "opens": 9},
    {"subject": "changed — ✉"},
    {"tag": None},
    {"metadata": {"campaign": "winter", "customer": None, "region": "eu"}},
    {"recipients": []},
    {"recipients": [{"email": "moved@cedar.example", "type": "to", "reason": "moved"}]},
    {"clicks": 3},
)
"""Changes that may befall a message: also fields that nobody had before, and other items."""
CHANGES: dict[str, tuple[Row, ...]] = {
    "messages": FATES,
    "bounces": ({"inactive": True}, {"description": "Seen again."}, {"resolved": True}),
    "servers": ({"color": "black"}, {"name": "Renamed"}, {"labels": ["live", "eu"]}),
    "domains": ({"dkim_verified": True}, {"spf_verified": False}, {"score": 7.5}),
    "deliverystats": ({"name": "Renamed"}, {"note": "seldom"}),
}
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 429, "retry_after": "1"},
    {"kind": "status", "status": 503, "retry_after": "2"},
    {"kind": "drop"},
    {"kind": "refuse"},
    {"kind": "latency", "seconds": 0.5},
    {"kind": "latency", "seconds": 8.0},
    {"kind": "drip", "seconds": 0.0002},
    {"kind": "drip", "seconds": 0.5, "forever": True},
    {"kind": "html"},
    {"kind": "truncated_json"},
    {"kind": "error_200"},
    {"kind": "echo_error"},
    {"kind": "bad_gzip"},
    {"kind": "gzip"},
    {"kind": "data_null"},
    {"kind": "empty"},
    {"kind": "no_total"},
    {"kind": "page_cap", "rows": 37},
    {"kind": "not_json_nan"},
)
"""Troubles by which no value and no key changes: those would be the API's word, and be loaded."""


class Service(Protocol):
    """An email service of which a soak can ask all that it needs."""

    @property
    def faults(self) -> int:
        """The troubles that it made."""

    @property
    def moves(self) -> int:
        """The rows that moved or changed."""

    @property
    def accounts(self) -> Sequence[str]:
        """The names of its accounts; none if it is the one of `[sources.email]`."""

    @property
    def day(self) -> float:
        """Simulated days since the beginning."""

    @property
    def rows(self) -> int:
        """The rows that the API lists."""

    def served(self) -> AbstractContextManager[None]:
        """Serve the API while a `with` block lasts."""

    def settings(self) -> dict[str, str]:
        """The environment in which the platform reads the service."""

    def go_on(self) -> None:
        """Let the time since the first call pass, and something happen."""

    def calm(self) -> None:
        """Take all faults away."""

    def holds_a_secret(self, written: bytes) -> bool:
        """True if a secret stands in a text."""

    def compare(self, file: Path) -> list[str]:
        """Sentences on what is wrong with the tables of a warehouse."""


class World:
    """A sandbox whose clock ends at the present, and the versions that its rows had before.

    Time stands still between two calls of `go_on`, so that what is written down of a row before it
    changes or goes is all that the API ever gave.

    Args:
        minutes: How long it is to go on.
        random: What decides.
        account: The name of the account that it is, or None for that of `[sources.email]`.
    """

    def __init__(self, minutes: float, random: Random, account: str | None = None) -> None:
        self._random, self._account = random, account
        self._began: float | None = None
        self._days = minutes * DAYS_A_MINUTE
        self.now = now() - timedelta(days=self._days)
        self._start = self.now
        self.sandbox = Sandbox(
            messages=MESSAGES_AT_THE_START,
            rate=MESSAGES_A_MINUTE,
            api_key=KEY,
            latency=LATENCY,
            clock=lambda: self.now,
        )
        self.former: dict[str, dict[Any, list[Row]]] = {
            name: defaultdict(list) for name in RESOURCES
        }
        self.faults = self.moves = 0

    @property
    def accounts(self) -> Sequence[str]:
        """The account that it is, if it has a name."""
        return [self._account] if self._account else []

    @property
    def day(self) -> float:
        """Simulated days since the beginning."""
        return (self.now - self._start) / timedelta(days=1)

    @property
    def rows(self) -> int:
        """The rows that the API lists."""
        return sum(len(self.sandbox.rows(name)) for name in RESOURCES)

    @contextmanager
    def served(self) -> Iterator[None]:
        """Serve the API."""
        with self.sandbox:
            yield

    def holds_a_secret(self, written: bytes) -> bool:
        """True if the API's key stands in a text."""
        return holds_the_key(written)

    def compare(self, file: Path) -> list[str]:
        """Sentences on what is wrong with the tables of a warehouse."""
        dataset = f"email_{self._account}" if self._account else "email"
        return [
            problem
            for name in RESOURCES
            for problem in compare(file, name, self.sandbox.rows(name), self.former[name], dataset)
        ]

    def settings(self) -> dict[str, str]:
        """The environment in which the platform reads this service, with short waits."""
        where = {"API_KEY": KEY, "SOURCES__EMAIL__BASE_URL": self.sandbox.base_url}
        if self._account:
            section = f"SOURCES__EMAIL__ACCOUNTS__{self._account.upper()}"
            where = {f"{section}__API_KEY": KEY, f"{section}__BASE_URL": self.sandbox.base_url}
        return {
            **where,
            **SHORT_WAITS,
            **INCREMENTAL,
        }

    def go_on(self) -> None:
        """Let the time since the first call pass, and something happen."""
        self._began = self._began or time.monotonic()
        days = min(self._days, (time.monotonic() - self._began) / 60 * DAYS_A_MINUTE)
        for row in self.sandbox.rows("deliverystats"):  # they count the bounces that come
            self._remember("deliverystats", row)
        self.now = self._start + timedelta(days=days)
        resource = self._random.choice(RESOURCES)
        what = self._random.random()
        if what < 0.25:
            self.sandbox.insert_head(resource, self._random.randint(1, 5))
            self.moves += 1
        elif what < 0.4:
            for row in self.sandbox.rows(resource)[:1]:
                self._remember(resource, row)
            self.sandbox.delete_head(resource, 1)
            self.moves += 1
        elif what < 0.7:
            self._change(resource)
            self.moves += 1
        elif what < 0.85:
            self._trouble(resource)

    def calm(self) -> None:
        """Take all faults away; nothing arrives any more unless `go_on` is called."""
        self.sandbox.clear_faults()

    def _remember(self, resource: str, row: Row) -> None:
        versions = self.former[resource][row["id"]]
        if row not in versions:
            versions.append(row)

    def _change(self, resource: str) -> None:
        rows = self.sandbox.rows(resource)
        if resource == "bounces":
            earliest = (self.now - YOUNG).isoformat()
            rows = [row for row in rows if row["bounced_at"] > earliest]
        if rows:
            position = self._random.randrange(len(rows))
            self._remember(resource, rows[position])
            self.sandbox.change(resource, position, **self._random.choice(CHANGES[resource]))

    def _trouble(self, resource: str) -> None:
        fault = self._random.choice(FAULTS)
        times, after = self._random.randint(1, 4), self._random.choice((0, 0, 1, 5))
        self.sandbox.set_faults(resource, Fault(**fault, times=times, after=after))
        self.faults += 1
