"""An API that is told by a header of whose rows it is asked, such as a sub-account's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from email_assets_tests.vendors.serving import Answer, Asked, VendorServer
from email_assets_tests.vendors.syncing import load
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

__all__ = ["use_vendor"]

KEY = "accounts/with+signs=7c1"
NAMES = ["shop", "news & más ✉"]
VENDOR = """
from email_assets.vendors import Secret

VENDOR = {{
    "client": {{
        "base_url": "{base_url}",
        "auth": {{"type": "bearer", "token": Secret("sources.email.things.api_key")}},
    }},
    "resource_defaults": {{"primary_key": "id", "write_disposition": "merge"}},
    "resources": [
        {{
            "name": "events",
            "kind": "event",
            "description": "Something that happened.",
            "primary_key": ["account", "id"],
            "for_each": {{"resource": "accounts", "id": "name", "label": "account"}},
            "endpoint": {{
                "path": "/events",
                "data_selector": "rows",
                "headers": {{"On-Behalf-Of": "user {{account}}"}},
                "paginator": {{"type": "offset", "limit": 2, "total_path": "total"}},
            }},
        }},
        {{
            "name": "accounts",
            "kind": "inventory",
            "description": "A sub-account.",
            "primary_key": "name",
            "endpoint": {{
                "path": "/accounts",
                "data_selector": "rows",
                "paginator": "single_page",
            }},
        }},
    ],
}}
"""


class Accounts(VendorServer):
    """Three events of each sub-account, of which only the header tells."""

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/accounts":
            return Answer(200, {"rows": [{"name": name} for name in NAMES]})
        whose = str(asked.headers["On-Behalf-Of"]).encode("latin-1").decode().removeprefix("user ")
        if whose not in NAMES:
            return Answer(404, {"error": "no such account"})
        start = int(asked.query["offset"])
        rows: list[dict[str, Any]] = [{"id": number, "whose": whose} for number in range(3)]
        return Answer(200, {"rows": rows[start : start + 2], "total": 3})


@pytest.fixture
def accounts(
    warehouse: Path, use_vendor: UseVendor, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Accounts]:
    with Accounts() as running:
        monkeypatch.setenv("SOURCES__EMAIL__THINGS__API_KEY", KEY)
        use_vendor(VENDOR.format(base_url=running.base_url))
        yield running


def test_each_is_asked_for_in_its_own_name_on_every_page(
    accounts: Accounts, query: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    report = load("events")

    assert (report.rows_listed, report.api_total, report.owners_refused) == (6, 6, {})
    assert query("SELECT account, whose, count(*) FROM email.events GROUP BY ALL ORDER BY 1") == [
        ("news & más ✉", "news & más ✉", 3),
        ("shop", "shop", 3),
    ]
