"""A PostgreSQL database in which others have datasets too, that our user may not read."""

from __future__ import annotations

from pathlib import Path

import pytest

from email_assets.cli import main
from email_assets.sandbox import Sandbox
from email_assets_tests.postgres import Database
from email_assets_tests.privacy.privacy_fixtures import SALT
from email_assets_tests.queries import Place, ask, change, on_both, set_place
from email_assets_tests.warehouses import load

ANN = "ann@example.org"


@pytest.mark.postgres
@pytest.mark.parametrize("warehouse", ["postgres"], indirect=True)
def test_people_whom_others_forget_there_keep_nothing_of_ours_from_its_way(
    api: Sandbox, warehouse: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(warehouse, Database)
    monkeypatch.setenv("DLT_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("PRIVACY__SALT", SALT)
    api.replace("bounces", [{"id": 1, "email": ANN}])
    load("bounces")
    assert main(["forget", ANN]) == 0
    warehouse.change(
        f"CREATE ROLE {warehouse.name}_b LOGIN PASSWORD 'b'",
        f"GRANT CREATE ON DATABASE {warehouse.name} TO {warehouse.name}_b",
    )
    set_place(monkeypatch, warehouse.as_user(f"{warehouse.name}_b", "b"))
    monkeypatch.setenv("WAREHOUSE__DATASET_NAME", "email_b")
    monkeypatch.setenv("PRIVACY__SALT", f"{SALT}, of others")

    assert load("bounces").rows_loaded == 1
    assert main(["forget", ANN]) == 0
    assert warehouse.ask("SELECT count(*) FROM email_b.bounces") == [(0,)]


@on_both
def test_a_dataset_that_cannot_be_searched_is_told_in_the_receipt_of_the_others(
    api: Sandbox,
    warehouse: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DLT_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("PRIVACY__SALT", SALT)
    api.replace("bounces", [{"id": 1, "email": ANN}])
    load("bounces")
    in_the_way = "CREATE VIEW other._email_forgotten AS SELECT 1 AS one"
    change(
        warehouse, "CREATE SCHEMA other", "CREATE TABLE other._email_account (x INT)", in_the_way
    )

    assert main(["forget", ANN]) == 1

    printed = capsys.readouterr().out
    assert "- email.bounces: 1 row\n" in printed
    assert "The dataset other was left out: then run this again." in printed
    assert ask(warehouse, "SELECT count(*) FROM email.bounces") == [(0,)]
