"""An account at a server of Postmark's shape, and syncs of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from email_assets.account import configured_account
from email_assets.api.window import Window
from email_assets.defs.assets import DLT_RESOURCE, build_assets
from email_assets.defs.checks import build_checks
from email_assets.sync.listing import Listing, open_listing
from email_assets.sync.pipeline import sync
from email_assets.sync.report import SyncReport
from email_assets.sync.span import Span
from email_assets.warehouse.destination import open_pipeline
from email_assets_tests.vendors.postmark_rows import Server
from email_assets_tests.vendors.postmark_server import ACCOUNT_TOKEN, PostmarkServer

Query = Callable[[str], list[tuple[Any, ...]]]

NAMES = [
    "bounces",
    "messages",
    "deliverystats",
    "outbound_sends",
    "outbound_bounces",
    "message_streams",
    "suppressions",
    "servers",
    "domains",
]


NOON = datetime(2026, 6, 15, 12, tzinfo=timezone.utc)


HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def configure(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets a server as the API to load, and those tokens that are given."""

    def set_up(api: PostmarkServer, server_token: str | None, account_token: str | None) -> None:
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "postmark")
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", api.base_url)
        tokens = {"SERVER_TOKEN": server_token, "ACCOUNT_TOKEN": account_token}
        for name, token in tokens.items():
            variable = f"SOURCES__EMAIL__POSTMARK__{name}"
            if token is None:
                monkeypatch.delenv(variable, raising=False)
            else:
                monkeypatch.setenv(variable, token)

    return set_up


@pytest.fixture
def api(configure: Callable[..., None]) -> Iterator[PostmarkServer]:
    """An account of one server, with both tokens set."""
    with PostmarkServer() as running:
        configure(running, running.servers[0].token, ACCOUNT_TOKEN)
        yield running


@pytest.fixture
def server(api: PostmarkServer) -> Server:
    """The one server of the account."""
    return api.servers[0]


def load(name: str, span: Span | None = None) -> SyncReport:
    """Sync a resource, and tell what the sync did."""
    with open_pipeline(configured_account().warehouse, name) as pipeline:
        return sync(
            configured_account(), pipeline, name, say=lambda _: None, span=span or Span()
        ).report


def read(name: str, start: datetime, end: datetime | None) -> tuple[list[dict[str, Any]], Listing]:
    """The rows that a sync would hand to the warehouse, in the order they came."""
    listing = open_listing(configured_account(), name, say=lambda _: None)
    listing.paginator.window = Window(start, end)
    with listing.session:
        return list(listing.source), listing


def message_ids(server: Server) -> list[str]:
    return sorted(message["MessageID"] for message in server.messages)


def loaded_ids(query: Query) -> list[str]:
    return [key for (key,) in query("SELECT message_id FROM email.messages ORDER BY message_id")]


def materialize(name: str, **config: str) -> dg.ExecuteInProcessResult:
    """Materialize a resource's asset, and run its checks."""
    key = dg.AssetKey(name)
    assets = [asset for asset in build_assets(configured_account()) if key in asset.keys]
    checks = [
        check
        for check in build_checks(configured_account())
        if key in {k.asset_key for k in check.check_keys}
    ]
    return dg.materialize(
        [*assets, *checks],
        resources=DLT_RESOURCE,
        run_config={"ops": {name: {"config": config}}},
    )


def checks(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    """The checks of a run, and whether each passed."""
    return {found.check_name: found.passed for found in result.get_asset_check_evaluations()}


def evaluations(name: str) -> dict[str, dg.AssetCheckEvaluation]:
    """Materialize a resource's asset, and give what each of its checks found."""
    return {found.check_name: found for found in materialize(name).get_asset_check_evaluations()}


@pytest.fixture
def account(configure: Callable[..., None]) -> Iterator[PostmarkServer]:
    """An account of three servers, with the account's token alone."""
    with PostmarkServer(servers=3) as running:
        configure(running, None, ACCOUNT_TOKEN)
        yield running
