"""The age at which an asset is stale."""

from __future__ import annotations

from datetime import timedelta

import pytest

from email_assets.defs.freshness import cron_of, longest_wait, window_of
from email_assets.settings.sections import AutomationSettings

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("cron", "wait"),
    [
        ("0 * * * *", HOUR),
        ("*/5 * * * *", timedelta(minutes=5)),
        ("* * * * *", timedelta(minutes=1)),
        ("30 5 * * *", DAY),
        ("0 0,20 * * *", 20 * HOUR),
        ("0 6 * * 1", 7 * DAY),
        ("0 0 1 * *", 31 * DAY),
        ("0 0 29 2 *", timedelta(days=8 * 365 + 1)),
    ],
)
def test_the_longest_wait_of_a_schedule_is_found(cron: str, wait: timedelta) -> None:
    assert longest_wait(cron) == wait


def test_the_weekend_is_the_longest_wait_of_office_hours() -> None:
    friday_evening_to_monday_morning = 2 * DAY + timedelta(hours=15, minutes=1)

    assert longest_wait("* 9-17 * * 1-5") == friday_evening_to_monday_morning


def test_a_long_pause_after_many_runs_is_found() -> None:
    assert longest_wait("0 * 1-15 * *") == 16 * DAY + HOUR


def test_a_pause_of_months_is_found() -> None:
    first_of_july_to_january = timedelta(days=184)

    assert longest_wait("0 * * 1-6 *") == first_of_july_to_january + HOUR


def test_runs_at_two_times_of_one_day_a_week_are_apart_by_the_rest_of_the_week() -> None:
    assert longest_wait("0 0,20 * * 1") == 6 * DAY + 4 * HOUR


def test_an_hourly_asset_is_stale_after_two_hours() -> None:
    assert window_of("event", AutomationSettings(event_cron="0 * * * *")) == 2 * HOUR


def test_a_daily_asset_is_stale_after_a_day_and_a_tenth() -> None:
    automation = AutomationSettings(inventory_cron="30 5 * * *")

    assert window_of("inventory", automation) == DAY * 1.1


def test_a_weekly_asset_has_a_tenth_of_the_week_as_slack() -> None:
    assert window_of("inventory", AutomationSettings(inventory_cron="0 6 * * 1")) == 7.7 * DAY


def test_each_kind_follows_its_own_schedule() -> None:
    automation = AutomationSettings(event_cron="*/5 * * * *", inventory_cron="0 6 * * 1")

    assert cron_of("event", automation) == "*/5 * * * *"
    assert cron_of("inventory", automation) == "0 6 * * 1"


@pytest.mark.parametrize("timezone", ["Europe/Berlin", "Pacific/Kiritimati", "America/St_Johns"])
def test_the_window_does_not_depend_on_the_time_zone(timezone: str) -> None:
    abroad = AutomationSettings(inventory_cron="30 2 * * *", timezone=timezone)

    assert window_of("inventory", abroad) == window_of(
        "inventory", AutomationSettings(inventory_cron="30 2 * * *")
    )


def test_the_window_covers_the_day_that_is_an_hour_longer() -> None:
    autumn_day = timedelta(hours=25)

    assert window_of("inventory", AutomationSettings(inventory_cron="30 2 * * *")) > autumn_day
