"""Messages wait until each channel has taken them."""

from collections.abc import Collection
from dataclasses import dataclass, field

import pytest

from email_assets.alerts.channels import DeliveryError, Message, Receipt
from email_assets.alerts.outbox import (
    LONGEST_WAIT,
    MOST_IN_VAIN,
    MOST_NAMED,
    MOST_REFUSALS,
    MOST_WAITING,
    Outbox,
)


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
    asked_for: list[list[str]] = field(default_factory=list)
    """The recipients that each attempt was for, if it was not for all."""
    taken: list[Message] = field(default_factory=list)

    def send(self, message: Message, seconds: float, only: Collection[str] = ()) -> Receipt:
        self.attempts += 1
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


def test_each_channel_gets_each_message_once(webhook: Receiver, mail: Receiver) -> None:
    outbox = Outbox()

    told = tick(outbox, webhook, mail, new=2)
    tick(outbox, webhook, mail)

    assert webhook.taken == mail.taken == messages(2)
    assert (told, outbox.waiting) == ([], [])


def test_a_slow_channel_gets_each_message_once_over_several_ticks(webhook: Receiver) -> None:
    outbox = Outbox()
    webhook.pace = 4
    outbox.add(messages(5), ["webhook"])
    counts = []
    for _ in range(3):
        outbox.deliver([webhook], print, clock=lambda: webhook.now)
        counts.append(len(webhook.taken))

    assert webhook.taken == messages(5)
    assert counts == [2, 4, 5]


def test_a_channel_that_is_down_is_tried_ever_more_seldom(webhook: Receiver) -> None:
    outbox, attempted = Outbox(), []
    webhook.up = False
    tick(outbox, webhook, new=1)
    for number in range(2, 5 * LONGEST_WAIT):
        before = webhook.attempts
        tick(outbox, webhook)
        attempted += [number] if webhook.attempts > before else []

    assert attempted == [2, 4, 8, 16, 32, 62, 92, 122]


def test_once_a_channel_took_a_message_it_is_soon_tried_again(webhook: Receiver) -> None:
    outbox = Outbox()
    webhook.up = False
    tick(outbox, webhook, new=1)
    tick(outbox, webhook)
    webhook.up = True
    for _ in range(2):
        tick(outbox, webhook)
    webhook.up = False
    tick(outbox, webhook, new=1)
    tick(outbox, webhook)

    assert (len(webhook.taken), webhook.attempts) == (1, 5)


def test_every_tick_tells_what_waits_and_one_that_tries_in_vain_tells_why(
    webhook: Receiver,
) -> None:
    outbox, said = Outbox(), list[str]()
    webhook.up = False
    outbox.add(messages(2), ["webhook"])
    told = [outbox.deliver([webhook], said.append) for _ in range(3)]

    waits = "Alerts that wait for the webhook: 2."
    assert told == [["The webhook is down.", waits], ["The webhook is down.", waits], [waits]]
    assert said == ["The webhook is down."] * 2


def test_what_a_channel_remarks_on_a_message_that_it_took_is_said_and_not_taken_for_trouble(
    webhook: Receiver,
) -> None:
    outbox, said = Outbox(), list[str]()
    webhook.remark = "The webhook took it, though late."
    outbox.add(messages(2), ["webhook"])

    assert outbox.deliver([webhook], said.append) == []
    assert said == ["The webhook took it, though late."] * 2


def test_a_channel_that_is_down_keeps_the_other_from_nothing(
    webhook: Receiver, mail: Receiver
) -> None:
    outbox = Outbox()
    webhook.up = False

    told = tick(outbox, webhook, mail, new=2)
    tick(outbox, webhook, mail, new=1)
    webhook.up = True
    for _ in range(3):
        tick(outbox, webhook, mail)

    assert told == ["The webhook is down.", "Alerts that wait for the webhook: 2."]
    assert (len(webhook.taken), len(mail.taken)) == (3, 3)


