"""Runs of a code server that was killed are ended before the next one starts."""

import shutil
from pathlib import Path

import dagster as dg
import pytest
import yaml

from email_assets.lost_runs import end_lost_runs, main
from email_assets_tests.dagster_fixtures import empty_home, instance_on_disk

__all__ = ["empty_home", "instance_on_disk"]

Status = dg.DagsterRunStatus
OURS = {"dagster/code_location": "email_assets"}


def status_after(instance: dg.DagsterInstance, status: Status, tags: dict[str, str]) -> Status:
    """The status that a run in some status is given."""
    run = instance.add_run(dg.DagsterRun(job_name="email_all", status=status, tags=tags))
    end_lost_runs(instance)
    found = instance.get_run_by_id(run.run_id)
    assert found
    return found.status


@pytest.mark.parametrize("status", [Status.STARTING, Status.STARTED])
def test_a_run_that_was_under_way_has_failed(
    instance_on_disk: dg.DagsterInstance, status: Status
) -> None:
    assert status_after(instance_on_disk, status, OURS) == Status.FAILURE


def test_a_run_that_was_being_canceled_is_canceled(instance_on_disk: dg.DagsterInstance) -> None:
    assert status_after(instance_on_disk, Status.CANCELING, OURS) == Status.CANCELED


@pytest.mark.parametrize("status", [Status.NOT_STARTED, Status.SUCCESS])
def test_a_run_that_no_process_is_needed_for_stays(
    instance_on_disk: dg.DagsterInstance, status: Status
) -> None:
    assert status_after(instance_on_disk, status, OURS) == status


@pytest.mark.parametrize(
    "tags", [{}, {"dagster/code_location": "theirs"}], ids=["in a shell", "of other code"]
)
def test_a_run_of_somebody_else_stays(
    instance_on_disk: dg.DagsterInstance, tags: dict[str, str]
) -> None:
    assert status_after(instance_on_disk, Status.STARTED, tags) == Status.STARTED


def test_a_run_of_another_launcher_lives_elsewhere_and_stays(
    empty_home: Path, tmp_path: Path
) -> None:
    home = shutil.copytree(empty_home, tmp_path / "home")
    elsewhere = {
        "run_launcher": {
            "module": "dagster._core.test_utils",
            "class": "MockedRunLauncher",
        }
    }
    (home / "dagster.yaml").write_text(yaml.safe_dump(elsewhere))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert status_after(instance, Status.STARTED, OURS) == Status.STARTED


@pytest.mark.parametrize("content", ["run_launcher: [", "no_such_thing: 1"])
def test_an_instance_that_cannot_be_opened_is_told_in_a_sentence(
    content: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "dagster.yaml").write_text(content)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))

    assert main() == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("lost_runs: there is no Dagster instance to look at: ")
    assert "Set DAGSTER_HOME to the folder of its dagster.yaml" in line


def test_without_a_home_it_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)

    assert main() == 1
    assert "Set DAGSTER_HOME to the folder" in capsys.readouterr().out


def test_tasks_of_a_launcher_that_has_none_are_told_in_a_sentence(
    instance_on_disk: dg.DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main("w1") == 1

    said = capsys.readouterr().out
    assert said.startswith("lost_runs: the results of Celery's tasks cannot be read: ")
    assert len(said.splitlines()) == 1
