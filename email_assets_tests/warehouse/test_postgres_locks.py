"""A reader of PostgreSQL's tables who never ends a transaction holds up a sync for a time only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from email_assets.account import configured_account
from email_assets.deliverability.daily import build_daily
from email_assets.errors import WarehouseError
from email_assets.sandbox import Sandbox
from email_assets.sync.pipeline import sync
from email_assets.sync.span import Span
from email_assets.warehouse.destination import connected, open_pipeline
from email_assets_tests.postgres import Database
from email_assets_tests.queries import WAREHOUSES
from email_assets_tests.warehouses import Query, load, never

pytestmark = pytest.mark.parametrize("warehouse", WAREHOUSES[1:], indirect=True)


@contextmanager
def reading(database: Database, table: str) -> Iterator[None]:
    """A reader whose transaction goes on for as long as the block runs."""
    with database.connected() as cursor:
        cursor.connection.autocommit = False
        cursor.execute(f"SELECT count(*) FROM email.{table}")
        yield


def refresh_domains() -> object:
    account, span = configured_account(), Span(full_refresh=True)
    with open_pipeline(account.warehouse, "domains") as pipeline:
        return sync(account, pipeline, "domains", say=print, sleep=never, span=span)


def daily() -> object:
    return build_daily(configured_account(), say=print)


@pytest.mark.parametrize(
    ("table", "make", "who"),
    [
        ("domains", lambda: load("domains"), "domains"),
        ("domains", refresh_domains, "domains"),
        ("deliverability_daily", daily, "deliverability_daily"),
        ("email_events", daily, "deliverability_daily"),
    ],
    ids=["a new column", "a full refresh", "deliverability", "the views"],
)
def test_a_lock_that_somebody_keeps_is_waited_for_no_longer_than_lock_timeout(
    api: Sandbox,
    warehouse: Database,
    query: Query,
    monkeypatch: pytest.MonkeyPatch,
    table: str,
    make: Callable[[], object],
    who: str,
) -> None:
    for name in ("messages", "bounces", "domains"):
        load(name)
    daily()
    before = query(f"SELECT * FROM email.{table} ORDER BY 1, 2")
    api.replace("domains", [{**row, "a_new_field": 1} for row in api.rows("domains")])
    monkeypatch.setenv("WAREHOUSE__LOCK_TIMEOUT", "0.1")

    with reading(warehouse, table), pytest.raises(WarehouseError) as failure:
        make()

    assert str(failure.value).startswith(
        f"{who}: somebody kept a lock on a table of the warehouse for longer than lock_timeout"
    )
    assert query(f"SELECT * FROM email.{table} ORDER BY 1, 2") == before
    make()


@pytest.mark.parametrize(
    ("own", "found"),
    [
        ("", ("100ms", "Asia/Tokyo")),
        ("?options=-c%20lock_timeout%3D7s", ("7s", "Asia/Tokyo")),
        ("?options=-c%20timezone%3DAsia%2FSeoul%20-cjit%3Doff", ("100ms", "Asia/Seoul")),
    ],
)
def test_options_that_somebody_has_set_hold_beside_it(
    own: str,
    found: tuple[str, str],
    api: Sandbox,
    warehouse: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WAREHOUSE__LOCK_TIMEOUT", "0.1")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", f"{warehouse.url}{own}")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS__SESSION_TIMEZONE", "Asia/Tokyo")

    assert load("domains").row_count == len(api.rows("domains"))

    settings = configured_account().warehouse
    with connected(settings, "domains", print, read_only=True) as client:
        assert client
        told = [client.execute_sql(f"SHOW {name}") for name in ("lock_timeout", "timezone")]
    assert told == [[(value,)] for value in found]