def test_a_message_that_a_channel_refuses_holds_up_no_other(webhook: Receiver) -> None:
    outbox = Outbox()
    webhook.refuses, *others = messages(3)

    told = tick(outbox, webhook, new=3)

    assert webhook.taken == others
    assert told == ["The webhook refused it.", "Alerts that wait for the webhook: 1."]


def test_a_channel_that_is_down_is_not_tried_with_all_that_waits(webhook: Receiver) -> None:
    webhook.up = False

    tick(Outbox(), webhook, new=10)

    assert webhook.attempts == MOST_IN_VAIN


def test_a_full_outbox_drops_the_oldest_and_says_which(webhook: Receiver, mail: Receiver) -> None:
    outbox = Outbox()
    webhook.up = False
    tick(outbox, webhook, mail, new=MOST_WAITING + MOST_NAMED + 2)
    tick(outbox, webhook, mail)
    webhook.up = True
    tick(outbox, webhook, mail)
    tick(outbox, webhook, mail)

    notice, *others = webhook.taken
    assert others == messages(MOST_WAITING + MOST_NAMED + 2)[-MOST_WAITING:]
    first, *named, last = notice.text.splitlines()
    assert first == "12 alerts were dropped, since they could not be delivered:"
    assert named == [f"subject {number}" for number in range(MOST_NAMED)]
    assert last == "and 2 more"


def test_what_was_dropped_is_told_once(webhook: Receiver) -> None:
    outbox = Outbox()
    webhook.up = False
    tick(outbox, webhook, new=MOST_WAITING + 1)
    webhook.up = True
    for _ in range(2):
        tick(outbox, webhook, new=1)

    notice, *others = webhook.taken
    assert notice.subject == "WARNING 2 alerts were dropped, since they could not be delivered"
    assert others == [*messages(MOST_WAITING + 1)[2:], *messages(1) * 2]


def test_a_channel_that_was_taken_out_of_the_settings_gets_nothing_more(
    webhook: Receiver, mail: Receiver
) -> None:
    outbox = Outbox()
    webhook.up = False
    tick(outbox, webhook, mail, new=1)

    assert tick(outbox, mail) == []
    assert outbox == Outbox(troubles={"e-mail": outbox.troubles["e-mail"]})


def test_a_recipient_who_is_refused_for_now_is_tried_again_alone(
    webhook: Receiver, mail: Receiver
) -> None:
    outbox = Outbox()
    webhook.up, mail.not_yet = False, ["ann"]
    tick(outbox, webhook, mail, new=1)
    mail.not_yet = []
    told = [tick(outbox, webhook, mail) for _ in range(2)]

    assert mail.asked_for == [[], ["ann"]]
    assert [lines[-1] for lines in told] == ["Alerts that wait for the webhook: 1."] * 2


def test_others_get_what_is_new_while_one_recipient_is_refused_for_now(mail: Receiver) -> None:
    outbox = Outbox()
    mail.not_yet = ["ann"]
    tick(outbox, mail, new=1)
    told = tick(outbox, mail, new=1)

    assert mail.asked_for == [[], ["ann"], []]
    assert told == ["Alerts that wait for the e-mail: 2."]


def test_a_recipient_who_is_refused_for_hours_is_given_up(mail: Receiver) -> None:
    outbox = Outbox()
    mail.not_yet = ["ann"]
    tick(outbox, mail, new=1)
    for _ in range(MOST_REFUSALS * LONGEST_WAIT):
        tick(outbox, mail)

    assert mail.attempts == MOST_REFUSALS
    assert outbox.waiting == []


def test_of_a_full_outbox_what_only_one_recipient_lacks_is_dropped_first_and_tells_nobody(
    mail: Receiver,
) -> None:
    outbox = Outbox()
    mail.not_yet = ["ann"]
    tick(outbox, mail, new=1)
    mail.up = False
    tick(outbox, mail, new=MOST_WAITING)

    assert [entry.only for entry in outbox.waiting] == [[]] * MOST_WAITING
    assert outbox.troubles["e-mail"].dropped == 0
