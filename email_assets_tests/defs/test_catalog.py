"""The catalog's entries of the assets of resources."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import dlt
import pytest

from email_assets.account import configured_account
from email_assets.definitions import defs
from email_assets.defs.assets import build_assets
from email_assets.defs.catalog import described
from email_assets.defs.deliverability import build_deliverability_assets
from email_assets.defs.email_api import build_api_asset
from email_assets.sync.shown_names import ShownNames
from email_assets.vendors import generic
from email_assets_tests.dagster_fixtures import EVENTS, INVENTORY, MADE_OF_EVENTS, NAMES


def specs() -> dict[str, dg.AssetSpec]:
    """The assets of resources, as the definitions hold them."""
    found = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    others = {*MADE_OF_EVENTS, "email_api"}
    return {name: spec for name, spec in found.items() if name not in others}


def built_specs() -> list[dg.AssetSpec]:
    """The assets as the settings of the moment make them."""
    return [spec for asset in build_assets(configured_account()) for spec in asset.specs]


def linked(spec: dg.AssetSpec, number: int) -> str:
    """The line that one of an asset's code references leads to."""
    reference = spec.metadata["dagster/code_references"].code_references[number]
    lines: list[str] = Path(reference.file_path).read_text(errors="replace").splitlines()
    return lines[int(reference.line_number) - 1]


class TestAssets:
    def test_there_is_one_for_each_resource(self) -> None:
        assert sorted(specs()) == sorted(NAMES)

    def test_their_group_is_email(self) -> None:
        assert {spec.group_name for spec in specs().values()} == {"email"}

    def test_their_kinds_are_dlt_and_the_destination(self) -> None:
        assert {frozenset(spec.kinds) for spec in built_specs()} == {frozenset({"dlt", "duckdb"})}

    def test_their_descriptions_say_what_a_row_is_and_where_it_comes_from(self) -> None:
        assert {spec.key.to_user_string(): spec.description for spec in built_specs()} == {
            "bounces": "A message that could not be delivered to one of its recipients.\n\n"
            "From `GET /v1/bounces`.",
            "messages": "A message sent through the service, with its recipients and status.\n\n"
            "From `GET /v1/messages`.",
            "deliverystats": "How many deliveries failed, for each type of bounce.\n\n"
            "From `GET /v1/deliverystats`.",
            "servers": "A mail server of the account, through which its messages go out.\n\n"
            "From `GET /v1/servers`.",
            "domains": "A domain that the account sends from, and how far it is verified.\n\n"
            "From `GET /v1/domains`.",
        }

    def test_they_name_their_tables(self) -> None:
        assert [spec.metadata["dagster/table_name"] for spec in built_specs()] == [
            f"email.{spec.key.to_user_string()}" for spec in built_specs()
        ]

    def test_the_api_is_upstream_of_each(self) -> None:
        assert {dep.asset_key.to_user_string() for spec in built_specs() for dep in spec.deps} == {
            "email_api"
        }

    def test_their_tags_say_which_vendor_they_come_from_and_of_which_kind_they_are(self) -> None:
        assert {
            spec.key.to_user_string(): (spec.tags["vendor"], spec.tags["kind"])
            for spec in built_specs()
        } == {
            **dict.fromkeys(EVENTS, ("generic", "event")),
            **dict.fromkeys(INVENTORY, ("generic", "inventory")),
        }

    def test_nobody_owns_them_by_default(self) -> None:
        assert [list(spec.owners) for spec in built_specs()] == [[]] * len(NAMES)

    def test_they_link_to_their_entry_in_the_vendors_file(self) -> None:
        for spec in built_specs():
            assert linked(spec, 0).strip() == f'"name": "{spec.key.to_user_string()}",'

    def test_they_link_to_the_guide_to_incremental_syncs(self) -> None:
        assert linked(built_specs()[0], 1) == "# Sync what is new"

    def test_those_of_a_real_vendor_link_to_its_documentation(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "postmark")

        links = [spec.metadata["api_documentation"].value for spec in built_specs()]

        assert len(links) >= len(NAMES)
        assert all(link.startswith("https://postmarkapp.com/developer/api/") for link in links)

    @pytest.mark.parametrize(
        ("names", "window"),
        [(EVENTS, timedelta(hours=2)), (INVENTORY, timedelta(hours=26, minutes=24))],
    )
    def test_their_freshness_policy_is_the_window_of_their_schedule(
        self, names: list[str], window: timedelta
    ) -> None:
        policies = [specs()[name].freshness_policy for name in names]

        assert policies == [dg.FreshnessPolicy.time_window(fail_window=window)] * len(names)

    def test_no_two_of_them_share_a_step(self) -> None:
        assert sorted(len(asset.keys) for asset in build_assets(configured_account())) == [1] * len(
            NAMES
        )


