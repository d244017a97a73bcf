"""A new column or a changed type is loaded, told, and warned of."""

from typing import Any

import dagster as dg
import dlt
import pytest

from email_assets.account import configured_account
from email_assets.sandbox import Sandbox
from email_assets.sync.schema_changes import schema_changes
from email_assets.sync.shown_names import ShownNames
from email_assets.warehouse.destination import open_pipeline
from email_assets_tests.dagster_fixtures import instance, materialize
from email_assets_tests.warehouses import fresh_warehouse, load

__all__ = ["instance"]

DOMAIN = {"id": 1, "name": "mail.acme.example", "score": 5}


def changes_after(api: Sandbox, *rows: object) -> list[str]:
    """The changes that a sync of these rows reports, after one of a single domain."""
    api.replace("domains", [DOMAIN])
    load("domains")
    api.replace("domains", [DOMAIN, *rows])
    return load("domains").schema_changes


def judged(result: dg.ExecuteInProcessResult) -> dg.AssetCheckEvaluation:
    (found,) = (
        evaluation
        for evaluation in result.get_asset_check_evaluations()
        if evaluation.check_name == "schema_unchanged"
    )
    return found


NEW: dict[str, tuple[dict[str, Any], str]] = {
    "a new column": ({"region": "eu"}, "a new column domains.region (text)"),
    "a value of another type": (
        {"score": "high"},
        "domains.score also came as text, which is in domains.score__v_text",
    ),
    "a field whose name looks like another type": (
        {"spec": {"v_max": 3}},
        "a new column domains.spec__v_max (bigint)",
    ),
    "a column that was made of an address": (
        {"tags": {"ann@acme.example": True}},
        "a new column domains.tags__… (bool)",
    ),
    "a table that was made of an address": (
        {"lists": {"ann@acme.example": [1]}},
        "a new table domains__lists__…",
    ),
    "a table below one that was made of an address": (
        {"other": {"ann@acme.example": [{"to": [1]}]}},
        "a new table domains__other__…__to",
    ),
    "a new list": ({"records": [{"type": "MX"}]}, "a new table domains__records"),
}
"""The part of a row that is new, and the words on it."""


@pytest.fixture(scope="module")
def changes(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The changes that a sync of rows reports of which each brings something new."""
    rows = [{**DOMAIN, "id": n, **fields} for n, (fields, _) in enumerate(NEW.values(), 2)]
    folder = tmp_path_factory.mktemp("changes")
    with Sandbox(messages=0) as sandbox, fresh_warehouse(folder, sandbox):
        return changes_after(sandbox, *rows)


@pytest.mark.usefixtures("api")
def test_the_first_sync_changes_nothing() -> None:
    assert load("domains").schema_changes == []


@pytest.mark.slow
def test_rows_of_the_same_shape_change_nothing(api: Sandbox) -> None:
    assert changes_after(api, {**DOMAIN, "id": 2}) == []


@pytest.mark.parametrize("what", NEW)
def test_what_is_new_is_told_without_addresses(changes: list[str], what: str) -> None:
    assert NEW[what][1] in changes


def test_nothing_else_is_told(changes: list[str]) -> None:
    of_the_table_between = "a new table domains__other__…"
    assert sorted(changes) == sorted([of_the_table_between, *(said for _, said in NEW.values())])


@pytest.mark.slow
def test_another_type_of_a_column_that_was_made_of_an_address_is_told_without_it(
    api: Sandbox,
) -> None:
    with_number = {**DOMAIN, "id": 2, "ann@acme.example": 7}
    changes_after(api, with_number)
    api.replace("domains", [{**with_number, "ann@acme.example": "seen"}])

    assert load("domains").schema_changes == [
        "domains.… also came as text, which is in domains.…__v_text"
    ]


@pytest.mark.usefixtures("warehouse")
def test_what_a_load_changed_about_other_tables_is_not_told_of_this_one() -> None:
    names = ("domains", "domains_of_others")
    with open_pipeline(configured_account().warehouse, "domains") as pipeline:
        info = pipeline.run([dlt.resource([{"id": 1}], name=name) for name in names])

    shown = ShownNames(pipeline.default_schema, "domains")
    assert schema_changes(info, "domains", shown) == ["a new table domains"]


def test_the_check_warns_with_the_difference(api: Sandbox, instance: dg.DagsterInstance) -> None:
    api.replace("domains", [DOMAIN])
    load("domains")
    api.replace("domains", [{**DOMAIN, "region": "eu"}])

    result = materialize(instance, "domains")

    found = judged(result)
    assert result.success
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found.description == (
        "domains: the last sync brought a new column domains.region (text). The rows are loaded; "
        "see that whoever reads the table can do with it."
    )


@pytest.mark.slow
def test_the_check_passes_again_with_the_next_sync(
    api: Sandbox, instance: dg.DagsterInstance
) -> None:
    changes_after(api, {**DOMAIN, "id": 2, "region": "eu"})

    assert judged(materialize(instance, "domains")).passed
