"""Messages wait until each channel has taken them."""

from email_assets.alerts.outbox import (
    LONGEST_WAIT,
    MOST_IN_VAIN,
    MOST_NAMED,
    MOST_WAITING,
    SECONDS_A_TICK,
    Outbox,
)
from email_assets_tests.alerts.outbox_fixtures import Receiver, mail, messages, tick, webhook

__all__ = ["mail", "webhook"]


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


def test_a_message_has_what_others_left_of_the_ticks_time(
    webhook: Receiver, mail: Receiver
) -> None:
    outbox = Outbox()
    webhook.pace = 4
    outbox.add(messages(2), ["webhook", "e-mail"])

    outbox.deliver([webhook, mail], print, clock=lambda: webhook.now)

    assert webhook.had == [SECONDS_A_TICK, SECONDS_A_TICK - 4]
    assert mail.had == [SECONDS_A_TICK - 8] * 2


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
