"""A sync tells the program that started it how far it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from email_assets.sync.watched import FILE, Watched


def test_each_line_says_of_an_asset_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FILE, str(tmp_path / "progress"))

    Watched("messages").tell("reading", read=100, total=250)
    Watched("bounces").tell("5 rows loaded …", state="done")

    lines = (tmp_path / "progress").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == [
        {"asset": "messages", "state": "under way", "text": "reading", "read": 100, "total": 250},
        {
            "asset": "bounces",
            "state": "done",
            "text": "5 rows loaded …",
            "read": None,
            "total": None,
        },
    ]


def test_a_file_that_cannot_be_written_is_no_fault_of_the_sync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FILE, str(tmp_path / "no such folder" / "progress"))
    Watched("messages").tell("reading")


def test_nothing_is_written_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FILE, raising=False)
    assert not Watched("messages").is_seen
    Watched("messages").tell("reading")
