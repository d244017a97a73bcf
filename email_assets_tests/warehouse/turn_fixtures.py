"""A turn at a DuckDB file, its lock, and a client that takes it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.warehouse.destination import warehouse_client
from email_assets.warehouse.turn import SqlClient, turn_at
from email_assets_tests.warehouses import never


def lock_of(warehouse: Path) -> Path:
    return warehouse.with_name(f"{warehouse.name}.lock")


def turn(
    file: Path | None,
    client: Any,
    say: Callable[[str], None] = print,
    sleep: Callable[[float], None] = never,
) -> AbstractContextManager[None]:
    """A turn of the servers at a warehouse, as a sync takes it."""
    timeout = configured_account().warehouse.lock_timeout
    return turn_at(file, client, who="servers", timeout=timeout, say=say, sleep=sleep)


@pytest.fixture
def client(warehouse: Path) -> SqlClient:
    """A client of the warehouse that is not connected."""
    return warehouse_client(configured_account().warehouse, "servers")
