"""A new column or a changed type is loaded, told, and warned of."""

import dagster as dg
import dlt
import pytest

from email_assets.account import configured_account
from email_assets.sandbox import Sandbox
from email_assets.sync.schema_changes import schema_changes
from email_assets.sync.shown_names import ShownNames
from email_assets.warehouse.destination import open_pipeline
from email_assets_tests.dagster_fixtures import instance, materialize
from email_assets_tests.warehouses import load

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


@pytest.mark.usefixtures("api")
def test_the_first_sync_changes_nothing() -> None:
    assert load("domains").schema_changes == []


def test_rows_of_the_same_shape_change_nothing(api: Sandbox) -> None:
    assert changes_after(api, {**DOMAIN, "id": 2}) == []


def test_a_new_column_is_told(api: Sandbox) -> None:
    assert changes_after(api, {**DOMAIN, "id": 2, "region": "eu"}) == [
        "a new column domains.region (text)"
    ]


def test_a_value_of_another_type_is_told(api: Sandbox) -> None:
    assert changes_after(api, {**DOMAIN, "id": 2, "score": "high"}) == [
        "domains.score also came as text, which is in domains.score__v_text"
    ]


def test_a_field_whose_name_looks_like_another_type_is_told_as_a_new_column(api: Sandbox) -> None:
    assert changes_after(api, {**DOMAIN, "id": 2, "spec": {"v_max": 3}}) == [
        "a new column domains.spec__v_max (bigint)"
    ]


def test_a_column_that_was_made_of_an_address_is_told_without_it(api: Sandbox) -> None:
    assert changes_after(api, {**DOMAIN, "id": 2, "tags": {"ann@acme.example": True}}) == [
        "a new column domains.tags__… (bool)"
    ]


def test_another_type_of_a_column_that_was_made_of_an_address_is_told_without_it(
    api: Sandbox,
) -> None:
    with_number = {**DOMAIN, "id": 2, "ann@acme.example": 7}
    changes_after(api, with_number)
    api.replace("domains", [{**with_number, "ann@acme.example": "seen"}])

    assert load("domains").schema_changes == [
        "domains.… also came as text, which is in domains.…__v_text"
    ]


def test_a_table_that_was_made_of_an_address_is_told_without_it(api: Sandbox) -> None:
    lists = {"ann@acme.example": [{"to": [1]}]}

    assert sorted(changes_after(api, {**DOMAIN, "id": 2, "lists": lists})) == [
        "a new table domains__lists__…",
        "a new table domains__lists__…__to",
    ]


def test_a_new_list_is_told_as_its_table(api: Sandbox) -> None:
    assert changes_after(api, {**DOMAIN, "id": 2, "records": [{"type": "MX"}]}) == [
        "a new table domains__records"
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


def test_the_check_passes_again_with_the_next_sync(
    api: Sandbox, instance: dg.DagsterInstance
) -> None:
    changes_after(api, {**DOMAIN, "id": 2, "region": "eu"})

    assert judged(materialize(instance, "domains")).passed
