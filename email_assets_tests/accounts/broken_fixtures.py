"""An account whose settings cannot be used, beside one that is well, and what is done with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from email_assets.account.every import configured_accounts
from email_assets.defs.build import build_all
from email_assets_tests.accounts.account_fixtures import (
    Location,
    Pair,
    account_settings,
    two_accounts,
)
from email_assets_tests.conftest import KEY


@pytest.fixture
def accounts(tmp_path: Path) -> Iterator[tuple[dg.DagsterInstance, Pair]]:
    with two_accounts(tmp_path, KEY) as found:
        yield found


@pytest.fixture
def instance(accounts: tuple[dg.DagsterInstance, Pair]) -> dg.DagsterInstance:
    return accounts[0]


def spoil(patch: pytest.MonkeyPatch, **settings: str) -> None:
    for name, value in account_settings("support", **settings).items():
        patch.setenv(name, value)


def location(instance: dg.DagsterInstance) -> Location:
    """The code location, as it loads now."""
    return Location(instance, build_all(configured_accounts()))


def said_by_its_run(here: Location) -> str:
    """The sentence with which a run of the asset that stands for the account fails."""
    done = here.run("support/settings")
    (failure,) = (event for event in done.all_events if event.is_step_failure)
    failed = failure.step_failure_data.user_failure_data
    assert failed
    return failed.description or ""


def run_with_a_wrong_key(here: Location, account: str, patch: pytest.MonkeyPatch) -> None:
    with patch.context() as wrong:
        wrong.setenv(f"SOURCES__EMAIL__ACCOUNTS__{account.upper()}__API_KEY", "wrong")
        here.run(f"{account}/servers")
