"""Mistakes in a vendor's file are told by the key at fault."""

from typing import Any

import pytest

from email_assets_tests.vendors.vendor_file_fixtures import problem_in, problem_of, vendor
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

__all__ = ["use_vendor", "vendor"]


class TestMistakes:
    def test_a_file_without_a_vendor(self, use_vendor: UseVendor) -> None:
        assert problem_of(use_vendor("VENDORS = {}")) == "has no VENDOR"

    @pytest.mark.parametrize("vendor", [[], "generic", 7])
    def test_a_vendor_that_is_no_dictionary(self, vendor: Any, use_vendor: UseVendor) -> None:
        assert problem_in(use_vendor, vendor) == "VENDOR is no dictionary"

    @pytest.mark.parametrize(
        ("disposition", "said"),
        [
            ("replace", "'replace'"),
            ("append", "'append'"),
            ("skip", "'skip'"),
            *(
                ({"disposition": "merge", "strategy": strategy}, f"the merge strategy {strategy!r}")
                for strategy in ("scd2", "upsert", "insert-only")
            ),
        ],
        ids=str,
    )
    def test_a_write_disposition_that_does_not_keep_the_table_as_the_api_has_it(
        self, disposition: Any, said: str, vendor: Any, use_vendor: UseVendor
    ) -> None:
        vendor["resources"][1]["write_disposition"] = disposition
        assert problem_in(use_vendor, vendor) == (
            f"VENDOR['resources'][1] (messages) has the 'write_disposition' {said}, and only "
            "'merge' (with 'delete-insert', its default strategy) keeps a table as the API has it"
        )

    def test_no_write_disposition_which_means_append(
        self, vendor: Any, use_vendor: UseVendor
    ) -> None:
        del vendor["resource_defaults"]["write_disposition"]
        assert "has the 'write_disposition' 'append'" in problem_in(use_vendor, vendor)

    def test_a_table_of_another_name_than_the_resources(
        self, vendor: Any, use_vendor: UseVendor
    ) -> None:
        vendor["resources"][1]["table_name"] = "my_messages"
        assert problem_in(use_vendor, vendor) == (
            "VENDOR['resources'][1] (messages) has a 'table_name', and its table is called as the "
            "resource: leave it out"
        )

    def test_a_merge_key(self, vendor: Any, use_vendor: UseVendor) -> None:
        vendor["resources"][1]["merge_key"] = "server_id"
        assert problem_in(use_vendor, vendor).startswith(
            "VENDOR['resources'][1] (messages) has a 'merge_key', and only a 'primary_key' "
        )

    def test_a_misspelled_key(self, vendor: Any, use_vendor: UseVendor) -> None:
        vendor["resources"][2]["primary_keys"] = ["id"]
        assert problem_in(use_vendor, vendor) == (
            "VENDOR/resources[2] received unexpected fields `{'primary_keys'}`"
        )

    @pytest.mark.parametrize(
        ("block", "place"),
        [
            ("paginator", "VENDOR/resource_defaults/endpoint/paginator"),
            ("auth", "VENDOR/client/auth"),
        ],
    )
    def test_a_misspelled_key_of_an_inner_block(
        self, block: str, place: str, vendor: Any, use_vendor: UseVendor
    ) -> None:
        endpoint = vendor["resource_defaults"]["endpoint"]
        (endpoint if block == "paginator" else vendor["client"])[block]["limt"] = 5
        assert problem_in(use_vendor, vendor) == f"{place} received unexpected fields `{{'limt'}}`"

    def test_a_misspelled_key_of_the_incremental_block(
        self, vendor: Any, use_vendor: UseVendor
    ) -> None:
        vendor["resources"][0]["endpoint"]["incremental"] = {"cursor_pth": "bounced_at"}
        assert problem_in(use_vendor, vendor) == (
            "VENDOR/resources[0]/endpoint/incremental received unexpected fields `{'cursor_pth'}`"
        )

    @pytest.mark.parametrize("key", ["client", "resource_defaults", "resources"])
    def test_a_missing_part(self, key: str, vendor: Any, use_vendor: UseVendor) -> None:
        del vendor[key]
        assert problem_in(use_vendor, vendor) == f"VENDOR missing required fields `{{{key!r}}}`"

    @pytest.mark.parametrize("key", ["kind", "description"])
    def test_a_missing_key_of_a_resource(
        self, key: str, vendor: Any, use_vendor: UseVendor
    ) -> None:
        del vendor["resources"][1][key]
        assert problem_in(use_vendor, vendor) == (
            f"VENDOR/resources[1] missing required fields `{{{key!r}}}`"
        )

    def test_an_unknown_kind(self, vendor: Any, use_vendor: UseVendor) -> None:
        vendor["resources"][1]["kind"] = "log"
        assert problem_in(use_vendor, vendor) == (
            "VENDOR/resources[1] field `kind=log` is not one of: ['event', 'inventory']"
        )

    def test_a_missing_primary_key(self, vendor: Any, use_vendor: UseVendor) -> None:
        del vendor["resource_defaults"]["primary_key"]
        assert problem_in(use_vendor, vendor) == (
            "VENDOR['resources'][0] (bounces) needs a 'primary_key'"
        )

    def test_a_name_given_twice(self, vendor: Any, use_vendor: UseVendor) -> None:
        vendor["resources"][4]["name"] = "bounces"
        assert problem_in(use_vendor, vendor) == "VENDOR['resources'][0] needs a 'name' of its own"

    @pytest.mark.parametrize("name", ["My Bounces", "2bounces", "bounces-eu", ""])
    def test_a_name_that_no_table_and_asset_can_have(
        self, name: str, vendor: Any, use_vendor: UseVendor
    ) -> None:
        vendor["resources"][0]["name"] = name
        assert problem_in(use_vendor, vendor) == (
            "VENDOR['resources'][0] needs a 'name' of small letters, digits and _ only"
        )

    @pytest.mark.parametrize("name", ["email_api", "deliverability_daily", "deliverability_report"])
    def test_a_name_that_another_asset_has(
        self, name: str, vendor: Any, use_vendor: UseVendor
    ) -> None:
        vendor["resources"][0]["name"] = name
        assert problem_in(use_vendor, vendor) == (
            f"VENDOR['resources'][0] ({name}) has the name of another asset: "
            "email_api, deliverability_daily, deliverability_report are taken"
        )

    @pytest.mark.parametrize("field", ["data_selector", "paginator"])
    def test_what_an_endpoint_needs(self, field: str, vendor: Any, use_vendor: UseVendor) -> None:
        del vendor["resource_defaults"]["endpoint"][field]
        assert problem_in(use_vendor, vendor) == (
            f"VENDOR['resources'][0] (bounces) needs an 'endpoint' with a {field!r}"
        )

    def test_an_endpoint_that_is_only_a_path(self, vendor: Any, use_vendor: UseVendor) -> None:
        vendor["resources"][3]["endpoint"] = "/v1/servers"
        assert problem_in(use_vendor, vendor) == (
            "VENDOR['resources'][3] (servers) needs an 'endpoint' with a 'path' of its own"
        )

    def test_owners_that_no_resource_lists(self, vendor: Any, use_vendor: UseVendor) -> None:
        vendor["resources"][0]["for_each"] = {"resource": "nobody", "id": "id", "label": "of"}
        assert problem_in(use_vendor, vendor) == (
            "VENDOR['resources'][0] (bounces) has a 'for_each' of 'nobody', which is no resource"
        )

    @pytest.mark.parametrize(
        ("block", "change", "problem"),
        [
            ("messages", {"sent": "at"}, "/messages received unexpected fields `{'sent'}`"),
            ("bounces", {"time": None}, "/bounces missing required fields `{'time'}`"),
            ("bounces", {"hard": "HardBounce"}, "/bounces field `hard` with value"),
            (
                "messages",
                {"sender": {"field": "of", "resource": "nobody", "id": "id", "name": "name"}},
                " has a 'sender' of 'nobody', which is no resource",
            ),
            (
                "messages",
                {"sender": {"field": "of", "resource": "domains"}},
                " needs a 'sender' with all of 'resource', 'id' and 'name', or with none",
            ),
            (
                "bounces",
                {"message": None},
                " needs a 'sender' or a 'message' of bounces",
            ),
            (
                "messages",
                {"id": None},
                " needs the 'id' of messages that 'message' of bounces points to",
            ),
            ("bounces", {"soft": ["HardBounce"]}, " has the type 'HardBounce' twice"),
        ],
    )
    def test_a_mistake_in_what_deliverability_is_made_of(
        self, block: str, change: dict[str, Any], problem: str, vendor: Any, use_vendor: UseVendor
    ) -> None:
        changed = vendor["deliverability"][block] | change
        vendor["deliverability"][block] = {k: v for k, v in changed.items() if v is not None}

        found = problem_in(use_vendor, vendor).replace("VENDOR['deliverability']", "", 1)

        assert found.removeprefix("VENDOR/deliverability").startswith(problem)

    def test_a_total_outside_of_a_paginator_that_has_its_own(
        self, vendor: Any, use_vendor: UseVendor
    ) -> None:
        vendor["resources"][0]["total_path"] = "total"
        assert problem_in(use_vendor, vendor) == (
            "VENDOR['resources'][0] (bounces) has a 'total_path', which belongs into its paginator"
        )
