"""The times at which messages and bounces came."""

from __future__ import annotations

from array import array

from email_assets.sandbox.data import Data

HISTORY = 30 * 86_400.0
"""Seconds before the start over which the first messages are spread."""

LISTED_AFTER = 60.0
"""Seconds from a message's sending to its listing: it is listed once its fate is known."""


class Times:
    """The times of all messages and bounces, in seconds since 1970; later rows come later.

    Those of the start are computed from their number, those that are added are kept.

    Args:
        data: Which messages bounce.
        messages: How many messages there are at the start.
        start: When that is.
    """

    def __init__(self, data: Data, messages: int, start: float) -> None:
        self._data = data
        self._start = start
        self._step = (HISTORY - LISTED_AFTER) / max(messages, 1)
        self._first_messages = messages
        self._first_bounces = data.bounce_count(messages)
        self._late_messages = array("d")
        self._late_bounces: list[tuple[int, float]] = []

    @property
    def latest(self) -> float:
        """The time of the newest row, or the start if none has come since."""
        latest = self._late_messages[-1] if self._late_messages else self._start
        return max(latest, self._late_bounces[-1][1]) if self._late_bounces else latest

    def add_message(self, at: float) -> None:
        """Let the next message be listed at a time."""
        self._late_messages.append(at)

    def add_bounce(self, block: int, at: float) -> None:
        """Let the next bounce be one of a block of messages, and come at a time."""
        self._late_bounces.append((block, at))

    def block(self, bounce: int) -> int:
        """The block of messages that a bounce belongs to."""
        late = bounce - self._first_bounces
        return bounce if late < 0 else self._late_bounces[late][0]

    def sent_at(self, message: int) -> float:
        """The time at which a message was sent."""
        return self._listed_at(message) - LISTED_AFTER

    def bounced_at(self, bounce: int) -> float:
        """The time at which a bounce came."""
        late = bounce - self._first_bounces
        if late >= 0:
            return self._late_bounces[late][1]
        # Before the listing, by less than two messages are apart, so that the order stays.
        early = min(0.1 * self._step, LISTED_AFTER - 5)
        message = self._data.bouncing_message(self.block(bounce))
        return self._listed_at(message) - early * (bounce * 0.6180339887 % 1)

    def _listed_at(self, message: int) -> float:
        late = message - self._first_messages
        if late >= 0:
            return self._late_messages[late]
        # A little off the beat, by less than the step, so that the order stays.
        offbeat = 0.9 * (message * 0.6180339887 % 1)
        return self._start - HISTORY + LISTED_AFTER + (message + offbeat) * self._step
