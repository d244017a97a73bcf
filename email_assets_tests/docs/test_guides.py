"""The guides tell what is true today."""

import ast
import re
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.defs.assets import build_assets
from email_assets.sandbox import Sandbox
from email_assets.settings import alerting, deliverability, privacy, sections, warehouse
from email_assets.sync.pipeline import sync
from email_assets.vendors.generic import VENDOR
from email_assets.warehouse.destination import open_pipeline
from email_assets_tests.conftest import PROJECT
from email_assets_tests.docs.pages import blocks, first_cells, guide


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The entry that the guide adds, among the vendor's resources for one test."""
    (block,) = blocks(guide("vendors").split("## Add a resource\n")[1], "python")
    entry: dict[str, Any] = ast.literal_eval(block)
    monkeypatch.setitem(VENDOR, "resources", [*VENDOR["resources"], entry])
    return entry


def test_the_entry_of_add_a_resource_becomes_an_asset(example: dict[str, Any]) -> None:
    keys = {asset.key.to_user_string() for asset in build_assets(configured_account())}
    assert keys == {str(resource["name"]) for resource in VENDOR["resources"]}
    assert example["name"] in keys


def test_the_entry_of_add_a_resource_asks_the_api_for_its_path(
    example: dict[str, Any], api: Sandbox
) -> None:
    # the sandbox has no such resource: its 404 proves that the path was asked for
    with (
        open_pipeline(configured_account().warehouse, example["name"]) as pipeline,
        pytest.raises(Exception, match=re.escape(f"there is no {example['endpoint']['path']} at")),
    ):
        sync(configured_account(), pipeline, example["name"], say=print)
    assert [request.path for request in api.requests] == [example["endpoint"]["path"]]


def _variables() -> list[str]:
    return re.findall(r"^\| `[^|]+\| `([A-Z_]+)`", guide("configuration"), re.MULTILINE)


def test_every_setting_is_in_the_configuration_table() -> None:
    specs: list[Any] = [
        sections.ApiSettings,
        warehouse.WarehouseSettings,
        sections.AutomationSettings,
        sections.CatalogSettings,
        alerting.AlertSettings,
        deliverability.DeliverabilitySettings,
        sections.RetentionSettings,
        privacy.PrivacySettings,
        alerting.MailSettings,
    ]
    ours = {
        "__".join((*spec.sections, name)).upper()
        for spec in specs
        for name in spec.get_resolvable_fields()
    }
    assert ours <= set(_variables())


def test_every_row_of_the_configuration_table_names_its_variable_after_its_setting() -> None:
    rows = re.findall(
        r"^\| `(?:\[([a-z.]+)\] )?([a-z_]+)`[^|]*\| `([A-Z_]+)`", guide("configuration"), re.M
    )
    assert len(rows) > 15
    for table, name, variable in rows:
        assert "__".join([*filter(None, table.split(".")), name]).upper() == variable


def test_every_setting_of_a_resource_is_in_the_table_of_incremental_sync() -> None:
    assert sorted(first_cells(guide("incremental"))) == sorted(
        sections.ResourceSettings.get_resolvable_fields()
    )


@pytest.mark.parametrize("sentence", first_cells(guide("troubleshooting")))
def test_every_sentence_of_troubleshooting_is_one_that_the_code_says(sentence: str) -> None:
    code = " ".join(path.read_text() for path in (PROJECT / "email_assets").rglob("*.py"))
    said = re.sub(r"\"\s*\n?\s*f?\"", "", code)
    fixed_parts = [
        part.strip(" .,")
        for part in re.split(r"…|\b\d+ s\b|\b\d+\b|'data'|warehouse\.duckdb|\(|\)", sentence)
        if len(part.strip(" .,/")) > 5
    ]
    assert fixed_parts
    for part in fixed_parts:
        assert part in said
