"""An API that knows no offsets and counts more than it gives: its one row ends the list."""

from __future__ import annotations

from pathlib import Path

import pytest

from email_assets_tests.conftest import KEY
from email_assets_tests.vendors.serving import Answer, Asked, VendorServer
from email_assets_tests.warehouses import load


class OneRow(VendorServer):
    def answer(self, asked: Asked) -> Answer:
        if len(self.requests) > 200:
            return Answer(400, "asks without end")
        return Answer(200, {"data": [{"id": 1}], "total": 1_000_000})


def test_it_is_not_asked_for_all_that_it_counts(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OneRow() as api:
        monkeypatch.setenv("API_KEY", KEY)
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", api.base_url)
        report = load("servers")
    assert (report.row_count, report.api_total) == (1, 1_000_000)
