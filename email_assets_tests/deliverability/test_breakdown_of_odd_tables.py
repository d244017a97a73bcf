"""The counts by recipient, of tables that lack what the vendor's file names."""

from __future__ import annotations

from datetime import date

import pytest

from email_assets.account import configured_account
from email_assets.deliverability.addresses import MOST_ROWS
from email_assets.deliverability.breakdown import NO_TAG, read_breakdown
from email_assets.deliverability.mailboxes import OTHERS
from email_assets_tests.deliverability.deliverability_fixtures import put_mail
from email_assets_tests.queries import Place
from email_assets_tests.warehouses import change

DAY = date(2026, 6, 2)


def test_bounces_that_tell_of_no_suppression_leave_the_rest(warehouse: Place) -> None:
    bounced = [("a@gmail.com", "Blocked", f"{DAY}", None, "m1")]
    put_mail(warehouse, {"m1": (f"{DAY}", ["a@gmail.com"])}, bounced, {})
    change(warehouse, "ALTER TABLE email.bounces DROP COLUMN inactive")

    found = read_breakdown(configured_account(), DAY, DAY, who="report", say=print)

    assert found.suppressed is None
    assert found.providers is not None
    assert [*found.providers] == ["Gmail"]


@pytest.mark.slow
def test_tags_for_which_there_is_no_room_are_not_without_a_tag(warehouse: Place) -> None:
    earlier = [("a@x.example", "Blocked", "2026-05-02", None, "m1")]
    put_mail(warehouse, {"m1": (f"{DAY}", [f"{who}@x.example" for who in "abc"])}, earlier, {})
    tags = MOST_ROWS + 2
    change(
        warehouse,
        f"INSERT INTO email.messages SELECT 't' || i, '{DAY} 10:00Z', 't' || i, 'tag' || i // 3 "
        f"FROM range({3 * tags}) AS mails(i)",
        "INSERT INTO email.messages__recipients SELECT i || '@x.example', 't' || i "
        f"FROM range({3 * tags}) AS mails(i)",
    )

    found = read_breakdown(configured_account(), DAY, DAY, who="report", say=print)

    assert found.tags is not None
    assert len(found.tags) == MOST_ROWS + 1
    assert (found.tags[NO_TAG].sent, found.tags[OTHERS].sent) == (3, 9)
