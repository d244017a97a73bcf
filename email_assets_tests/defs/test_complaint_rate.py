"""The check `complaint_rate`: what it fails at, what it warns of, and what it says."""

from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from email_assets.account import configured_account
from email_assets.defs.alerts.failures import in_one_line
from email_assets.defs.deliverability_checks import build_deliverability_checks, judge_complaints
from email_assets.deliverability.daily import SenderDay, build_daily
from email_assets.settings.deliverability import DeliverabilitySettings
from email_assets_tests.deliverability.deliverability_fixtures import put_bounces, put_messages
from email_assets_tests.vendors.vendor_file_fixtures import vendor
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor
from email_assets_tests.warehouses import Query

__all__ = ["use_vendor", "vendor"]

TODAY = date(2026, 6, 15)
PASSED, WARNS, FAILS = "passed", "warns", "fails"


def day(sent: int, complaints: int, sender: str = "news") -> SenderDay:
    return SenderDay(
        day=TODAY, sender=sender, sent=sent, hard=0, soft=0, complaints=complaints, other=0
    )


def judge(*rows: SenderDay, limit: float = 0.003) -> dg.AssetCheckResult:
    settings = DeliverabilitySettings(max_complaint_rate=limit)
    return judge_complaints([*rows], TODAY, settings)


@pytest.mark.parametrize(
    ("rows", "outcome"),
    [
        ([day(10_000, 31)], FAILS),
        ([day(10_000, 30)], WARNS),
        ([day(10_000, 11)], WARNS),
        ([day(10_000, 10)], PASSED),
        ([day(10_000, 0)], PASSED),
        ([day(100, 1)], FAILS),
        ([day(99, 9)], PASSED),
        ([day(60, 1, "a"), day(60, 0, "b")], FAILS),
        ([day(0, 3)], PASSED),
        ([], PASSED),
    ],
)
def test_it_fails_above_the_limit_and_warns_above_a_third_of_it(
    rows: list[SenderDay], outcome: str
) -> None:
    result = judge(*rows)

    of_severity = {dg.AssetCheckSeverity.ERROR: FAILS, dg.AssetCheckSeverity.WARN: WARNS}
    assert (PASSED if result.passed else of_severity[result.severity]) == outcome


@pytest.mark.parametrize("limit", [0.0003, 0.003, 0.006, 0.009, 0.03, 0.09])
def test_exactly_a_third_of_any_limit_passes(limit: float) -> None:
    third = round(limit * 100_000 / 3)

    assert judge(day(100_000, third), limit=limit).passed
    assert not judge(day(100_000, third + 1), limit=limit).passed


def test_its_sentence_names_days_rate_limit_sender_and_remedy() -> None:
    result = judge(day(1000, 4), day(1000, 1, "receipts"))

    assert result.description == (
        "deliverability_daily: the complaint rate in the 7 days up to 2026-06-15 (UTC) is 0.25 %, "
        "5 complaints for 2000 messages; max_complaint_rate is 0.30 %, and a third of it is warned "
        "of. news had most complaints, 4 of 1000. Mailbox providers put such mail into spam or "
        "refuse it: write only to those who asked for it, let them unsubscribe in one click, and "
        "pause what that sender sends to many until you know why."
    )
    assert {key: value.value for key, value in result.metadata.items()} == {
        "max_complaint_rate": 0.003,
        "min_messages": 100,
        "sent": 2000,
        "complaints": 5,
        "complaint_rate": 0.0025,
        "worst_sender": "news",
    }


def test_it_says_so_where_the_api_tells_no_sender_of_complaints() -> None:
    description = judge(day(1000, 0), day(0, 5, "unknown")).description

    assert description
    assert "Of most complaints the API tells no sender. Mailbox providers" in description
    assert "pause what you send to many" in description


class TestAVendorThatTellsOfNoComplaints:
    """None is no good news where nobody is ever told of complaints."""

    @pytest.fixture(autouse=True)
    def without_complaints(self, vendor: Any, use_vendor: UseVendor) -> None:
        del vendor["deliverability"]["bounces"]["complaint"]
        use_vendor(f"from email_assets.vendors import Secret\nVENDOR = {vendor!r}")

    def test_it_has_no_check_of_them(self) -> None:
        checks = build_deliverability_checks(configured_account())

        assert [key.name for check in checks for key in check.check_keys] == ["bounce_rate"]

    def test_it_has_no_rate_of_them(self, warehouse: Path, query: Query) -> None:
        put_messages(warehouse, "('a', 7, '2026-03-01 10:00Z')")
        put_bounces(warehouse, "('a', 'SoftBounce', '2026-03-01 11:00Z')")
        build_daily(configured_account(), say=print)

        rates = "SELECT bounce_rate, complaint_rate FROM email.deliverability_daily"
        assert query(rates) == [(1, None)]


def test_an_alert_has_room_for_its_sentence_to_the_remedy() -> None:
    sender = "notifications.of-the-south-western-branch.acme.example"
    description = judge(day(9_876_543, 12_345, sender)).description

    assert description
    assert in_one_line(description) == description
