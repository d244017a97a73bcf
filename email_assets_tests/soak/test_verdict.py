"""The verdict on a soak tells of a key that leaked, of runs that must not be, of what grows."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import quote

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    InProcessCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._utils.error import serializable_error_info_from_exc_info

from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import empty_home, instance_on_disk
from email_assets_tests.defs.alerts.trouble_fixtures import evaluate, report_failed
from email_assets_tests.defs.sensor_fixtures import start_run
from email_assets_tests.secret_fixtures import holds_the_key
from email_assets_tests.soak.processes import Measure, Platform
from email_assets_tests.soak.verdict import (
    LEFT_A_KILL,
    MAX_RUNTIME,
    WARM,
    judge_growth,
    judge_leftovers,
    judge_runs,
    judge_secrecy,
    judge_ticks,
)

__all__ = ["empty_home", "instance_on_disk"]

LOCATION = InProcessCodeLocationOrigin(LoadableTargetOrigin(module_name="ours"))


@pytest.fixture
def instance(instance_on_disk: dg.DagsterInstance) -> dg.DagsterInstance:
    """One that stores ticks."""
    return instance_on_disk


def fail_tick(instance: dg.DagsterInstance, why: str) -> None:
    """Let a tick of the schedule `email_events` have failed."""
    schedule = InstigatorState(
        RemoteInstigatorOrigin(RemoteRepositoryOrigin(LOCATION, "all"), "email_events"),
        InstigatorType.SCHEDULE,
        InstigatorStatus.RUNNING,
        ScheduleInstigatorData("* * * * *"),
    )
    instance.add_instigator_state(schedule)
    try:
        raise ConnectionError(why)
    except ConnectionError:
        error = serializable_error_info_from_exc_info(sys.exc_info())
    tick = TickData(
        schedule.instigator_origin_id,
        schedule.instigator_name,
        InstigatorType.SCHEDULE,
        TickStatus.FAILURE,
        1.0,
        error=error,
        selector_id=schedule.selector_id,
    )
    instance.create_tick(tick)


@pytest.mark.parametrize("key", [KEY, quote(KEY, safe="")], ids=["as it is", "in an address"])
def test_it_names_a_file_in_which_the_key_stands(key: str, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / ".worker.log").write_bytes(b"\xff\x00 GET ?key=" + key.encode())
    (tmp_path / "logs" / "other.log").write_text("GET ?key=…")

    assert judge_secrecy(tmp_path, holds_the_key) == ["A secret stands in logs/.worker.log."]


class TestLeftovers:
    def test_a_working_directory_of_ours_is_one(self, tmp_path: Path) -> None:
        (tmp_path / "email_assets.1000" / "bounces-a1b2").mkdir(parents=True)

        assert judge_leftovers(tmp_path, kills=5) == [
            "1 working directories were left: bounces-a1b2."
        ]

    def test_of_other_things_a_few_may_be_left_for_each_kill(self, tmp_path: Path) -> None:
        for number in range(10 + LEFT_A_KILL):
            (tmp_path / f"tmp{number:06}").touch()

        assert judge_leftovers(tmp_path, kills=1) == []
        assert judge_leftovers(tmp_path, kills=0) == ["13 things were left in TMPDIR: {'…': 13}."]


class TestRuns:
    def test_a_run_that_never_ends_is_told(self, instance: dg.DagsterInstance) -> None:
        run = start_run(instance, job_name="email_all")

        assert f"Run {run.run_id} is STARTED for ever." in judge_runs(instance, set()).problems

    def test_a_run_that_hung_is_told_unless_its_process_was_killed(
        self, instance: dg.DagsterInstance
    ) -> None:
        for pid in (41, 42):
            run = report_failed(instance, f"The process (pid: {pid}) exceeded maximum runtime.")

        problems = judge_runs(instance, killed={41}).problems
        hung = [problem for problem in problems if "hung" in problem]
        assert hung == [f"Run {run} hung for more than {MAX_RUNTIME} s."]

    def test_a_key_that_is_there_twice_is_told(self, instance: dg.DagsterInstance) -> None:
        evaluate(instance, "bounces", passed=False, check="primary_key", why="1 id is there twice.")

        assert "primary_key failed: 1 id is there twice." in judge_runs(instance, set()).problems

    def test_failures_that_no_fault_of_the_api_explains_are_counted(
        self, instance: dg.DagsterInstance
    ) -> None:
        for why in ("the warehouse cannot be used: 1", "the warehouse cannot be used: 2", "(503)"):
            report_failed(instance, why)

        assert judge_runs(instance, set()).problems[0] == (
            "2 times: run: the warehouse cannot be used: N"
        )

    def test_a_schedule_whose_every_tick_found_no_code_server_need_not_launch_any(
        self, instance: dg.DagsterInstance
    ) -> None:
        fail_tick(instance, "DagsterUserCodeUnreachableError")

        assert judge_runs(instance, set()).problems == ["No sensor launched a run."]

    def test_a_schedule_or_sensor_that_launched_nothing_is_told(
        self, instance: dg.DagsterInstance
    ) -> None:
        start_run(instance, job_name="email_all", tags={"dagster/schedule_name": "email_all"})

        assert judge_runs(instance, set()).problems[1:] == ["No sensor launched a run."]


class TestTicks:
    def test_one_that_failed_by_itself_is_told(self, instance: dg.DagsterInstance) -> None:
        fail_tick(instance, "no such key")

        assert judge_ticks(instance) == [
            "1 ticks failed: email_events: ConnectionError: no such key"
        ]

    @pytest.mark.parametrize(
        "why",
        [
            "DagsterUserCodeUnreachableError",
            "messages: the API refused /v1/messages (422 Unprocessable Entity)",
        ],
    )
    def test_one_is_right_that_a_kill_or_a_refusal_explains(
        self, why: str, instance: dg.DagsterInstance
    ) -> None:
        fail_tick(instance, why)

        assert judge_ticks(instance) == []


def judge_daemon(folder: Path, grown: float) -> list[str]:
    """The verdict on a daemon that grows by some MB in its last 45 s; it starts with half."""
    platform = Platform(folder, {})
    sizes = [50] * int(WARM + 1) + [100] * 45 + [100 + grown] * 45
    platform.measures["daemon", 7] = [
        Measure(at=second, megabytes=megabytes, threads=9, files=9)
        for second, megabytes in enumerate(sizes)
    ]
    return judge_growth(platform, folder, runs=1)


def test_a_service_that_grows_when_it_is_warm_is_told(tmp_path: Path) -> None:
    assert judge_daemon(tmp_path, grown=20) == []
    assert judge_daemon(tmp_path, grown=50) == ["The daemon (7) grew by 50 MB in 1.5 minutes."]
