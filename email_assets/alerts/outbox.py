"""Messages on their way: kept until each channel has taken them, whoever is down meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from email_assets.alerts.channels import Channel, DeliveryError, Message, digest_of
from email_assets.alerts.wording import WARNING, fitting

MOST_WAITING = 20
"""Messages to keep. Dagster stores the cursor that they are in at every tick."""
MOST_NAMED = 10
"""Messages that were dropped, and of which the subject is kept."""
LONGEST_WAIT = 30
"""Ticks without an attempt: a quarter of an hour."""
MOST_REFUSALS = 32
"""Times that a recipient may be refused for now, in seven hours, before it is given up."""
SECONDS_A_TICK = 40
"""Time that channels have in a tick, of the minute that Dagster gives it. What is given up could
arrive all the same, and again: so a message has all that is left of it."""
MOST_IN_VAIN = 2
"""Messages that a channel may refuse in a tick: it may refuse one for good, and take the next."""
SECONDS_A_CHANNEL = 5
"""Time in which a channel may begin with another message in a tick."""


@dataclass
class Waiting:
    """A message, and the channels that have not taken it yet."""

    message: Message
    to: list[str]
    only: list[str] = field(default_factory=list)
    """Digests of the recipients that it still waits for. The others of its channel have it."""
    failures: int = 0
    """The number of times that those were refused for now."""
    wait: int = 0
    """Ticks until the next attempt for those."""

    def for_some(self, recipients: Iterable[str], channel: str) -> Waiting:
        """The same message for some recipients of a channel alone, after a wait."""
        failures = self.failures + 1
        return Waiting(self.message, [channel], [*recipients], failures, _ticks_after(failures))


@dataclass
class Trouble:
    """A channel that does not take messages."""

    failures: int = 0
    wait: int = 0
    """Ticks until the next attempt."""
    dropped: int = 0
    subjects: list[str] = field(default_factory=list)
    """Of the first messages that were dropped."""

    def drop(self, message: Message) -> None:
        """Remember a message that the channel will not get."""
        self.dropped += 1
        if len(self.subjects) < MOST_NAMED:
            self.subjects.append(message.subject)

    def notice(self) -> Message:
        """A message that lists the subjects of those that the channel missed."""
        headline = f"{self.dropped} alerts were dropped, since they could not be delivered"
        more = self.dropped - len(self.subjects)
        lines = [f"{headline}:", *self.subjects, *([f"and {more} more"] if more else [])]
        return Message(digest_of(*lines), fitting(WARNING, [headline]), "\n".join(lines))


@dataclass
class Outbox:
    """The messages that some channel has not taken yet, the oldest first."""

    waiting: list[Waiting] = field(default_factory=list)
    troubles: dict[str, Trouble] = field(default_factory=dict)

    def add(self, messages: Iterable[Message], channels: Sequence[str]) -> None:
        """Keep messages for the channels of these names; the oldest go if there are too many."""
        for entry in self.waiting:  # not for a channel that was taken out of the settings
            entry.to = [name for name in entry.to if name in channels]
        self.waiting += [Waiting(message, [*channels]) for message in messages]
        self.waiting = [entry for entry in self.waiting if entry.to]
        self.troubles = {name: self.troubles.get(name, Trouble()) for name in channels}
        for entry in self.waiting[:-MOST_WAITING]:
            for name in entry.to if not entry.only else ():  # else all but a few have got it
                self.troubles[name].drop(entry.message)
        self.waiting = self.waiting[-MOST_WAITING:]

    def deliver(
        self,
        channels: Iterable[Channel],
        say: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> list[str]:
        """Send what waits, and tell what still waits and why. Nothing is raised.

        Each channel is tried by itself. One that takes no message is tried again at the next tick,
        and then at every second, fourth, eighth, …
        """
        told, end = list[str](), clock() + SECONDS_A_TICK
        for channel in channels:
            pending = [entry for entry in self.waiting if channel.name in entry.to]
            trouble = self.troubles.setdefault(channel.name, Trouble())
            if trouble.wait:
                trouble.wait -= 1
            elif problem := self._send(channel, pending, trouble, say, clock, end):
                told.append(problem)
            if waits := sum(channel.name in entry.to for entry in self.waiting):
                told.append(f"Alerts that wait for the {channel.name}: {waits}.")
        self.waiting = [entry for entry in self.waiting if entry.to]
        return told

    def _send(
        self,
        channel: Channel,
        pending: list[Waiting],
        trouble: Trouble,
        say: Callable[[str], object],
        clock: Callable[[], float],
        end: float,
    ) -> str | None:
        """Send the pending messages, and tell why the channel takes no more."""
        until, problems = clock() + SECONDS_A_CHANNEL, list[str]()
        notice = [Waiting(trouble.notice(), [])] if trouble.dropped else []
        for entry in (*notice, *pending):
            if clock() >= until or len(problems) == MOST_IN_VAIN:
                break
            if entry.wait:
                entry.wait -= 1
                continue
            try:
                receipt = channel.send(entry.message, end - clock(), entry.only)
            except DeliveryError as error:
                problems.append(str(error))
                continue
            trouble.failures = 0
            if entry in notice:
                trouble.dropped, trouble.subjects = 0, []
            else:
                entry.to.remove(channel.name)
                if receipt.not_yet and entry.failures + 1 < MOST_REFUSALS:
                    # the first to be dropped: all but a few have it
                    self.waiting.insert(0, entry.for_some(receipt.not_yet, channel.name))
            if receipt.remark:
                say(receipt.remark)
        if not problems:
            return None
        trouble.failures += 1
        trouble.wait = _ticks_after(trouble.failures)
        say(problems[-1])
        return problems[-1]


def _ticks_after(failures: int) -> int:
    """Ticks to wait until the next attempt, after so many that failed."""
    doubled: int = 2 ** (failures - 1)
    return min(doubled, LONGEST_WAIT) - 1
