"""Rows are shown only where a setting asks for it, and then without addresses."""

from typing import Any

import dagster as dg
import pytest

from email_assets.sandbox import Sandbox
from email_assets.settings import resolve
from email_assets.settings.resolve import SettingError
from email_assets.settings.sections import CatalogSettings
from email_assets.sync.preview import LONGEST
from email_assets_tests.conftest import KEY
from email_assets_tests.dagster_fixtures import (
    figures,
    instance,
    materialize,
    platform,
)

__all__ = ["instance"]


@pytest.mark.slow
def test_no_row_is_shown_by_default(api: Sandbox, instance: dg.DagsterInstance) -> None:
    assert "preview" not in figures(materialize(instance, "bounces"), "bounces")


def test_a_resource_without_rows_shows_none(
    api: Sandbox, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATALOG__PREVIEW_ROWS", "3")
    api.replace("bounces", [])

    assert "preview" not in figures(materialize(instance, "bounces"), "bounces")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The preview after a second sync, which brought 6, 5 and 4 besides 3, 2 and 1."""
    with (
        Sandbox(messages=250, api_key=KEY) as sandbox,
        platform(tmp_path_factory.mktemp("preview"), sandbox) as instance,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("CATALOG__PREVIEW_ROWS", "3")
        bounce = {**sandbox.rows("bounces")[0], "note": "x" * (LONGEST + 1)}
        rows = [{**bounce, "id": number} for number in (6, 5, 4, 3, 2, 1)]
        sandbox.replace("bounces", rows[3:])
        materialize(instance, "bounces")
        sandbox.replace("bounces", rows)
        (event,) = materialize(instance, "bounces").get_asset_materialization_events()
    table = event.materialization.metadata["preview"]
    assert isinstance(table, dg.TableMetadataValue)
    return [dict(record.data) for record in table.records]


class TestAsked:
    @pytest.mark.slow
    def test_as_many_rows_as_were_asked_for_are_shown_of_those_that_were_loaded_last(
        self, shown: list[dict[str, Any]]
    ) -> None:
        assert sorted(row["id"] for row in shown) == ["4", "5", "6"]

    @pytest.mark.slow
    def test_their_addresses_are_masked(self, shown: list[dict[str, Any]]) -> None:
        assert {row["email"] for row in shown} == {"…"}

    def test_long_values_are_cut(self, shown: list[dict[str, Any]]) -> None:
        assert {row["note"] for row in shown} == {"x" * LONGEST}

    def test_the_columns_of_dlt_are_not_shown(self, shown: list[dict[str, Any]]) -> None:
        assert [name for row in shown for name in row if name.startswith("_dlt")] == []


@pytest.mark.parametrize("rows", ["-1", "101"])
def test_a_number_that_no_page_shows_is_refused(rows: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALOG__PREVIEW_ROWS", rows)

    with pytest.raises(SettingError, match="preview_rows must lie between 0 and 100"):
        resolve.load(CatalogSettings)
