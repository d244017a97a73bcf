"""Runs of the connection check, and their output."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from email_assets.check import main

NAMES = ["bounces", "messages", "deliverystats", "servers", "domains"]


Check = Callable[[], tuple[int, str]]


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Check:
    """The exit status of a check, and what it printed."""

    def run() -> tuple[int, str]:
        status = main([])
        return status, capsys.readouterr().out

    return run


def cells(output: str) -> dict[str, list[str]]:
    """The table: what it says of each resource, from left to right."""
    table = output.split("\n\n")[0].splitlines()[1:]
    return {cells[0]: cells[1:] for cells in (re.split(r"  +", line.strip()) for line in table)}
