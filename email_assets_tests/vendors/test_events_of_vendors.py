"""The events of Postmark, Mailgun and Resend, as their servers' shapes tell of them."""

from __future__ import annotations

import pytest

from email_assets.account import configured_account
from email_assets.deliverability.breakdown import read_breakdown
from email_assets.deliverability.daily import build_daily
from email_assets.deliverability.engagement import Engagement
from email_assets_tests.deliverability.event_counts import counts_of_days, counts_of_events
from email_assets_tests.vendors import mailgun_fixtures, postmark_fixtures, resend_fixtures
from email_assets_tests.vendors.mailgun_server import MINUTE, MailgunServer
from email_assets_tests.vendors.postmark_fixtures import DAY, HOUR, NOON, Query, configure
from email_assets_tests.vendors.postmark_server import PostmarkServer
from email_assets_tests.vendors.resend_server import ResendServer
from email_assets_tests.vendors.syncing import load

pytestmark = pytest.mark.slow

__all__ = ["configure"]

postmark = postmark_fixtures.api
mailgun = mailgun_fixtures.api
resend = resend_fixtures.api

EVENTS = "SELECT type, subtype, message, recipient, sender, reason FROM email.email_events"


def build(*resources: str) -> None:
    for name in resources:
        load(name)
    build_daily(configured_account(), say=print)


def test_postmark_tells_of_messages_and_bounces(postmark: PostmarkServer, query: Query) -> None:
    (server,) = postmark.servers
    message = server.send(NOON)["MessageID"]
    for type_ in ("HardBounce", "Unsubscribe", "SpamComplaint", "Transient", "SpamNotification"):
        bounce = server.bounce(NOON + HOUR)
        bounce |= {"Type": type_, "MessageID": message, "Details": f"about {type_}"}

    build("servers", "messages", "bounces")

    of_it = (message, "ann@example.org", "Server 1")
    assert query(f"{EVENTS} ORDER BY time, type") == [
        ("sent", None, *of_it, None),
        ("bounced", "HardBounce", *of_it, "about HardBounce"),
        ("complained", "SpamComplaint", *of_it, "about SpamComplaint"),
        ("unsubscribed", "Unsubscribe", *of_it, None),
    ]


def test_postmarks_events_are_as_many_as_its_days_count(
    postmark: PostmarkServer, query: Query
) -> None:
    (server,) = postmark.servers
    for days, type_ in enumerate(("SoftBounce", "SpamNotification", "SpamComplaint", "DnsError")):
        server.send(NOON - days * DAY)
        server.bounce(NOON - days * DAY)["Type"] = type_

    build("servers", "messages", "bounces")

    assert counts_of_events(query) == counts_of_days(query)


def test_mailgun_tells_of_each_event_of_a_message(mailgun: MailgunServer, query: Query) -> None:
    mailgun.events.clear()
    for minutes, (event, severity) in enumerate(
        (
            ("accepted", None),
            ("failed", "temporary"),
            ("delivered", None),
            ("opened", None),
            ("clicked", None),
            ("complained", None),
            ("unsubscribed", None),
            ("failed", "permanent"),
        )
    ):
        row = mailgun.log(NOON + minutes * MINUTE, event)
        row |= {"severity": severity, "message": {"headers": {"message-id": "m1@example.com"}}}
        row["delivery-status"] = {"message": "no such mailbox"} if severity else {}

    build("messages")

    of_it = ("m1@example.com", "ann@example.com", "shop.example.com")
    others = ("delivered", "opened", "clicked", "complained", "unsubscribed")
    assert query(f"{EVENTS} ORDER BY time") == [
        ("sent", None, *of_it, None),
        *((event, event, *of_it, None) for event in others),
        ("bounced", "permanent", *of_it, "no such mailbox"),
    ]
    assert counts_of_events(query) == counts_of_days(query)
    day = NOON.date()
    found = read_breakdown(configured_account(), day, day, who="report", say=print)
    assert found.opens == {"others": Engagement(sent=1, opened=1, clicked=1)}


def test_resend_tells_of_the_last_event_of_a_message(resend: ResendServer, query: Query) -> None:
    last = ("delivered", "opened", "clicked", "bounced", "complained", "queued")
    resend.emails = resend.emails[: len(last)]
    for message, event in zip(resend.emails, last, strict=True):
        message["last_event"] = event

    build("messages")

    of_it = ("delivered@resend.dev", "Acme <onboarding@resend.dev>", None)
    assert sorted(query(f"{EVENTS} WHERE type <> 'sent'")) == sorted(
        (event, event, message["id"], *of_it)
        for message, event in zip(resend.emails, last[:-1], strict=False)
    )
    assert query("SELECT count(*) FROM email.email_events WHERE type = 'sent'") == [(len(last),)]
    assert counts_of_events(query) == counts_of_days(query)
