"""The figures of a session: what it asked of the API, and what the API says may be asked."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from email_assets.redaction import redact

LIMITS = re.compile(r"(x-)?([a-z]+-)?ratelimit(-.*)?|retry-after", re.IGNORECASE)
"""Headers that say how much may be asked of an API, and when again."""


@dataclass
class Usage:
    """Counts the requests of a session."""

    requests: int = 0
    """Requests sent, retries included."""
    retries: int = 0
    seconds_throttled: float = 0.0
    """Seconds waited between attempts, because the API asked for it or failed."""
    bytes: int = 0
    """Bytes of answers' bodies as they came over the wire."""
    bytes_unpacked: int = field(default=0, compare=False)
    """Bytes of answers' bodies, decompressed."""
    bytes_replaced: int = 0
    """Bytes of answers that mean nothing in their encoding; each became "\ufffd"."""
    status: int | None = field(default=None, compare=False)
    """The status of the latest request's answer, or None while it has none."""
    limits: dict[str, str] = field(default_factory=dict, compare=False)
    """Headers of that answer that say how much may be asked."""
    seconds_to_answer: float = field(default=0.0, compare=False)
    """Seconds from a request to the last byte of its answer, of the latest that was read."""
    counting: AbstractContextManager[object] = field(
        default_factory=threading.Lock, compare=False, repr=False
    )
    """Held while threads that read ahead count."""

    def count_request(self) -> None:
        """Count a request that is about to be sent, of which no answer is known yet."""
        with self.counting:
            self.requests += 1
            self.status, self.limits = None, {}

    def note_head(self, status: int, headers: Mapping[str, str], secrets: tuple[str, ...]) -> None:
        """Remember the status of an answer, and its headers that tell of limits."""
        self.status = status
        self.limits = {
            name: redact(value, secrets)
            for name, value in headers.items()
            if LIMITS.fullmatch(name)
        }

    def count_wait(self, seconds: float) -> None:
        """Count seconds that somebody waits before a request, or before it is tried again."""
        with self.counting:
            self.seconds_throttled += seconds

    def count_bytes(self, came: int = 0, unpacked: int = 0, replaced: int = 0) -> None:
        """Count bytes of a body."""
        with self.counting:
            self.bytes += came
            self.bytes_unpacked += unpacked
            self.bytes_replaced += replaced
