"""APIs that give their last page again beyond the end: a list ends, unless that is full."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from email_assets.errors import ApiError
from email_assets_tests.conftest import KEY
from email_assets_tests.vendors.serving import Answer, Asked, VendorServer
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor
from email_assets_tests.warehouses import Query, load

__all__ = ["use_vendor"]

BY_NUMBER = """
from copy import deepcopy

from email_assets.vendors import generic

VENDOR = deepcopy(generic.VENDOR)
for resource in VENDOR["resources"]:
    resource["speculate"] = {speculate}
    resource["endpoint"]["paginator"] = {{
        "type": "page_number", "base_page": 1, "total_path": {total_path!r}
    }}
"""
ROWS_OF_A_PAGE = 5
MOST_REQUESTS = 20


class Clamping(VendorServer):
    """Gives pages by number, and beyond the end the last one again, as Django can."""

    rows = 0

    def answer(self, asked: Asked) -> Answer:
        if len(self.requests) > MOST_REQUESTS:
            return Answer(400, "asks without end")
        last = -(-self.rows // ROWS_OF_A_PAGE)
        first = (min(int(asked.query["page"]), last) - 1) * ROWS_OF_A_PAGE
        keys = range(first, min(first + ROWS_OF_A_PAGE, self.rows))
        return Answer(200, {"data": [{"id": key} for key in keys], "pages": last})


@pytest.fixture
def api(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clamping]:
    with Clamping() as running:
        monkeypatch.setenv("API_KEY", KEY)
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", running.base_url)
        yield running


@pytest.mark.parametrize("speculate", [False, True])
@pytest.mark.parametrize(
    "rows", [1, ROWS_OF_A_PAGE + 1, ROWS_OF_A_PAGE + 2, 2 * ROWS_OF_A_PAGE + 1]
)
def test_the_list_ends(
    api: Clamping, use_vendor: UseVendor, query: Query, rows: int, speculate: bool
) -> None:
    use_vendor(BY_NUMBER.format(speculate=speculate, total_path=None))
    api.rows = rows
    load("servers")
    assert query("SELECT id FROM email.servers ORDER BY id") == [(key,) for key in range(rows)]


@pytest.mark.parametrize("speculate", [False, True])
@pytest.mark.parametrize(
    ("pages", "remedy"),
    [(1, r"single_page\."), (2, r"total_path .* another size\.")],
)
def test_a_full_page_may_not_be_the_last_and_the_error_says_what_to_do(
    api: Clamping, use_vendor: UseVendor, pages: int, remedy: str, speculate: bool
) -> None:
    use_vendor(BY_NUMBER.format(speculate=speculate, total_path=None))
    api.rows = pages * ROWS_OF_A_PAGE
    with pytest.raises(ApiError, match=f"gave the same page of 5 rows twice.*{remedy} Nothing"):
        load("servers")


@pytest.mark.parametrize("speculate", [False, True])
@pytest.mark.parametrize("pages", [1, 2, 3])
def test_a_full_page_is_the_last_where_the_api_counts_its_pages(
    api: Clamping, use_vendor: UseVendor, query: Query, pages: int, speculate: bool
) -> None:
    use_vendor(BY_NUMBER.format(speculate=speculate, total_path="pages"))
    api.rows = pages * ROWS_OF_A_PAGE
    load("servers")
    assert query("SELECT count(*) FROM email.servers") == [(api.rows,)]
