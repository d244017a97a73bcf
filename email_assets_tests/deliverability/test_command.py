"""`email-assets report`: in a terminal and as a page."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from email_assets.cli import main
from email_assets.clock import now
from email_assets_tests.deliverability.deliverability_fixtures import put_daily


@pytest.fixture
def configured(warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An API that is configured and not asked, with a warehouse, in a folder that is left alone."""
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", "https://mail.acme.example")
    monkeypatch.chdir(tmp_path)
    return warehouse


def put_today(warehouse: Path) -> None:
    put_daily(warehouse, f"('{now().date()}', 'news.acme.example', 200, 20, 4)")


def test_in_a_terminal_it_says_the_figures_and_what_to_do(
    configured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_today(configured)

    assert main(["report"]) == 0

    said = capsys.readouterr().out
    assert said.startswith("12.0 % bounced: 24 of 200 messages, in the 30 days up to ")
    assert "most of news.acme.example; max_bounce_rate is 5.0 %" in said


def test_as_a_page_it_is_written_where_it_says(
    configured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_today(configured)

    assert main(["report", "--html"]) == 0

    page = tmp_path / "deliverability.html"
    assert capsys.readouterr().out == f"Written: {page}\n"
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert "<td>news.acme.example</td>" in page.read_text()


def test_without_a_table_it_says_what_to_materialize_and_writes_nothing(
    configured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", "--html", "page.html"]) == 1

    assert "Materialize deliverability_daily." in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()


def test_whoever_reads_only_its_beginning_gets_no_traceback(
    configured: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_today(configured)
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as pipe:
        monkeypatch.setattr("sys.stdout", pipe)

        assert main(["report"]) == 1
