"""Rows of lists without offsets: whatever is no object is told, without its value."""

from __future__ import annotations

from typing import Any

import pytest

from email_assets.errors import ApiError
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor
from email_assets_tests.warehouses import load

__all__ = ["use_vendor"]

VENDOR = """
from copy import deepcopy

from email_assets.vendors import generic

VENDOR = deepcopy(generic.VENDOR)
for resource in VENDOR["resources"]:
    resource["endpoint"] |= {{"paginator": {paginator!r}, "data_selector": {selector!r}}}
"""
PAGINATORS: dict[str, Any] = {
    "one page": "single_page",
    "by link": {"type": "json_link", "next_url_path": "next"},
    "by number": {"type": "page_number", "base_page": 1, "total_path": None},
}


@pytest.mark.parametrize("paginator", PAGINATORS.values(), ids=PAGINATORS)
@pytest.mark.parametrize(
    ("selector", "data", "came"),
    [
        ("data", "secret", "text"),
        ("data", 12345, "a number"),
        ("data[*]", [{"id": 1}, "secret"], "text"),
        ("data.*", {"a": {"id": 1}, "b": ["secret"]}, "a list"),
    ],
)
def test_what_is_no_object_is_a_sentence(
    api: Sandbox, use_vendor: UseVendor, paginator: Any, selector: str, data: Any, came: str
) -> None:
    use_vendor(VENDOR.format(paginator=paginator, selector=selector))
    api.set_faults("servers", Fault("status", status=200, body={"data": data}))
    with pytest.raises(ApiError, match=rf"servers: (at page 1 )?the API gave {came} as a row, not"):
        load("servers")
