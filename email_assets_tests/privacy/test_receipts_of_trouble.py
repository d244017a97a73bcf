"""A person is deleted, and something goes wrong then: the receipt tells of both."""

from __future__ import annotations

from pathlib import Path

import pytest

from email_assets.cli import main
from email_assets.sandbox import Sandbox
from email_assets_tests.privacy.privacy_fixtures import SALT
from email_assets_tests.warehouses import Query, load

ANN = "ann@example.org"
DELETED = "- email.messages: 1 row\n"
REWRITTEN = "- The DuckDB file was rewritten"


@pytest.fixture(autouse=True)
def folder(api: Sandbox, warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that receipts go to, with a warehouse of a mail to her."""
    monkeypatch.setenv("PRIVACY__SALT", SALT)
    monkeypatch.setenv("DLT_LOCAL_DIR", str(tmp_path))
    api.replace("messages", [{"id": "a", "to": ANN}])
    return tmp_path


def test_a_receipt_that_cannot_be_written_is_printed(
    folder: Path, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    load("messages")
    (folder / "receipts").write_text("no folder")

    assert main(["forget", ANN]) == 1

    printed = capsys.readouterr().out
    assert DELETED in printed
    assert REWRITTEN in printed
    assert "The receipt could not be written: keep what is printed." in printed
    assert query("SELECT count(*) FROM email.messages") == [(0,)]


@pytest.mark.slow
def test_a_file_that_cannot_be_rewritten_is_told_and_the_next_time_it_is(
    folder: Path, warehouse: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load("messages")
    in_the_way = Path(f"{warehouse}.partial")
    in_the_way.mkdir()

    assert main(["forget", ANN]) == 1

    printed = capsys.readouterr().out
    assert DELETED in printed
    assert REWRITTEN not in printed
    assert "The DuckDB file was not rewritten: then run this again." in printed
    (receipt,) = (folder / "receipts").iterdir()
    assert receipt.read_text() == printed

    in_the_way.rmdir()
    assert main(["forget", ANN]) == 0
    assert REWRITTEN in capsys.readouterr().out


@pytest.mark.parametrize("name", ["read_copy", "read_parquet"])
def test_a_copy_for_readers_that_is_written_no_more_is_left_to_be_deleted(
    name: str,
    warehouse: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(f"WAREHOUSE__{name.upper()}", "true")
    load("messages")
    monkeypatch.delenv(f"WAREHOUSE__{name.upper()}")

    assert main(["forget", ANN]) == 1

    (copy,) = warehouse.parent.glob("warehouse.read*")
    printed = capsys.readouterr().out
    assert f"- {copy} is from when {name} was on, and is written no more: delete it." in printed
