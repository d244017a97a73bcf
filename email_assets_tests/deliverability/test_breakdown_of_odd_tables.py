"""The counts by recipient, of tables that lack what the vendor's file names."""

from __future__ import annotations

from datetime import date

from email_assets.account import configured_account
from email_assets.deliverability.breakdown import read_breakdown
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
