"""The sandbox as a newcomer starts it: `python -m email_assets.sandbox`."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from email_assets.sandbox.__main__ import main
from email_assets.sandbox.kinds import KINDS


@contextmanager
def started(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """The process, its base URL and the rest of its greeting, once it listens on a free port."""
    command = [sys.executable, "-W", "error", "-m", "email_assets.sandbox", "--port", "0"]
    with subprocess.Popen(
        [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            first = process.stdout.readline()
            assert first.startswith("The email sandbox listens on http://127.0.0.1:"), first
            rest = process.stdout.readline() + process.stdout.readline()
            yield process, first.split()[5].rstrip(","), rest
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_greets_answers_and_ends_without_a_word(number: signal.Signals) -> None:
    with started("--api-key", "a b", "--fault", "bounces:latency:seconds=60") as (
        process,
        url,
        greeting,
    ):
        answer = requests.get(f"{url}/v1/messages", params={"api_key": "a b"}, timeout=60)
        assert answer.json()["total"] == 5_000
        with pytest.raises(requests.Timeout):
            requests.get(f"{url}/v1/bounces", params={"api_key": "a b"}, timeout=0.01)
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert greeting == f"Try:  curl '{url}/v1/bounces?api_key=a%20b&limit=3'\nCtrl-C ends it.\n"
    assert (out, err, process.returncode) == ("", "", 0)


def test_a_taken_port_is_one_sentence_and_status_1() -> None:
    with started() as (_, url, _):
        port = url.rsplit(":", 1)[1]
        command = [sys.executable, "-m", "email_assets.sandbox", "--port", port]
        second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 1
    assert second.stderr.startswith(f"The sandbox cannot listen on 127.0.0.1, port {port}: ")
    assert second.stderr.count("\n") == 1


def test_the_help_names_every_option_and_fault(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    text = capsys.readouterr().out
    options = "host port messages rate latency seed api-key fault"
    assert ended.value.code == 0
    assert all(f"--{option}" in text for option in options.split())
    assert all(f"\n  {kind}" in text for kind in KINDS)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--fault", "bounces:nope"], "There is no fault 'nope'; known are"),
        (["--fault", "x:html"], "There is no resource 'x'; known are"),
        (["--fault", "bounces:total"], "total needs the option value."),
        (["--port", "65536"], "a port is a whole number from 0 to 65535."),
        (["--messages", "-1"], "'-1' is not a number of at least 0."),
        (["--messages", "1.5"], "'1.5' is not a number of at least 0."),
        (["--rate", "nan"], "'nan' is not a number of at least 0."),
        (["--latency", "inf"], "'inf' is not a number of at least 0."),
    ],
)
def test_what_cannot_be_is_explained(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err
