"""Refusals of `make run` and `make ui`, in one sentence, where they cannot begin."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from email_assets import cli
from email_assets.quickstart.__main__ import main
from email_assets.quickstart.folders import choose_folders
from email_assets.quickstart.load import without_traces
from email_assets.sandbox import Sandbox
from email_assets.sentences import ALMOST_FULL
from email_assets.settings import project


@pytest.fixture(autouse=True)
def usual_signals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


def test_an_address_that_is_none_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", "mail.example.org")

    assert main(["run"]) == 1

    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith("base_url must be an http or https address")


def test_a_port_in_use_is_refused_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert main(["ui", "--port", str(port)]) == 1

    assert f"Port {port} is in use." in capsys.readouterr().err


def test_a_port_that_there_is_none_of_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ui", "--port", "99999"]) == 1

    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence == "There is no port 99999. Take one up to 65535: make ui PORT=3000."


@pytest.mark.parametrize("file", ["home", "home/sandbox"])
@pytest.mark.parametrize("command", ["run", "report", "dbt-sources"])
def test_a_home_of_dagster_that_is_no_folder_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, file: str
) -> None:
    shutil.rmtree(tmp_path / "home")
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).touch()

    assert cli.main([command]) == 1

    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence == (
        f"The folder {tmp_path / file} for Dagster's history cannot be made: File exists. "
        "Set DAGSTER_HOME to a folder that you may write to."
    )


def test_a_full_disk_is_named_before_anything_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    free, usage = ALMOST_FULL - 1, shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=free))

    assert main(["run"]) == 1

    (sentence,) = capsys.readouterr().err.splitlines()
    assert re.match(r"The disk of \S+ is full\. Free some of it and run again\.", sentence)


@pytest.mark.slow
def test_a_disk_that_fills_during_a_run_is_named_and_nothing_else(
    api: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    usage, looks = shutil.disk_usage(tmp_path), itertools.count()
    # the three disks that are looked at have room when it begins
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: usage._replace(free=usage.free if next(looks) < 3 else 0)
    )
    # a history that cannot be written, which the command meets as it does one on a full disk
    (tmp_path / "home" / "dagster.yaml").write_text("storage: {sqlite: {base_dir: /dev/full}}")

    assert main(["run"]) == 1

    said = capsys.readouterr()
    assert "rror" not in said.out
    (sentence,) = said.err.splitlines()
    assert re.match(r"The disk of \S+ is full\. Free some of it and run again\.", sentence)


def test_a_dagster_home_that_does_not_exist_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "new" / "home"
    monkeypatch.setenv("DAGSTER_HOME", os.path.relpath(home))

    choose_folders()

    assert os.environ["DAGSTER_HOME"] == str(home)
    assert (home / "dagster.yaml").is_file()
    assert home.stat().st_mode & 0o777 == 0o700


def test_a_dagster_home_that_cannot_be_made_is_refused_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "file" / "home"))

    assert main(["run"]) == 1

    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.endswith(
        "cannot be made: Not a directory. Set DAGSTER_HOME to a folder that you may write to."
    )


def test_stack_traces_are_left_out_of_what_dagster_says() -> None:
    said = ["Failure: no\n", "\n", "Stack Trace:\n", '  File "x"\n', "    y\n", "\n", "next\n"]

    assert list(without_traces(said)) == ["Failure: no\n", "\n", "next\n"]


def test_ctrl_c_ends_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(project, "data_folder", lambda: os.kill(os.getpid(), signal.SIGINT))

    assert main(["run"]) == 130

    assert capsys.readouterr().err == "Stopped. What was loaded before is untouched.\n"
