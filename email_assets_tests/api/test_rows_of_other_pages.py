"""Lists without offsets: rows that are no objects and links that lead nowhere are told."""

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
LINKS = [0, 5, -1, True, 1.5, [], {}, [None], {"href": "/v1/servers"}, "http://[::1", "http://x y/"]
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


@pytest.mark.parametrize("link", LINKS, ids=repr)
def test_a_link_that_leads_nowhere_is_a_sentence(
    api: Sandbox, use_vendor: UseVendor, link: Any
) -> None:
    use_vendor(VENDOR.format(paginator=PAGINATORS["by link"], selector="data"))
    body = {"data": [{"id": 1}], "next": link}
    api.set_faults("servers", Fault("status", status=200, body=body))
    with pytest.raises(ApiError, match=r"leads nowhere\. Nothing|has no proper address\. Correct"):
        load("servers")
