"""Syncs of what is new, and the ways to read messages by time."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.sandbox import Sandbox
from email_assets.sandbox.data import RESOURCES
from email_assets.sync.pipeline import sync
from email_assets.sync.report import SyncReport
from email_assets.sync.span import Span
from email_assets.warehouse.destination import open_pipeline
from email_assets_tests.conftest import KEY
from email_assets_tests.queries import Place
from email_assets_tests.warehouses import Row


class Copies:
    """Copies of warehouses, from which others begin."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._copies: dict[str, Place] = {}

    def keep(self, key: str, warehouse: Place) -> None:
        if isinstance(warehouse, Path):
            copy: Place = self._folder / f"{len(self._copies)}.duckdb"
            shutil.copy(warehouse, self._folder / f"{len(self._copies)}.duckdb")
        else:
            copy = warehouse.copied()
        self._copies[key] = copy

    def restore(self, key: str, warehouse: Place) -> bool:
        """Make a warehouse what was kept; tells whether there was anything."""
        kept = self._copies.get(key)
        if isinstance(kept, Path):
            shutil.copy(kept, str(warehouse))
        elif kept is not None:
            assert not isinstance(warehouse, Path)
            warehouse.become(kept)
        return kept is not None


Load = Callable[..., SyncReport]

FULL_REFRESH = Span(full_refresh=True)

PAGES_OF_ALL = [0, 99, 198]
"""The offsets of a sync that reads all 250 messages."""


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Sandbox, dict[str, list[Row]]]]:
    """One API for all tests, since the cursor belongs to its address, and its rows."""
    with Sandbox(messages=250, api_key=KEY) as sandbox:
        yield sandbox, {name: sandbox.rows(name) for name in RESOURCES}


@pytest.fixture
def sandbox(running: tuple[Sandbox, dict[str, list[Row]]]) -> Sandbox:
    """The API as it was at first."""
    sandbox, listed = running
    for name, rows in listed.items():
        sandbox.replace(name, rows)
    sandbox.clear_faults()
    sandbox.reset_counts()
    return sandbox


@pytest.fixture(scope="module")
def first_syncs(tmp_path_factory: pytest.TempPathFactory) -> Copies:
    """The warehouses after a first sync, by kind and settings."""
    return Copies(tmp_path_factory.mktemp("first_syncs"))


@pytest.fixture
def loaded(
    api: Sandbox,
    warehouse: Place,
    first_syncs: Copies,
    request: pytest.FixtureRequest,
) -> None:
    """The messages were synced once, with the settings that the test asks for."""
    for settings in ("stops_early", "asks_for_windows", "incremental"):
        if settings in request.fixturenames:
            request.getfixturevalue(settings)
    ours = {name: os.environ[name] for name in os.environ if name.startswith("SOURCES__")}
    key = repr((type(warehouse), sorted(ours.items())))
    if not first_syncs.restore(key, warehouse):
        account = configured_account()
        with open_pipeline(account.warehouse, "messages") as pipeline:
            sync(account, pipeline, "messages", say=lambda _: None)
        first_syncs.keep(key, warehouse)
    api.reset_counts()


@pytest.fixture
def said() -> list[str]:
    """The messages to somebody who watches the syncs."""
    return []


@pytest.fixture
def load(said: list[str]) -> Callable[..., SyncReport]:
    """Syncs the messages, or another resource, and gives the report."""

    def load(
        span: Span = Span(),  # noqa: B008 (frozen)
        *,
        name: str = "messages",
        sleep: Callable[[float], None] = lambda _: None,
    ) -> SyncReport:
        with open_pipeline(configured_account().warehouse, name) as pipeline:
            return sync(
                configured_account(), pipeline, name, say=said.append, sleep=sleep, span=span
            ).report

    return load


@pytest.fixture
def stops_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings for an API that lists the newest first and cannot be asked for less."""
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "sent_at")
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__ROW_ORDER", "desc")


@pytest.fixture
def asks_for_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings for an API that can be asked for a stretch of time."""
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "sent_at")
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__START_PARAM", "since")
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__END_PARAM", "until")


@pytest.fixture(params=["stops early", "asks for windows"])
def incremental(request: pytest.FixtureRequest) -> str:
    """One after the other, both ways to sync what is new."""
    request.getfixturevalue(request.param.replace(" ", "_"))
    return str(request.param)


def offsets(api: Sandbox) -> list[int | None]:
    """The offsets that were asked for since the last look, in order."""
    found = [request.offset for request in api.requests]
    api.reset_counts()
    return found


def message(key: str, at: datetime | str | None, **fields: Any) -> Row:
    return {
        "id": key,
        "sent_at": at.isoformat() if isinstance(at, datetime) else at,
        "subject": "as it was",
        **fields,
    }
