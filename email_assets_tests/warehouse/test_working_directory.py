"""The folders that runs work in."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import pytest

from email_assets.account import configured_account
from email_assets.errors import WarehouseBusyError
from email_assets.sandbox import Sandbox
from email_assets.warehouse.destination import open_pipeline
from email_assets.warehouse.working_directory import WorkingDirectoryError, working_directory
from email_assets_tests.processes import holding
from email_assets_tests.warehouses import working_directories

NOBODY = 65534


def parent() -> Path:
    """The folder that all working directories lie in."""
    with working_directory("servers") as directory:
        return directory.parent


def left_behind() -> Path:
    """The working directory of a run that was killed."""
    folder = parent() / "bounces-left"
    (folder / "email_bounces").mkdir(parents=True)
    (folder / "in-use.lock").touch()
    return folder


def test_a_pipeline_works_in_a_folder_of_its_own(warehouse: Path) -> None:
    with (
        open_pipeline(configured_account().warehouse, "bounces") as one,
        open_pipeline(configured_account().warehouse, "bounces") as other,
    ):
        assert one.working_dir != other.working_dir


def test_the_folder_goes_with_the_pipeline(warehouse: Path) -> None:
    with open_pipeline(configured_account().warehouse, "bounces") as pipeline:
        folder = Path(pipeline.pipelines_dir)
        assert folder.is_dir()
    assert not folder.exists()


def test_the_folder_goes_after_an_error_too(warehouse: Path) -> None:
    folders = []

    def fail() -> None:
        with working_directory("bounces") as folder:
            folders.append(folder)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not folders[0].exists()


def test_nobody_else_can_open_the_folders(warehouse: Path) -> None:
    assert parent().stat().st_mode & 0o777 == 0o700


def test_a_folder_in_whose_name_dlt_would_put_something_is_refused(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "100% mine").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "100% mine"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with pytest.raises(WorkingDirectoryError, match=r"has a % in its name.* Set TMPDIR to another"):
        parent()


# Folders that were left behind


def test_the_folder_of_a_dead_run_is_removed(warehouse: Path) -> None:
    folder = left_behind()
    with working_directory("servers"):
        assert not folder.exists()


def test_the_folder_of_a_live_run_stays(warehouse: Path) -> None:
    with (
        open_pipeline(configured_account().warehouse, "bounces") as pipeline,
        working_directory("servers"),
    ):
        assert Path(pipeline.working_dir).is_dir()


def test_the_folder_of_a_live_run_of_another_process_stays(warehouse: Path) -> None:
    folder = left_behind()
    with holding("lock", folder / "in-use.lock"), working_directory("servers"):
        assert (folder / "email_bounces").is_dir()


def test_what_lies_beside_the_folders_is_not_touched(warehouse: Path) -> None:
    """An unpacked release, say: only what runs made themselves is theirs to remove."""
    temporary = Path(tempfile.gettempdir())
    unpacked = temporary / "email_assets-0.2.0"
    unpacked.mkdir()
    os.utime(unpacked, (0, 0))
    with working_directory("servers"):
        pass
    assert list(unpacked.iterdir()) == []


def test_links_are_not_followed(warehouse: Path) -> None:
    elsewhere = Path(tempfile.mkdtemp())
    (elsewhere / "precious").touch()
    (parent() / "bounces-link").symlink_to(elsewhere)
    with working_directory("servers"):
        pass
    assert os.listdir(elsewhere) == ["precious"]


# Other runs that are making theirs


def test_another_run_that_makes_its_folder_is_waited_for_and_told(
    api: Sandbox, warehouse: Path, waits: list[float]
) -> None:
    said: list[str] = []
    turn = parent() / ".lock"
    with holding("lock", turn) as run:

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 2:
                run.let_go()

        settings = configured_account().warehouse
        with open_pipeline(settings, "servers", say=said.append, sleep=sleep) as pipeline:
            assert Path(pipeline.pipelines_dir).is_dir()
    assert waits == [0.25, 0.25]
    assert said == [
        f"servers: waiting up to 600 s for {turn}, locked by another run of email_assets that "
        "makes its folder"
    ]


def test_another_run_that_makes_its_folder_is_not_waited_for_without_end(
    api: Sandbox, warehouse: Path, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    monkeypatch.setenv("WAREHOUSE__LOCK_TIMEOUT", "2")
    settings, turn = configured_account().warehouse, parent() / ".lock"
    with (
        holding("lock", turn),
        pytest.raises(WarehouseBusyError) as failure,
        open_pipeline(settings, "servers", sleep=waits.append),
    ):
        pass
    assert str(failure.value) == (
        f"servers: another run of email_assets kept the lock of {turn} for 2 s. End it (`fuser "
        f"{turn}` tells its PID), or set a longer lock_timeout. Set it as [warehouse] "
        "lock_timeout in .dlt/config.toml or as WAREHOUSE__LOCK_TIMEOUT."
    )
    assert sum(waits) == 2
    assert working_directories() == []


# A parent that is not ours


def test_a_parent_that_others_can_open_is_refused(warehouse: Path) -> None:
    folder = parent()
    folder.chmod(0o755)
    with (
        pytest.raises(
            WorkingDirectoryError,
            match=f"^{re.escape(str(folder))} is not a folder that you alone can open. Remove it, ",
        ),
        open_pipeline(configured_account().warehouse, "servers"),
    ):
        pass


def test_a_link_in_the_place_of_the_parent_is_refused(warehouse: Path) -> None:
    elsewhere = Path(tempfile.mkdtemp())
    (Path(tempfile.gettempdir()) / f"email_assets.{os.geteuid()}").symlink_to(elsewhere)
    with pytest.raises(WorkingDirectoryError), working_directory("servers"):
        pass
    assert os.listdir(elsewhere) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_users_folders_disturb_nobody(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as everybodys:
        Path(everybodys).chmod(0o777)
        monkeypatch.setattr(tempfile, "tempdir", everybodys)
        folder = left_behind()
        os.seteuid(NOBODY)
        try:
            with working_directory("servers"):
                pass
        finally:
            os.seteuid(0)
        assert (folder / "email_bounces").is_dir()
