"""The setting of the DuckDB file: a path, or a section in TOML or JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from email_assets.account import configured_account
from email_assets.settings.resolve import SettingError
from email_assets.warehouse.destination import database_file, warehouse_client
from email_assets_tests import programs


@pytest.mark.parametrize(
    "written",
    [
        *("~/mail.duckdb", "{home}/mail.duckdb\n", " ~/mail.duckdb "),
        *('{{"database": "{home}/mail.duckdb"}}', ' {{"database": "~/mail.duckdb"}}\n'),
    ],
)
def test_a_path_is_taken_as_a_shell_would_have_made_it(
    written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", written.format(home=tmp_path))

    client = warehouse_client(configured_account().warehouse, "messages")

    assert database_file(client) == tmp_path / "mail.duckdb"


@pytest.mark.parametrize("text", ["{", '{"database": 5}', '{"read_only": true}', "{}"])
def test_a_section_in_json_without_a_file_is_refused(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", text)

    with pytest.raises(SettingError, match="begins as JSON does, and names no database in JSON"):
        warehouse_client(configured_account().warehouse, "servers")


def test_a_section_of_a_file_need_not_name_the_default_file(tmp_path: Path) -> None:
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "secrets.toml").write_text(
        "[destination.duckdb.credentials]\nglobal_config = {threads = 2}\n"
    )
    show = (
        "from email_assets.account import configured_account as account\n"
        "from email_assets.warehouse.destination import database_file, warehouse_client\n"
        "print(database_file(warehouse_client(account().warehouse, 'servers')))"
    )

    ended = programs.run(
        *("python", "-c", show),
        home=tmp_path / "home",
        cwd=tmp_path,
        env={"DLT_PROJECT_DIR": str(tmp_path)},
    )

    assert ended.said == f"{tmp_path / 'warehouse.duckdb'}\n"


def test_a_section_in_json_may_have_all_that_dlt_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    section = {"database": str(tmp_path / "mail.duckdb"), "global_config": {"threads": 2}}
    monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", json.dumps(section))

    credentials = warehouse_client(configured_account().warehouse, "servers").credentials

    assert {name: credentials[name] for name in section} == section
