"""Mistakes of owners in a vendor's file are told by the key at fault."""

from __future__ import annotations

from typing import Any

import pytest

from email_assets_tests.vendors.vendor_file_fixtures import problem_in, vendor
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

__all__ = ["use_vendor", "vendor"]

EACH_SERVER = {"resource": "servers", "id": "id", "label": "server"}
EACH_DOMAIN = {"resource": "domains", "id": "id", "label": "domain"}


def problem(use_vendor: UseVendor, vendor: Any, **owners: dict[str, str]) -> str:
    """The mistake of a file whose resources have these owners."""
    for resource in vendor["resources"]:
        if resource["name"] in owners:
            resource["for_each"] = owners[resource["name"]]
    return problem_in(use_vendor, vendor)


@pytest.mark.parametrize("word", ["alone", "secret"])
def test_a_secret_of_an_owner_that_another_owner_lists(
    word: str, vendor: Any, use_vendor: UseVendor
) -> None:
    owners = {"bounces": {**EACH_DOMAIN, word: "of_its_own"}, "domains": EACH_SERVER}
    assert problem(use_vendor, vendor, **owners) == (
        f"VENDOR['resources'][0] (bounces) has {word!r} in its 'for_each', and 'domains' is read "
        "for each of 'servers': only the first owners can have it"
    )


def test_two_owners_that_label_rows_alike(vendor: Any, use_vendor: UseVendor) -> None:
    owners = {"bounces": {**EACH_DOMAIN, "label": "server"}, "domains": EACH_SERVER}
    assert problem(use_vendor, vendor, **owners) == (
        "VENDOR['resources'][0] (bounces) has the 'label' 'server' of two owners, of which rows "
        "would keep one: give one of them another"
    )


def test_owners_that_own_each_other(vendor: Any, use_vendor: UseVendor) -> None:
    assert problem(use_vendor, vendor, servers=EACH_DOMAIN, domains=EACH_SERVER).endswith(
        "(servers) has a 'for_each' of 'domains', which leads back to itself"
    )


def test_an_owner_of_its_own(vendor: Any, use_vendor: UseVendor) -> None:
    assert problem(use_vendor, vendor, servers=EACH_SERVER).endswith(
        "(servers) has a 'for_each' of 'servers', which leads back to itself"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            {"endpoint": {"params": {"of": {"type": "resolve", "resource": "x", "field": "id"}}}},
            "has the 'params' 'of' of the type 'resolve'",
        ),
        (
            {"endpoint": {"path": "servers/{resources.servers.id}/bounces"}},
            "has an expression of dlt's in its 'path'",
        ),
        ({"include_from_parent": ["id"]}, "has an 'include_from_parent'"),
    ],
)
def test_dlts_own_words_for_them(
    words: dict[str, Any], told: str, vendor: Any, use_vendor: UseVendor
) -> None:
    bounces = vendor["resources"][0]
    bounces.update(words | {"endpoint": bounces["endpoint"] | words.get("endpoint", {})})
    assert problem_in(use_vendor, vendor) == (
        f"VENDOR['resources'][0] (bounces) {told}: name the resource whose rows it is read for in "
        "its 'for_each'"
    )
