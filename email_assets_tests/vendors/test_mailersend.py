"""MailerSend, whose plans keep the activity for a day, a week or a month."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from email_assets.errors import ApiError
from email_assets_tests.conftest import PROJECT
from email_assets_tests.vendors.mailersend_server import KEY, MailerSendServer
from email_assets_tests.vendors.preset_server import DAY, instant
from email_assets_tests.vendors.syncing import load
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor

pytestmark = pytest.mark.slow

__all__ = ["use_vendor"]


@pytest.fixture
def api(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailerSendServer]:
    with MailerSendServer() as running:
        running.kept = DAY
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "mailersend")
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", running.base_url)
        monkeypatch.setenv("SOURCES__EMAIL__MAILERSEND__API_KEY", KEY)
        yield running


def test_a_plan_that_keeps_less_than_is_asked_for_is_told_in_the_apis_words(
    api: MailerSendServer,
) -> None:
    load("domains")

    with pytest.raises(ApiError, match="1-day data retention limit"):
        load("messages")


def test_the_guides_file_reads_what_the_free_plan_keeps(
    api: MailerSendServer, use_vendor: UseVendor
) -> None:
    guide = (PROJECT / "docs/vendors.md").read_text()
    example = re.search(r'```python\n("""MailerSend on its free plan.*?)```', guide, re.DOTALL)
    assert example
    use_vendor(example[1])
    load("domains")

    found = load("messages").row_count

    since = min(
        int(asked.query["date_from"]) for asked in api.requests if "date_from" in asked.query
    )
    assert found == sum(
        instant(row["created_at"]).timestamp() >= since for row in api.rows["messages"]
    )
    assert found > 40  # of 48 in a day
