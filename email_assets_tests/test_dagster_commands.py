"""Dagster's own commands on the definitions."""

import json
import shutil
from pathlib import Path

import pytest

from email_assets_tests import programs
from email_assets_tests.conftest import PROJECT
from email_assets_tests.dagster_fixtures import (
    CHECK_NAMES,
    MADE_OF_EVENTS,
    NAMES,
    empty_home,
)

__all__ = ["empty_home"]

MATERIALIZE = ["dagster", "asset", "materialize", "--select", "bounces"]
MATERIALIZE += ["-m", "email_assets.definitions"]
COMMANDS: dict[str, tuple[list[str], dict[str, str]]] = {
    "validate": (["dagster", "definitions", "validate"], {}),
    "check": (["dg", "check", "defs"], {}),
    "list": (["dg", "list", "defs", "--json"], {}),
    "launch": (["dg", "launch", "--job", "email_all"], {}),
    "materialize with a bad setting": (MATERIALIZE, {"AUTOMATION__EVENT_CRON": "hourly"}),
}
LINE_WITH_A_MISTAKE = b"[sources.email\nbase_url = 1\n"
BROKEN = {
    "a key twice": b"[runtime]\nlog_level = 'INFO'\nlog_level = 'ERROR'\n",
    "a byte that is no UTF-8": "[runtime]\nlog_level = 'Größe'\n".encode("latin-1"),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, empty_home: Path) -> dict[str, tuple[int, str]]:
    """The exit status of some commands in a copy of the project, and what each said."""
    folder = tmp_path_factory.mktemp("project")
    project = folder / "email_assets"
    for part in ("email_assets", ".dlt"):
        shutil.copytree(
            PROJECT / part,
            project / part,
            ignore=shutil.ignore_patterns("__pycache__", "secrets.toml"),
        )
    for part in ("pyproject.toml", "workspace.yaml"):
        shutil.copy(PROJECT / part, project)
    homes = {name: shutil.copytree(empty_home, folder / name) for name in COMMANDS}
    found = {}
    for name, (arguments, env) in COMMANDS.items():
        ended = programs.run(*arguments, home=homes[name], cwd=project, env=env)
        found[name] = ended.status, ended.said
    return found


class TestCommands:
    @pytest.mark.slow
    def test_dagster_validates_them_without_a_flag(self, said: dict[str, tuple[int, str]]) -> None:
        status, output = said["validate"]

        assert status == 0, output
        assert "All code locations passed validation." in output

    def test_dg_checks_them(self, said: dict[str, tuple[int, str]]) -> None:
        status, output = said["check"]

        assert status == 0, output
        assert "All definitions loaded successfully." in output

    def test_dg_lists_them(self, said: dict[str, tuple[int, str]]) -> None:
        status, output = said["list"]

        assert status == 0, output
        listed = json.loads(output[output.index("{") :])
        assert sorted(asset["asset_key"] for asset in listed["assets"]) == sorted(
            [*NAMES, *MADE_OF_EVENTS, "email_api"]
        )
        # those of the table of days besides: bounce_rate and complaint_rate
        assert len(listed["asset_checks"]) == len(CHECK_NAMES) * len(NAMES) + 2

    def test_dg_launches_all_assets_and_warns_of_nothing(
        self, said: dict[str, tuple[int, str]]
    ) -> None:
        status, output = said["launch"]

        assert status == 1
        for name in NAMES:
            assert f"{name}: no API is configured yet." in output
        assert "warning" not in output.lower()

    def test_a_setting_that_cannot_be_used_is_one_sentence(
        self, said: dict[str, tuple[int, str]]
    ) -> None:
        status, output = said["materialize with a bad setting"]

        assert status == 1
        # before it stands what Dagster says of the command
        assert output.splitlines()[-1].startswith("event_cron 'hourly' is no cron expression")
        assert "Traceback" not in output

    def test_a_config_toml_that_cannot_be_read_is_one_sentence(
        self, tmp_path: Path, empty_home: Path
    ) -> None:
        home = shutil.copytree(empty_home, tmp_path / "home")

        ended = ended_with(LINE_WITH_A_MISTAKE, tmp_path, home, *MATERIALIZE)

        assert ended.status == 1
        assert ended.said.splitlines()[-1].startswith("config.toml in .dlt is no TOML in UTF-8 ")
        assert "Traceback" not in ended.said


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_whatever_keeps_a_config_toml_from_being_read_is_told(text: bytes, tmp_path: Path) -> None:
    look = "from email_assets.settings.resolve import use_project; use_project()"

    ended = ended_with(text, tmp_path, tmp_path / "home", "python", "-c", look)

    assert "SettingError: config.toml in .dlt is no TOML in UTF-8 " in ended.said.splitlines()[-1]


def ended_with(text: bytes, project: Path, home: Path, *command: str) -> programs.Ended:
    """The end of a command in a project with such a `config.toml`."""
    (project / ".dlt").mkdir()
    (project / ".dlt" / "config.toml").write_bytes(text)
    env = {"DLT_PROJECT_DIR": str(project)}
    return programs.run(*command, home=home, cwd=project, env=env)
