"""Recipients whom a channel refuses for now are tried again alone."""

from email_assets.alerts.outbox import LONGEST_WAIT, MOST_REFUSALS, MOST_WAITING, Outbox
from email_assets_tests.alerts.outbox_fixtures import Receiver, mail, tick, webhook

__all__ = ["mail", "webhook"]


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
