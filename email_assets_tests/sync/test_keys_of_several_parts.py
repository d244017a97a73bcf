"""Keys of several parts, of which one may be an empty text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from email_assets.errors import SyncError
from email_assets_tests.vendors.serving import Answer, Asked, VendorServer
from email_assets_tests.vendors.syncing import load
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor
from email_assets_tests.warehouses import Query

__all__ = ["use_vendor"]

VENDOR = """
from email_assets.vendors import Secret

VENDOR = {
    "client": {
        "base_url": "http://127.0.0.1:1",
        "auth": {"type": "bearer", "token": Secret("api_key")},
    },
    "resource_defaults": {"primary_key": ["day", "tag"], "write_disposition": "merge"},
    "resources": [{
        "name": "counts",
        "kind": "event",
        "description": "A count of a day and a tag.",
        "endpoint": {"path": "/counts", "data_selector": "data", "paginator": "single_page"},
    }],
}
"""


class CountServer(VendorServer):
    """Gives its rows on a single page."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = [
            {"day": "2026-11-01", "tag": "", "n": 1},
            {"day": "2026-11-01", "tag": "news", "n": 2},
            {"day": "2026-11-02", "tag": "", "n": 3},
            {"day": "", "tag": "news", "n": 4},
        ]

    def answer(self, asked: Asked) -> Answer:
        del asked
        return Answer(200, {"data": self.rows})


@pytest.fixture
def server(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch, use_vendor: UseVendor
) -> Iterator[CountServer]:
    with CountServer() as running:
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", running.base_url)
        monkeypatch.setenv("API_KEY", "a-key-of-the-test")
        use_vendor(VENDOR)
        yield running


def stored(query: Query) -> list[tuple[object, ...]]:
    return query("SELECT day, tag, n FROM email.counts ORDER BY n")


def test_rows_whose_key_has_an_empty_part_are_loaded_each_once(
    server: CountServer, query: Query
) -> None:
    report = load("counts")

    assert (report.rows_loaded, report.rows_without_key) == (4, 0)
    assert stored(query) == [(row["day"], row["tag"], row["n"]) for row in server.rows]


@pytest.mark.slow
def test_a_row_whose_key_has_an_empty_part_is_known_again_and_replaced(
    server: CountServer, query: Query
) -> None:
    load("counts")
    server.rows[0]["n"] = 0

    report = load("counts")

    assert (report.rows_unchanged, report.rows_loaded) == (3, 1)
    assert [n for _, _, n in stored(query)] == [0, 2, 3, 4]


def test_a_key_of_more_parts_than_the_rows_have_is_refused_before_anything_is_read(
    server: CountServer, query: Query, use_vendor: UseVendor
) -> None:
    load("counts")
    before, requests = stored(query), len(server.requests)
    use_vendor(VENDOR.replace('["day", "tag"]', '["day", "tag", "owner"]'))
    server.rows = [{**row, "owner": "a"} for row in server.rows]

    with pytest.raises(SyncError, match=r"^counts: the primary key has owner, which"):
        load("counts")

    assert (stored(query), len(server.requests)) == (before, requests)


@pytest.mark.slow
def test_a_key_of_fewer_parts_than_before_replaces_rows_by_those(
    server: CountServer, query: Query, use_vendor: UseVendor
) -> None:
    server.rows = [{"day": "2026-11-01", "tag": "", "n": 1}]
    load("counts")
    use_vendor(VENDOR.replace('["day", "tag"]', '"day"'))
    server.rows = [{"day": "2026-11-01", "tag": "news", "n": 2}]

    load("counts")

    assert stored(query) == [("2026-11-01", "news", 2)]
