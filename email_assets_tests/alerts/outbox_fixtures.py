"""Channels that can be switched off, and ticks of an outbox."""

from collections.abc import Collection
from dataclasses import dataclass, field

import pytest

from email_assets.alerts.channels import DeliveryError, Message, Receipt
from email_assets.alerts.outbox import Outbox


@dataclass
class Receiver:
    """A channel that can be switched off."""

    name: str
    up: bool = True
    pace: float = 0
    """Seconds that it takes for a message, as the clock that it is shows them."""
    now: float = 0
    remark: str | None = None
    """A remark on each message that it takes."""
    refuses: Message | None = None
    not_yet: list[str] = field(default_factory=list)
    """Those of its recipients whom it refuses for now."""
    attempts: int = 0
    had: list[float] = field(default_factory=list)
    """The seconds that each attempt might take."""
    asked_for: list[list[str]] = field(default_factory=list)
    """The recipients that each attempt was for, if it was not for all."""
    taken: list[Message] = field(default_factory=list)

    def send(self, message: Message, seconds: float, only: Collection[str] = ()) -> Receipt:
        self.attempts += 1
        self.had.append(seconds)
        self.asked_for.append([*only])
        if not self.up:
            raise DeliveryError(f"The {self.name} is down.")
        if message == self.refuses:
            raise DeliveryError(f"The {self.name} refused it.")
        self.taken.append(message)
        self.now += self.pace
        if self.pace > seconds:
            raise DeliveryError(f"The {self.name} did not say in time that it has the message.")
        return Receipt(self.remark, tuple(self.not_yet))


@pytest.fixture
def webhook() -> Receiver:
    return Receiver("webhook")


@pytest.fixture
def mail() -> Receiver:
    return Receiver("e-mail")


def messages(count: int = 1) -> list[Message]:
    return [Message(str(number), f"subject {number}", "text") for number in range(count)]


def tick(outbox: Outbox, *channels: Receiver, new: int = 0) -> list[str]:
    outbox.add(messages(new), [channel.name for channel in channels])
    return outbox.deliver(channels, print)
