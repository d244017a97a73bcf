"""The connection check of vendors other than the sandbox."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.check_fixtures import Check, cells, check
from email_assets_tests.conftest import KEY

__all__ = ["check"]


UseVendor = Callable[..., None]


ABOUT = {"kind": "event", "description": "A row."}


VENDOR_FILE = """
from email_assets.vendors import Secret

VENDOR = {vendor}
VENDOR["client"]["auth"]["api_key"] = Secret("api_key")
"""


@pytest.fixture
def use_vendor(api: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UseVendor:
    """Configure a vendor's file of one's own, with resources of the sandbox."""

    def use(endpoint: dict[str, Any], **resources: dict[str, Any]) -> None:
        auth = {"type": "api_key", "name": "api_key", "location": "query"}
        vendor = {
            "client": {"base_url": "https://api.example.com", "auth": auth},
            "resource_defaults": {
                "primary_key": "id",
                "write_disposition": "merge",
                "endpoint": {"data_selector": "data", **endpoint},
            },
            "resources": [
                {"name": name, "endpoint": {"path": f"/v1/{name}"}, **ABOUT, **more}
                for name, more in resources.items()
            ],
        }
        file = tmp_path / "email_api.py"
        file.write_text(VENDOR_FILE.format(vendor=vendor))
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", str(file))

    return use


@pytest.fixture
def servers_own_bounces(use_vendor: UseVendor) -> None:
    """A vendor's file whose bounces are listed for each server."""
    for_each = {"resource": "servers", "id": "id", "label": "server"}
    use_vendor(
        {"paginator": {"type": "offset", "limit": 50}}, servers={}, bounces={"for_each": for_each}
    )


@pytest.mark.parametrize(
    ("endpoint", "page_size"),
    [
        (
            {"paginator": {"type": "cursor", "cursor_path": "next"}, "params": {"limit": 20}},
            "kept (20/20)",
        ),
        (
            {"paginator": {"type": "cursor", "cursor_path": "data[-1].id", "cursor_param": "x"}},
            "- (-/23)",
        ),
        ({"paginator": "single_page"}, "- (-/23)"),
    ],
)
def test_a_list_by_cursor_or_on_a_single_page_is_checked_as_well(
    api: Sandbox, check: Check, use_vendor: UseVendor, endpoint: dict[str, Any], page_size: str
) -> None:
    use_vendor(endpoint, bounces={})
    status, output = check()
    assert (status, list(cells(output))) == (0, ["bounces"])
    assert cells(output)["bounces"][:4] == ["yes", "yes", "-", page_size]
    assert [asked.resource for asked in api.requests] == ["bounces"]


def test_of_several_owners_the_first_ones_list_is_asked(
    api: Sandbox, check: Check, use_vendor: UseVendor
) -> None:
    each_server = {"resource": "servers", "id": "id", "secret": "token", "label": "server"}
    use_vendor(
        {"paginator": {"type": "offset", "limit": 50}},
        bounces={"primary_key": ["server", "id"], "for_each": each_server},
        servers={"never_load": ["token"]},
    )
    tokens = [KEY, "of-another-1", "of-another-2"]
    api.replace("servers", [{"id": n, "token": token} for n, token in enumerate(tokens)])
    api.replace("bounces", [{"id": 1}])

    status, output = check()

    assert (status, [asked.resource for asked in api.requests]) == (
        0,
        ["servers", "bounces", "servers"],
    )
    assert output.split("\n\n")[1:] == [
        "bounces (the first of 3 servers): id number, server number\nservers: id number\n"
    ]


@pytest.mark.usefixtures("servers_own_bounces")
def test_the_request_for_the_owners_is_not_repeated_either(api: Sandbox, check: Check) -> None:
    api.set_faults("servers", Fault("status"))
    status, output = check()
    assert (status, cells(output)["bounces"][:2]) == (1, ["yes", "-"])
    assert [asked.resource for asked in api.requests] == ["servers", "servers"]


@pytest.mark.usefixtures("servers_own_bounces")
def test_an_account_without_owners_has_no_rows(api: Sandbox, check: Check) -> None:
    api.replace("servers", [])
    status, output = check()
    assert (status, cells(output)["bounces"][:4]) == (0, ["yes", "yes", "0", "- (50/0)"])
    assert "bounces: no rows yet\n" in output


def test_rows_that_are_no_objects_are_told_without_a_value(
    api: Sandbox, check: Check, use_vendor: UseVendor
) -> None:
    use_vendor({"paginator": "single_page"}, bounces={}, servers={})
    api.replace("bounces", ["ann.baker7", "joe.miller8"])
    status, output = check()
    assert (status, cells(output)["servers"][:2]) == (1, ["yes", "yes"])
    assert "\nbounces: the API gave text as a row, not an object. " in output
    assert "ann.baker7" not in output
