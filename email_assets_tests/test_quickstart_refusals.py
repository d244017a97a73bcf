"""What `make run` and `make ui` say at once, in a sentence, where they cannot begin."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from email_assets.quickstart import main
from email_assets.settings import resolve


@pytest.fixture(autouse=True)
def usual_signals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
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


def test_ctrl_c_ends_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(resolve, "data_folder", lambda: os.kill(os.getpid(), signal.SIGINT))

    assert main(["run"]) == 130

    assert capsys.readouterr().err == "Stopped. What was loaded before is untouched.\n"
