"""Rows are shown only where a setting asks for it, and then without addresses."""

from typing import Any

import dagster as dg
import pytest

from email_assets import settings
from email_assets.sandbox import Sandbox
from email_assets.sections import CatalogSettings
from email_assets.settings import SettingError
from email_assets_tests.dagster_fixtures import empty_home, figures, instance, materialize

__all__ = ["empty_home", "instance"]


def test_no_row_is_shown_by_default(api: Sandbox, instance: dg.DagsterInstance) -> None:
    assert "preview" not in figures(materialize(instance, "bounces"), "bounces")


def test_a_resource_without_rows_shows_none(
    api: Sandbox, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATALOG__PREVIEW_ROWS", "3")
    api.replace("bounces", [])

    assert "preview" not in figures(materialize(instance, "bounces"), "bounces")


class TestAsked:
    @pytest.fixture
    def shown(
        self, api: Sandbox, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
    ) -> list[dict[str, Any]]:
        monkeypatch.setenv("CATALOG__PREVIEW_ROWS", "3")
        (event,) = materialize(instance, "bounces").get_asset_materialization_events()
        table = event.materialization.metadata["preview"]
        assert isinstance(table, dg.TableMetadataValue)
        return [dict(record.data) for record in table.records]

    def test_as_many_rows_are_shown_as_were_asked_for(self, shown: list[dict[str, Any]]) -> None:
        assert len(shown) == 3

    def test_they_are_rows_of_the_table(self, api: Sandbox, shown: list[dict[str, Any]]) -> None:
        assert {row["id"] for row in shown} <= {str(row["id"]) for row in api.rows("bounces")}

    def test_their_addresses_are_masked(self, shown: list[dict[str, Any]]) -> None:
        assert {row["email"] for row in shown} == {"…"}


@pytest.mark.parametrize("rows", ["-1", "101"])
def test_a_number_that_no_page_shows_is_refused(rows: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CATALOG__PREVIEW_ROWS", rows)

    with pytest.raises(SettingError, match="preview_rows must lie between 0 and 100"):
        settings.load(CatalogSettings)
