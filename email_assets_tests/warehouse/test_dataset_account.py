"""A dataset remembers the account that it was loaded for, and takes no rows of another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.deliverability.daily import build_daily
from email_assets.errors import WarehouseError
from email_assets.sandbox import Sandbox
from email_assets.sync.pipeline import sync
from email_assets.sync.report import SyncReport
from email_assets.warehouse.dataset_account import Owner
from email_assets.warehouse.destination import open_pipeline
from email_assets_tests.accounts.account_fixtures import account_settings
from email_assets_tests.conftest import KEY
from email_assets_tests.queries import change

Query = Callable[[str], list[tuple[Any, ...]]]


def load(resource: str, account: str | None = None) -> SyncReport:
    found = configured_account(account)
    with open_pipeline(found.warehouse, resource) as pipeline:
        return sync(found, pipeline, resource, say=lambda _: None).report


@pytest.fixture
def marketing(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> str:
    """An account that is told to load into the dataset of `[warehouse]`."""
    settings = account_settings("marketing", dataset_name="email", api_key=KEY)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return "marketing"


@pytest.mark.slow
def test_the_first_sync_writes_down_whose_dataset_it_is(api: Sandbox, query: Query) -> None:
    load("servers")
    load("domains")

    assert query("FROM email._email_account") == [("", "generic", "localhost")]


def test_another_account_is_refused_before_its_api_is_asked(
    api: Sandbox, marketing: str, query: Query
) -> None:
    load("servers")
    api.reset_counts()

    with pytest.raises(WarehouseError) as caught:
        load("domains", marketing)

    assert str(caught.value) == (
        "domains: the dataset email was loaded for the account of [sources.email] (generic at "
        "localhost), and this is the account marketing (generic at localhost). For another "
        "account, give it a dataset of its own. Set it as [sources.email.accounts.marketing] "
        "dataset_name in .dlt/config.toml or as SOURCES__EMAIL__ACCOUNTS__MARKETING__DATASET_NAME. "
        "If it is the same account under a new name or address, run DROP TABLE "
        "email._email_account in the warehouse: the next sync writes down the new one."
    )
    assert api.requests == []
    assert query("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'domains'") == [(0,)]


@pytest.mark.parametrize(
    ("setting", "value"),
    [("VENDOR", "email_assets.vendors.resend"), ("BASE_URL", "https://mail.example.org")],
)
def test_another_vendor_or_address_is_refused(
    setting: str, value: str, api: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("domains")
    monkeypatch.setenv("SOURCES__EMAIL__RESEND__API_KEY", KEY)
    monkeypatch.setenv(f"SOURCES__EMAIL__{setting}", value)

    with pytest.raises(WarehouseError, match="was loaded for"):
        load("domains")


@pytest.mark.slow
def test_a_new_name_goes_on_once_the_old_one_is_forgotten(
    api: Sandbox, marketing: str, query: Query, warehouse: Path
) -> None:
    load("servers")
    change(warehouse, "DROP TABLE email._email_account")

    assert load("servers", marketing).rows_unchanged == len(api.rows("servers"))
    assert query("SELECT name FROM email._email_account") == [("marketing",)]


def test_the_port_of_this_machine_may_change(api: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    load("servers")

    with Sandbox(messages=1, api_key=KEY) as restarted:
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", restarted.base_url)

        assert load("servers").row_count == 5


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://Mail.Example.org/v1/", "mail.example.org/v1"),
        ("http://mail.example.org:8080", "mail.example.org:8080"),
        ("http://127.0.0.1:8025/", "localhost"),
        ("http://[::1]:8025/a", "localhost/a"),
    ],
)
def test_an_address_is_host_port_and_path(
    url: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", url)

    assert Owner.of(configured_account()).address == address


@pytest.mark.slow
def test_deliverability_is_not_made_of_the_rows_of_another_account(
    api: Sandbox, marketing: str
) -> None:
    for resource in ("messages", "bounces"):
        load(resource)

    with pytest.raises(WarehouseError, match="was loaded for the account of"):
        build_daily(configured_account(marketing), say=lambda _: None)
