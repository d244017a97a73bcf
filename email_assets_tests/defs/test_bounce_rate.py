"""The check `bounce_rate`: which day it judges, and what it says."""

from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from email_assets.account import configured_account
from email_assets.defs.deliverability_checks import build_deliverability_checks
from email_assets_tests.deliverability.deliverability_fixtures import put_daily

NOON = datetime(2026, 6, 15, 12, tzinfo=timezone.utc)
Judge = Callable[..., dg.AssetCheckResult]


@pytest.fixture
def judge(warehouse: Path) -> Judge:
    """Evaluate the check on a table with these rows, at noon of 15 June 2026."""

    def evaluate(*rows: str) -> dg.AssetCheckResult:
        put_daily(warehouse, *rows)
        check, _ = build_deliverability_checks(configured_account(), clock=lambda: NOON)
        result: Any = check(dg.build_asset_check_context())
        assert isinstance(result, dg.AssetCheckResult)
        return result

    return evaluate


@pytest.mark.parametrize(
    ("rows", "passed"),
    [
        (["('2026-06-14', 'a', 100, 5, 0)"], True),
        (["('2026-06-14', 'a', 100, 3, 3)"], False),
        (["('2026-06-14', 'a', 10, 5, 0)", "('2026-06-14', 'b', 90, 0, 0)"], True),
        (["('2026-06-14', 'a', 99, 50, 0)"], True),
        (["('2026-06-14', 'a', 50, 3, 0)", "('2026-06-14', 'b', 50, 3, 0)"], False),
        (["('2026-06-13', 'a', 100, 50, 0)"], True),
        (["('2026-06-15', 'a', 99, 50, 0)"], True),
        (["('2026-06-15', 'a', 100, 50, 0)"], False),
        (["('2026-06-16', 'a', 100, 50, 0)"], True),
        (["('2026-06-14', 'a', 0, 9, 0)"], True),
        ([], True),
    ],
    ids=[
        "at the limit",
        "above it",
        "one sender above it, all of them not",
        "too few messages to tell",
        "enough messages of several senders",
        "a day before the last whole day",
        "too few of today to tell",
        "enough of today",
        "a day that is yet to come",
        "bounces of older messages only",
        "nothing at all",
    ],
)
def test_it_judges_the_last_whole_day_and_today(
    rows: list[str], passed: bool, judge: Judge
) -> None:
    result = judge(*rows)

    assert (result.passed, result.severity) == (passed, dg.AssetCheckSeverity.WARN)


def test_its_sentence_names_day_rate_limit_and_the_sender_that_bounced_most(judge: Judge) -> None:
    result = judge("('2026-06-14', 'news', 100, 4, 4)", "('2026-06-14', 'b', 2, 1, 0)")

    assert result.description == (
        "deliverability_daily: the bounce rate of 2026-06-14 (UTC) is 8.8 %, 9 bounces for "
        "102 messages; max_bounce_rate is 5.0 %. news had most bounces, 8 of 100. Providers "
        "suspend accounts for that: stop writing to addresses that bounced hard, which are in "
        "bounces, and look at where that sender's addresses come from."
    )


def test_it_says_so_where_no_sender_of_most_bounces_is_known(judge: Judge) -> None:
    description = judge(
        "('2026-06-14', 'news', 100, 1, 0)", "('2026-06-14', 'unknown', 0, 7, 0)"
    ).description

    assert description
    assert "Of most bounces no sender is known. Providers" in description
    assert description.endswith("look at where the account's addresses come from.")


def test_it_has_the_numbers(judge: Judge) -> None:
    result = judge("('2026-06-14', 'news', 100, 4, 4)", "('2026-06-15', 'news', 50, 1, 0)")

    assert {key: value.value for key, value in result.metadata.items()} == {
        "max_bounce_rate": 0.05,
        "min_messages": 100,
        "day": "2026-06-14",
        "sent": 100,
        "bounced": 8,
        "bounce_rate": 0.08,
        "today_sent": 50,
        "today_bounced": 1,
        "today_bounce_rate": 0.02,
        "worst_sender": "news",
    }


def test_a_sender_that_is_an_address_is_not_named(judge: Judge) -> None:
    result = judge("('2026-06-14', 'ann@acme.example', 100, 9, 0)")

    assert "@" not in f"{result.description} {result.metadata}"


def test_the_limit_is_a_setting(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DELIVERABILITY__MAX_BOUNCE_RATE", "0.1")

    assert judge("('2026-06-14', 'a', 100, 10, 0)").passed


@pytest.mark.parametrize("day", ["2026-06-14", "2026-06-15"])
def test_the_number_of_messages_is_a_setting_for_both_days(
    day: str, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DELIVERABILITY__MIN_MESSAGES", "7")

    assert not judge(f"('{day}', 'a', 7, 1, 0)").passed


def test_a_day_of_too_few_messages_says_so(judge: Judge) -> None:
    result = judge("('2026-06-14', 'a', 7, 1, 0)")

    assert result.description == (
        "deliverability_daily: messages sent on 2026-06-14 (UTC): 7. Their bounce rate is not "
        "judged, since min_messages is 100."
    )


def test_a_limit_that_cannot_be_used_is_told_with_where_to_set_it(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DELIVERABILITY__MAX_BOUNCE_RATE", "5")

    result = judge()

    assert not result.passed
    assert "DELIVERABILITY__MAX_BOUNCE_RATE" in str(result.description)


def test_no_check_of_mail_blocks() -> None:
    checks = build_deliverability_checks(configured_account())

    assert [spec.blocking for check in checks for spec in check.check_specs] == [False, False]
