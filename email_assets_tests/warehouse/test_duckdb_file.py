"""DuckDB as a destination of dlt."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from dlt.common.libs import sql_alchemy_compat

from email_assets.account import configured_account
from email_assets.sandbox import Sandbox
from email_assets.warehouse.counts import count_keys
from email_assets.warehouse.destination import DEFAULT_FILE
from email_assets_tests.warehouses import load


class Imported(ModuleType):
    """The module by which dlt takes names from SQLAlchemy; it notes which."""

    def __init__(self) -> None:
        super().__init__(sql_alchemy_compat.__name__)
        self.names: list[str] = []

    def __getattr__(self, name: str) -> object:
        if not name.startswith("__"):
            self.names.append(name)
        return getattr(sql_alchemy_compat, name)


@pytest.mark.parametrize("place", ["{}", "  {}\n"])
def test_a_sync_takes_nothing_from_sqlalchemy_which_is_slow_to_import(
    place: str, api: Sandbox, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", place.format(warehouse))
    imported = Imported()
    monkeypatch.setitem(sys.modules, sql_alchemy_compat.__name__, imported)
    load("servers")
    assert imported.names == []
    assert warehouse.exists()


@pytest.mark.parametrize(
    ("variable", "file"),
    [
        ("DESTINATION__DUCKDB__CREDENTIALS", "relative.duckdb"),
        ("DESTINATION__DUCKDB__CREDENTIALS", "duckdb:///relative.duckdb"),
        ("DESTINATION__DUCKDB__CREDENTIALS__DATABASE", "relative.duckdb"),
    ],
)
def test_a_relative_file_lies_in_dlts_folder_for_syncs_and_for_questions(
    variable: str, file: str, api: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLT_LOCAL_DIR", str(tmp_path))
    monkeypatch.delenv("DESTINATION__DUCKDB__CREDENTIALS")
    monkeypatch.setenv(variable, file)
    load("servers")
    assert [one.name for one in tmp_path.glob("*.duckdb")] == ["relative.duckdb"]
    counted = count_keys(configured_account().warehouse, "servers", ["id"], say=print)
    assert counted
    assert counted.rows == 5


@pytest.mark.parametrize("place", ["", " \n"])
def test_a_setting_without_a_file_is_none(
    place: str, api: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLT_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", place)
    load("servers")
    assert (tmp_path / DEFAULT_FILE).exists()


def test_a_file_may_be_named_by_a_url(
    api: Sandbox, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", f"duckdb:///{warehouse}")
    load("servers")
    assert warehouse.exists()