def test_what_the_vendors_file_says_of_a_field_in_another_stands_at_its_column() -> None:
    resource: Any = {
        "name": "bounces",
        "description": "A bounce.",
        "columns": {"details.errorCode": {"description": "What SMTP says."}},
    }
    schema = dg.TableSchema(
        [
            dg.TableColumn("details__error_code", "bigint"),
            dg.TableColumn("id", "text", constraints=dg.TableColumnConstraints(nullable=False)),
        ]
    )

    names = ShownNames(dlt.Schema("bounces"), "bounces")

    assert described(schema, resource, names).columns == [
        dg.TableColumn("details__error_code", "bigint", "What SMTP says."),
        dg.TableColumn("id", "text", constraints=dg.TableColumnConstraints(nullable=False)),
    ]


class TestSettings:
    def test_owners_and_tags_stand_on_every_asset(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CATALOG__OWNERS", '["data@example.org", "team:data"]')
        monkeypatch.setenv("CATALOG__TAGS", '{"domain": "email"}')

        assets = [
            build_api_asset(configured_account()),
            *build_assets(configured_account()),
            *build_deliverability_assets(configured_account()),
        ]
        for spec in (spec for asset in assets for spec in asset.specs):
            assert spec.owners == ["data@example.org", "team:data"]
            assert spec.tags["domain"] == "email"

    def test_a_vendors_file_may_have_any_name_and_encoding(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / "Our mailer für München.py"
        text = Path(generic.__file__).read_text()
        file.write_text(f"# -*- coding: latin-1 -*-\n# für\n{text}", encoding="latin-1")
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", str(file))

        assert {spec.tags["vendor"] for spec in built_specs()} == {"Our_mailer_f_r_M_nchen"}
        assert linked(built_specs()[0], 0).strip() == '"name": "bounces",'

    def test_a_vendors_file_may_have_a_long_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file = tmp_path / f"{'m' * 64}.py"
        file.write_text(Path(generic.__file__).read_text())
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", str(file))

        assert {spec.tags["vendor"] for spec in built_specs()} == {"m" * 63}

    def test_the_dataset_stands_in_the_name_of_the_table(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WAREHOUSE__DATASET_NAME", "post")

        assert {spec.metadata["dagster/table_name"] for spec in built_specs()} == {
            f"post.{name}" for name in NAMES
        }

    def test_the_freshness_policy_follows_the_schedule(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AUTOMATION__INVENTORY_CRON", "0 6 * * 1")
        weekly = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=7.7))

        policies = {spec.key.to_user_string(): spec.freshness_policy for spec in built_specs()}

        assert policies["servers"] == weekly

    @pytest.mark.parametrize("destination", ["postgres", "dlt.destinations.postgres"])
    def test_another_warehouse_is_another_kind_and_needs_no_driver_to_load(
        self, destination: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("WAREHOUSE__DESTINATION_TYPE", destination)
        monkeypatch.setitem(sys.modules, "psycopg2", None)  # as if it were not installed

        assert {frozenset(spec.kinds) for spec in built_specs()} == {frozenset({"dlt", "postgres"})}
