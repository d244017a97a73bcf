"""The definitions, and that loading them reads, opens and asks for nothing."""

import json
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

import dagster as dg
import pytest

from email_assets.account import configured_account
from email_assets.definitions import defs
from email_assets.defs.checks import build_checks
from email_assets.defs.deliverability_checks import build_deliverability_checks
from email_assets.defs.freshness_check import build_freshness_checks
from email_assets.defs.schedules import build_schedules
from email_assets.settings.resolve import SettingError
from email_assets_tests.dagster_fixtures import CHECK_NAMES, NAMES

LOAD_AND_WATCH = """
import json, os, sys

touched = []

def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and path != os.devnull:
            touched.append([event, repr(path)])
    elif event in (
        "os.mkdir", "os.remove", "os.rename", "sqlite3.connect", "socket.connect",
        "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto",
    ):
        touched.append([event, repr(arguments)])

sys.addaudithook(watch)
from email_assets.definitions import defs
defs.resolve_all_asset_specs()
sys.stdout.write(json.dumps({"touched": touched, "modules": list(sys.modules)}))
"""


def check_keys(definitions: Iterable[dg.AssetsDefinition]) -> set[tuple[str, str]]:
    return {
        (key.asset_key.to_user_string(), key.name)
        for definition in definitions
        for key in definition.check_keys
    }


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The files touched and modules known by a process without settings that loaded them."""
    folder = tmp_path_factory.mktemp("loading")
    done = subprocess.run(
        [sys.executable, "-c", LOAD_AND_WATCH],
        cwd=folder,
        env={"PATH": "", "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        check=True,
        text=True,
    )
    return {**json.loads(done.stdout), "said": done.stderr, "left": list(folder.iterdir())}


class TestLoading:
    @pytest.mark.slow
    def test_it_needs_no_network_and_no_database_and_writes_no_file(
        self, loaded: dict[str, Any]
    ) -> None:
        assert loaded["touched"] == []

    @pytest.mark.slow
    def test_it_leaves_nothing_in_the_working_directory_or_at_home(
        self, loaded: dict[str, Any]
    ) -> None:
        assert loaded["left"] == []

    def test_it_says_nothing(self, loaded: dict[str, Any]) -> None:
        assert loaded["said"] == ""

    def test_it_does_not_start_the_sandbox(self, loaded: dict[str, Any]) -> None:
        assert [name for name in loaded["modules"] if name.startswith("email_assets.sandbox")] == []

    def test_it_imports_nothing_that_only_a_sync_or_the_sandbox_needs(
        self, loaded: dict[str, Any]
    ) -> None:
        assert {"pyarrow", "starlette", "uvicorn"} & set(loaded["modules"]) == set()


class TestSettings:
    @pytest.mark.parametrize(
        ("variable", "value", "problem"),
        [
            ("AUTOMATION__EVENT_CRON", "hourly", "event_cron 'hourly' is no cron expression"),
            *(
                (f"AUTOMATION__{name.upper()}", cron, f"{name} {cron!r} is no cron expression")
                for name in ("event_cron", "inventory_cron")
                for cron in ("0 0 15W * *", "0 0 1,15w * *", "0 0 30 2 *", "0 0 0 1 1 *")
            ),
            ("AUTOMATION__TIMEZONE", "Berlin", "timezone 'Berlin' is no IANA time zone"),
            ("AUTOMATION__ENABLED", "perhaps", "enabled has a value of the wrong type"),
        ],
    )
    def test_a_setting_that_cannot_be_used_is_refused_with_where_to_set_it(
        self, variable: str, value: str, problem: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(variable, value)

        with pytest.raises(SettingError) as refused:
            build_schedules(configured_account())

        assert problem in str(refused.value)
        assert variable in str(refused.value)

    @pytest.mark.parametrize(
        "cron", ["0 0 L * *", "0 6 * jan-jun mon,WED", "0 6 * * mon#1", "0 6 * * L5", "0 0 ? * ?"]
    )
    def test_what_dagster_takes_beside_numbers_is_a_cron_expression(
        self, cron: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AUTOMATION__EVENT_CRON", cron)

        schedule = build_schedules(configured_account())[0]

        assert schedule.cron_schedule == cron


class TestTheRest:
    def test_every_asset_has_its_checks(self) -> None:
        assert check_keys(
            [*build_checks(configured_account()), *build_freshness_checks(configured_account())]
        ) == {(name, check) for name in NAMES for check in CHECK_NAMES}

    def test_the_definitions_hold_every_check(self) -> None:
        assert check_keys(defs.asset_checks or ()) == check_keys(
            [
                *build_checks(configured_account()),
                *build_freshness_checks(configured_account()),
                *build_deliverability_checks(configured_account()),
            ]
        )

    @pytest.mark.parametrize(
        ("held", "names"),
        [
            (
                defs.jobs,
                [
                    "email_events",
                    "email_inventory",
                    "email_all",
                    "email_weekly_report",
                    "email_retention",
                ],
            ),
            (
                defs.schedules,
                ["email_events", "email_inventory", "email_retention", "email_weekly_report"],
            ),
            (defs.sensors, ["new_records", "freshness_checks", "alerts"]),
        ],
    )
    def test_jobs_schedules_and_sensors_have_their_names(
        self, held: Iterable[Any], names: list[str]
    ) -> None:
        assert [one.name for one in held] == names

    def test_steps_run_in_one_process(self) -> None:
        assert defs.executor is dg.in_process_executor
