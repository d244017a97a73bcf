"""The places that mail goes to and why it comes back, of tables that are put there by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from email_assets.account import configured_account
from email_assets.deliverability.breakdown import Breakdown, OfType, read_breakdown
from email_assets.deliverability.daily import Outcome
from email_assets_tests.deliverability.deliverability_fixtures import put_mail
from email_assets_tests.queries import WAREHOUSES, fresh_place, set_place
from email_assets_tests.warehouses import change

SINCE, UNTIL = date(2026, 6, 1), date(2026, 6, 15)
TO = {
    # message: its day, and its recipients
    "m1": ("2026-06-02", ["a@gmail.com", "B@GMAIL.com", "Cy <c@googlemail.com>"]),
    "m2": ("2026-06-03", ["d@shop.example", "e@shop.example", "f@shop.example"]),
    "m3": ("2026-06-04", ["a@gmail.com", "one@annes-own.example"]),
    "m4": ("2026-06-05", ["a@gmail.com"]),
    "m5": ("2026-05-31", ["a@gmail.com"]),
}
BOUNCED = [
    # recipient, type, day, what its server said, message
    ("A@gmail.com", "HardBounce", "2026-06-03", "smtp; 550 5.1.1 a@gmail.com: unknown user", "m1"),
    ("b@gmail.com", "HardBounce", "2026-06-02", "550-5.1.1 The account does not exist", "m1"),
    ("d@shop.example", "Blocked", "2026-06-03", "Go away", "m2"),
    ("e@shop.example", "Blocked", "2026-06-03", "Go away", "m2"),
    ("f@shop.example", "Blocked", "2026-06-04", "Go away", "m2"),
    ("one@annes-own.example", "SoftBounce", "2026-06-04", "The mailbox of Anne is full", "m3"),
    ("d@shop.example", "SpamComplaint", "2026-06-05", None, "m2"),
    ("d@shop.example", "HardBounce", "2026-05-01", "550 no", "gone"),
]


@pytest.fixture(scope="module", params=WAREHOUSES)
def found(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Breakdown]:
    place = fresh_place(tmp_path_factory.mktemp("breakdown"), request)
    put_mail(place, TO, BOUNCED, tags={"m1": "news", "m2": "shop"})
    change(
        place,
        "CREATE TABLE email.domains (id BIGINT, name VARCHAR, spf_verified BOOLEAN, "
        "dkim_verified BOOLEAN, return_path_verified BOOLEAN)",
        "INSERT INTO email.domains VALUES (1, 'good.example', true, true, true), "
        "(2, 'bad.example', false, true, false), (3, 'silent.example', NULL, NULL, NULL)",
    )
    with pytest.MonkeyPatch.context() as patch:
        set_place(patch, place)
        yield read_breakdown(configured_account(), SINCE, UNTIL, who="report", say=print)


def test_mail_is_counted_by_who_keeps_the_mailboxes(found: Breakdown) -> None:
    assert found.providers == {
        "Gmail": Outcome(sent=5, hard=2, soft=0, complaints=0, other=0),
        "others": Outcome(sent=4, hard=0, soft=4, complaints=1, other=0),
    }


def test_a_domain_of_few_recipients_is_not_named(found: Breakdown) -> None:
    assert found.domains == {
        "shop.example": Outcome(sent=3, hard=0, soft=3, complaints=1, other=0),
        "others": Outcome(sent=6, hard=2, soft=1, complaints=0, other=0),
    }


def test_mail_is_counted_by_tag_also_where_only_its_message_tells_it(found: Breakdown) -> None:
    assert found.tags == {
        "shop": Outcome(sent=3, hard=0, soft=3, complaints=1, other=0),
        "news": Outcome(sent=3, hard=2, soft=0, complaints=0, other=0),
        "others": Outcome(sent=3, hard=0, soft=1, complaints=0, other=0),
    }


def test_bounces_are_counted_by_the_vendors_own_types(found: Breakdown) -> None:
    assert found.types == [
        OfType("Blocked", "soft", 3),
        OfType("HardBounce", "hard", 2),
        OfType("SoftBounce", "soft", 1),
        OfType("SpamComplaint", "complaint", 1),
    ]


def test_a_reason_is_a_status_or_a_text_that_several_recipients_share(found: Breakdown) -> None:
    assert found.reasons == {
        "Go away": 3,
        "5.1.1: the mailbox does not exist": 2,
        "others": 1,
    }


def test_addresses_that_get_no_mail_are_a_number(found: Breakdown) -> None:
    assert found.suppressed == 3


def test_messages_after_a_hard_bounce_are_a_number(found: Breakdown) -> None:
    # m3 and m4 to a@gmail.com, and m2 to d@shop.example, which had bounced before the period
    assert found.after_hard_bounce == (3, 2)


def test_sending_domains_lack_what_the_api_says(found: Breakdown) -> None:
    assert found.unverified == {"bad.example": ["SPF", "return path"]}


def test_nothing_of_it_names_a_recipient(found: Breakdown) -> None:
    said = str(found)

    assert not any(word in said.lower() for word in ("@", "anne", "unknown user"))
