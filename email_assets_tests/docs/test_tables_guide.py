"""The guide to the tables, and the sources of a dbt project, on the sandbox's tables."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from email_assets.cli import main
from email_assets.clock import now
from email_assets.sandbox import Sandbox
from email_assets_tests.conftest import PROJECT
from email_assets_tests.deliverability.deliverability_fixtures import build
from email_assets_tests.postgres import Database
from email_assets_tests.queries import WAREHOUSES, Place, ask, fresh_place
from email_assets_tests.warehouses import fresh_warehouse, load

GUIDE = (PROJECT / "docs/tables.md").read_text()
QUESTIONS = re.findall(r"```sql\n(.*?)```", GUIDE, re.DOTALL)
MAY_BE_NOBODY = "after they had bounced"
(ROLE,) = re.findall(r"```postgresql\n(.*?)```", GUIDE, re.DOTALL)
CODE = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)


Loaded = tuple[Path, Place]


@pytest.fixture(scope="module", params=WAREHOUSES)
def loaded(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Loaded]:
    """The folder and the place of a warehouse with three resources."""
    folder = tmp_path_factory.mktemp("tables")
    place = fresh_place(folder, request)
    with Sandbox(messages=250) as sandbox, fresh_warehouse(folder, sandbox, place):
        for name in ("messages", "bounces", "domains"):
            load(name)
        build()
        yield folder, place


in_duckdb = pytest.mark.parametrize("loaded", ["duckdb"], indirect=True)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda sql: sql.partition("\n")[0][3:])
def test_each_question_has_an_answer(question: str, loaded: Loaded) -> None:
    _, place = loaded
    # the tests' own day, which may be another
    question = question.replace("current_date", f"DATE '{now().date()}'")
    if isinstance(place, Path):
        assert ask(place, question) or MAY_BE_NOBODY in question
    elif "duckdb_" not in question:
        assert place.ask(question) or MAY_BE_NOBODY in question


@in_duckdb
def test_the_notebook_reads_the_events(loaded: Loaded, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _ = loaded
    monkeypatch.chdir(folder)
    found: dict[str, Any] = {}

    (code,) = CODE
    exec(code, found)

    assert {"sent", "bounced"} <= {type_ for type_, _ in found["rows"]}


@pytest.mark.postgres
@pytest.mark.parametrize("loaded", ["postgres"], indirect=True)
def test_a_role_for_readers_sees_the_tables_and_those_to_come_and_changes_nothing(
    loaded: Loaded,
) -> None:
    _, place = loaded
    assert isinstance(place, Database)
    place.change(ROLE)
    load("servers")
    analyst = place.as_user("analyst", "change me")

    assert analyst.ask("SELECT count(*) FROM email.email_events") > [(0,)]
    assert analyst.ask("SELECT count(*) FROM email.servers") == [(5,)]
    with pytest.raises(Exception, match="permission denied"):
        analyst.change("DELETE FROM email.servers")


@in_duckdb
def test_dbt_gets_every_table_with_its_meaning_its_key_and_its_asset(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = loaded
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setenv("DAGSTER_HOME", str(folder))

    assert main(["dbt-sources", str(folder / "sources.yml")]) == 0

    (source,) = yaml.safe_load((folder / "sources.yml").read_text())["sources"]
    tables = {table["name"]: table for table in source["tables"]}
    assert set(tables) == {
        *("messages", "messages__recipients", "bounces", "domains"),
        *("deliverability_daily", "email_events", "recipients"),
    }
    assert all(table["description"] for table in tables.values())
    messages = tables["messages"]
    assert messages["config"]["meta"] == {"dagster": {"asset_key": ["messages"]}}
    assert messages["config"]["freshness"] == {"warn_after": {"count": 26, "period": "hour"}}
    columns = {column["name"]: column for column in messages["columns"]}
    assert columns["id"]["data_tests"] == ["not_null", "unique"]
    assert columns["sent_at"]["description"] == "When the service took it over."
