"""The verdict on alerts tells of those that are false and of those that are missing."""

from __future__ import annotations

from collections import defaultdict

import dagster as dg
import pytest

from email_assets.alerts.causes import Causes, Problem, recover, tell
from email_assets_tests.dagster_fixtures import empty_home, instance_on_disk
from email_assets_tests.defs.sensor_fixtures import start_run
from email_assets_tests.soak.alarms import (
    NOTHING,
    Events,
    Told,
    Trouble,
    judge_alarms,
    judge_all,
    read_alerts,
    read_events,
)
from email_assets_tests.soak.users import ASSETS

__all__ = ["empty_home", "instance_on_disk"]

LOOKS = [(float(began), began + 5.0) for began in range(0, 300, 30)]
FAILED = Trouble("bounces", "failed", 40, 50)


def events(
    *troubles: Trouble, made: float | None = 200, known: float = 0, last_word: str = NOTHING
) -> Events:
    times = [] if made is None else [(made, max(made, known))]
    mended = defaultdict(list, {("bounces", "failed"): times})
    return Events(
        [*troubles],
        mended,
        failed=[(50, {"bounces"})],
        looks=LOOKS,
        last_word=last_word,
    )


def test_what_alerts_say_is_read_as_they_are_worded() -> None:
    causes: Causes = {}
    problems = [
        Problem("bounces", "failed", "it was killed.", 10, "link"),
        Problem("messages", "failed", "it was killed.", 10, "link"),
        Problem("servers:complete", "got a warning from the check complete", "why.", 10, "link"),
        Problem("servers:primary_key", "could not be checked", "why.", 10, "link"),
        Problem("domains", "went stale", "not materialized.", 10, "link"),
    ]
    told = tell(causes, problems, {}, "here")
    slots = [problem.slot for problem in problems]
    told += recover(causes, dict.fromkeys(slots, 20), slots, "here")

    found = read_alerts([(30, message.text) for message in told])

    assert {(one.name, one.what) for one in found} == {
        ("bounces", "failed"),
        ("messages", "failed"),
        ("servers", "complete"),
        ("servers", "could not be checked"),
        ("domains", "went stale"),
        ("bounces", "recovered"),
        ("messages", "recovered"),
        ("servers", "recovered"),
        ("domains", "recovered"),
    }


def test_a_trouble_that_is_told_and_mended_is_as_it_should_be() -> None:
    told = [Told(64, "bounces", "failed"), Told(215, "bounces", "recovered")]

    assert judge_alarms(events(FAILED), told) == []


def test_a_trouble_that_nobody_is_told_of_is_missing() -> None:
    assert judge_alarms(events(FAILED), []) == ["An alert is missing: bounces failed."]


def test_a_trouble_that_was_mended_before_anybody_looked_need_not_be_told() -> None:
    assert judge_alarms(events(FAILED, made=55), []) == []


def test_a_trouble_of_what_is_known_to_be_in_trouble_need_not_be_told_again() -> None:
    again = Trouble("bounces", "failed", 90, 100)

    assert judge_alarms(events(FAILED, again), [Told(64, "bounces", "failed")]) == []


@pytest.mark.parametrize(
    "told",
    [
        Told(64, "messages", "failed"),
        Told(64, "bounces", "complete"),
        Told(64, "bounces", "went stale"),
        Told(30, "bounces", "failed"),
        Told(30, "bounces", "could not be checked"),
    ],
    ids=["of another asset", "of another kind", "stale", "before it happened", "before it failed"],
)
def test_an_alert_of_what_did_not_happen_is_false(told: Told) -> None:
    known = Told(64, "bounces", "failed")

    assert judge_alarms(events(FAILED), [known, told]) == [
        f"A false alert: {told.name} {told.what}."
    ]


def test_an_alert_of_what_was_mended_before_anybody_looked_is_false() -> None:
    assert judge_alarms(events(FAILED, made=55), [Told(64, "bounces", "failed")]) == [
        "A false alert: bounces failed."
    ]


def test_an_alert_is_true_while_the_run_that_mends_its_cause_has_not_ended() -> None:
    told = [Told(64, "bounces", "failed"), Told(95, "bounces", "recovered")]

    assert judge_alarms(events(FAILED, made=55, known=70), told) == []


def test_an_alert_of_checks_that_a_failed_run_left_undone_is_true() -> None:
    told = [Told(64, "bounces", "failed"), Told(64, "bounces", "could not be checked")]

    assert judge_alarms(events(FAILED), told) == []


@pytest.mark.parametrize(("checked", "is_true"), [(None, False), (40.0, False), (80.0, True)])
def test_a_recovery_from_a_check_that_was_left_undone_is_true_once_it_passes(
    checked: float | None, is_true: bool
) -> None:
    found = events()
    found.unchecked = [(50, "bounces", "freshness_check")]
    if checked:
        found.mended["bounces", "freshness_check"] = [(checked, checked)]
    told = [Told(64, "bounces", "could not be checked"), Told(95, "bounces", "recovered")]

    assert (judge_alarms(found, told) == []) is is_true


def test_a_recovery_of_what_nothing_mended_is_false() -> None:
    told = [Told(64, "bounces", "failed"), Told(94, "bounces", "recovered")]

    assert "A false alert: bounces recovered." in judge_alarms(events(FAILED, made=None), told)


def test_something_that_is_still_said_to_be_wrong_at_the_end_is_told() -> None:
    last = "Something is wrong with bounces."

    assert judge_alarms(events(last_word=last), []) == [
        f"At the end, when all was well, it said: {last}"
    ]


def test_a_run_that_never_started_failed_with_all_that_it_was_asked_for(
    instance_on_disk: dg.DagsterInstance,
) -> None:
    run = start_run(instance_on_disk, job_name="some", asset_selection={dg.AssetKey("servers")})
    instance_on_disk.report_run_failed(run)

    found = read_events(instance_on_disk)

    assert [(one.name, one.what) for one in found.troubles] == [("servers", "failed")]


def test_a_run_of_one_account_that_never_started_is_no_failure_of_another(
    instance_on_disk: dg.DagsterInstance,
) -> None:
    instance_on_disk.report_run_failed(start_run(instance_on_disk, job_name="support_email_events"))

    assert {one.name for one in read_events(instance_on_disk, "support").troubles} == {
        f"support/{name}" for name in ASSETS
    }
    assert read_events(instance_on_disk, "marketing").troubles == []


@pytest.mark.parametrize("name", ["servers", "billing/servers", "marketings/servers"])
def test_an_alert_of_no_account_is_false(name: str, instance_on_disk: dg.DagsterInstance) -> None:
    found = judge_all(instance_on_disk, [Told(64, name, "failed")], ["marketing"])

    assert f"A false alert: {name} failed." in found


def test_an_alert_of_an_account_is_held_against_its_own_events(
    instance_on_disk: dg.DagsterInstance,
) -> None:
    failed = start_run(
        instance_on_disk, job_name="some", asset_selection={dg.AssetKey(["support", "servers"])}
    )
    instance_on_disk.report_run_failed(failed)
    (trouble,) = read_events(instance_on_disk, "support").troubles

    found = judge_all(
        instance_on_disk,
        [Told(trouble.known + 1, "support/servers", "failed")],
        ["marketing", "support"],
    )

    assert [one for one in found if "false" in one] == []
