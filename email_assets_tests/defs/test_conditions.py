"""Automation conditions, which may stand in for schedules."""

from collections.abc import Iterator
from datetime import datetime, timezone

import dagster as dg
import pytest

from email_assets.account import configured_account
from email_assets.defs.build import build_defs
from email_assets.settings.resolve import SettingError
from email_assets_tests.dagster_fixtures import EVENTS, INVENTORY, MADE_OF_EVENTS, NAMES

LATE = datetime(2026, 6, 15, 4, 59, tzinfo=timezone.utc)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def asked_at(
    defs: dg.Definitions, instance: dg.DagsterInstance, *times: datetime
) -> list[set[str]]:
    """The assets that the conditions ask for at each of some times."""
    found, cursor = [], None
    for at in times:
        result = dg.evaluate_automation_conditions(
            defs=defs, instance=instance, cursor=cursor, evaluation_time=at
        )
        cursor = result.cursor
        requested = result._requested_partitions_by_asset_key.items()  # noqa: SLF001
        found.append({key.to_user_string() for key, partitions in requested if partitions})
    return found


def test_each_kind_is_asked_for_by_its_cron(instance: dg.DagsterInstance) -> None:
    defs = build_defs(automation="conditions")

    before, hourly, daily = asked_at(
        defs,
        instance,
        LATE,
        LATE.replace(hour=5, minute=1),
        LATE.replace(hour=5, minute=31),
    )

    assert before == set()
    assert hourly == {*EVENTS}
    assert daily == {*INVENTORY}


def test_conditions_take_the_place_of_schedules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMATION__MODE", "conditions")
    repository = build_defs(key_prefix="mail").get_repository_def()

    assert [schedule.name for schedule in repository.schedule_defs] == [
        "mail_email_retention",
        "mail_email_weekly_report",
    ]
    assert "mail_conditions" in {sensor.name for sensor in repository.sensor_defs}
    assert {
        spec.key.path[-1]
        for spec in build_defs().resolve_all_asset_specs()
        if spec.automation_condition
    } == {*NAMES, *MADE_OF_EVENTS}


def test_without_them_no_asset_has_a_condition() -> None:
    specs = build_defs().resolve_all_asset_specs()

    assert not any(spec.automation_condition for spec in specs)


def test_partitions_and_conditions_do_not_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "CURSOR_PATH": "sent_at",
        "PARTITION": "daily",
        "PARTITION_START": "2026-01-01",
    }.items():
        monkeypatch.setenv(f"SOURCES__EMAIL__MESSAGES__{name}", value)

    with pytest.raises(SettingError, match="miss what changes late"):
        build_defs(automation="conditions")


def test_another_mode_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTOMATION__MODE", "magic")

    with pytest.raises(SettingError, match="mode can only be schedules or conditions"):
        _ = configured_account().automation
