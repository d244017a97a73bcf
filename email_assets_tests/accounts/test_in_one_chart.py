"""The guide's query over the datasets of all accounts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from email_assets.account.every import configured_accounts
from email_assets.defs.build import build_all
from email_assets_tests.accounts.account_fixtures import Location, two_accounts
from email_assets_tests.conftest import KEY, PROJECT
from email_assets_tests.queries import ask

pytestmark = pytest.mark.slow


def test_a_query_has_the_days_of_all_accounts(tmp_path: Path) -> None:
    (query,) = re.findall(
        r"```sql\n(.*?)```", (PROJECT / "docs/accounts.md").read_text(), re.DOTALL
    )
    names = ("messages", "bounces", "domains", "deliverability_daily")
    with two_accounts(tmp_path, KEY) as (instance, pair):
        location = Location(instance, build_all(configured_accounts()))
        for account in ("marketing", "support"):
            assert location.run(*(f"{account}/{name}" for name in names)).success

        found = ask(pair.warehouse, query)
        rates = [
            (account, *row)
            for account in ("marketing", "support")
            for row in ask(
                pair.warehouse,
                "SELECT day, sum(sent), 100.0 * sum(bounced) / sum(sent) "
                f"FROM email_{account}.deliverability_daily GROUP BY day",
            )
        ]

    assert sorted(found) == sorted(rates)
    assert sum(count for account, _, count, _ in found if account == "support") == 30
