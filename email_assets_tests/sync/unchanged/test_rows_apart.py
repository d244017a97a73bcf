"""Fields that are never loaded, rows without a key, and rows of several owners."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from email_assets.errors import ApiError
from email_assets.sandbox import Fault, Sandbox
from email_assets_tests.sync.unchanged.loading import (
    counts,
    load,
    load_rows,
    put,
    state_of,
)
from email_assets_tests.vendors.postmark_server import ACCOUNT_TOKEN, PostmarkServer
from email_assets_tests.vendors.vendor_fixtures import UseVendor, use_vendor
from email_assets_tests.warehouses import (
    Query,
    Row,
    table,
)

__all__ = ["use_vendor"]

# What is never loaded

WITH_SECRETS = """
from copy import deepcopy

from email_assets.vendors import generic

VENDOR = deepcopy(generic.VENDOR)
for resource in VENDOR["resources"]:
    resource["never_load"] = {paths!r}
"""


def never_loading(use_vendor: UseVendor, *paths: str) -> None:
    use_vendor(WITH_SECRETS.format(paths=list(paths)))


@pytest.mark.slow
def test_once_a_field_is_never_loaded_the_rows_that_have_it_are_loaded_without(
    api: Sandbox, query: Query, use_vendor: UseVendor
) -> None:
    rows: list[Row] = [{"id": 1, "token": "t", "n": 1}, {"id": 2, "n": 2}, {"id": 3, "token": None}]
    never_loading(use_vendor)
    load_rows(api, *rows)
    never_loading(use_vendor, "token")
    assert load_rows(api, *rows) == (2, 1)
    assert table(query, "domains") == {1: {"id": 1, "n": 1}, 2: {"id": 2, "n": 2}, 3: {"id": 3}}


@pytest.mark.slow
def test_once_a_field_is_loaded_after_all_the_rows_that_have_it_are_loaded_with_it(
    api: Sandbox, query: Query, use_vendor: UseVendor
) -> None:
    rows: list[Row] = [{"id": 1, "token": "t", "n": 1}, {"id": 2, "n": 2}]
    never_loading(use_vendor, "token")
    load_rows(api, *rows)
    never_loading(use_vendor)
    assert load_rows(api, *rows) == (1, 1)
    assert table(query, "domains") == {row["id"]: row for row in rows}


@pytest.mark.slow
def test_a_change_of_what_is_never_loaded_is_none(
    api: Sandbox, warehouse: Path, use_vendor: UseVendor
) -> None:
    never_loading(use_vendor, "token", "hooks.password")
    nested = {"id": 1, "token": "t", "hooks": [{"url": "x", "password": "p"}]}
    flat = {"id": 2, "hooks.password": "p"}  # a dot may be part of a field's own name
    load_rows(api, nested, flat)
    before = state_of(warehouse)
    changed = {"id": 1, "token": "u", "hooks": [{"url": "x", "password": "q"}]}
    assert load_rows(api, changed, {"id": 2, "hooks.password": "q"}) == (0, 2)
    assert state_of(warehouse) == before


# Keys


def test_rows_without_a_key_are_counted_each_time(api: Sandbox) -> None:
    api.set_faults("domains", Fault("null_id", rows=3))
    load("domains")
    report = load("domains")
    assert (report.rows_loaded, report.rows_unchanged, report.rows_without_key) == (0, 5, 3)


@pytest.mark.slow
def test_a_row_that_gets_a_key_is_loaded(api: Sandbox, query: Query) -> None:
    load_rows(api, {"id": 1}, {"id": None, "n": 2})
    put(api, {"id": 1}, {"id": 2, "n": 2})
    assert counts(load("domains")) == (1, 1)
    assert table(query, "domains") == {1: {"id": 1}, 2: {"id": 2, "n": 2}}


@pytest.mark.slow
def test_a_key_of_another_type_among_rows_that_did_not_change_is_refused(
    api: Sandbox, warehouse: Path
) -> None:
    load_rows(api, {"id": 1}, {"id": 2})
    before = state_of(warehouse)
    refusal = r"^domains: id came as .*, and was a number before, in row"
    keys: list[object] = ["2", 2.0, True, 2**63, 2**64, -(2**63) - 1]
    for key in keys:
        put(api, {"id": 1}, {"id": key})
        with pytest.raises(ApiError, match=refusal):
            load("domains")
        assert state_of(warehouse) == before


# Several owners


@pytest.fixture
def account(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PostmarkServer]:
    """An account of three servers, each with a bounce and counts of its own."""
    with PostmarkServer(servers=3) as running:
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", "postmark")
        monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", running.base_url)
        monkeypatch.setenv("SOURCES__EMAIL__POSTMARK__ACCOUNT_TOKEN", ACCOUNT_TOKEN)
        for server in running.servers:
            for hours in range(2):
                server.bounce(datetime(2026, 6, 15, hours, tzinfo=timezone.utc))
        yield running


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rows"), [("bounces", 6), ("deliverystats", 9), ("servers", 3)])
@pytest.mark.usefixtures("account")
def test_rows_of_several_owners_are_not_loaded_again(name: str, rows: int, warehouse: Path) -> None:
    assert counts(load(name)) == (rows, 0)
    before = state_of(warehouse)
    assert counts(load(name)) == (0, rows)
    assert state_of(warehouse) == before


@pytest.mark.slow
def test_of_equal_rows_of_several_owners_only_the_one_that_changed_is_loaded(
    account: PostmarkServer, query: Query
) -> None:
    load("bounces")
    account.servers[1].bounces[0]["Inactive"] = False
    assert counts(load("bounces")) == (1, 5)
    assert query("SELECT server_id, id FROM email.bounces WHERE NOT inactive") == [
        (2, 3_000_000_000)
    ]


@pytest.mark.slow
def test_the_rows_of_a_new_owner_are_loaded_alone(account: PostmarkServer, query: Query) -> None:
    third = account.servers.pop()
    load("deliverystats")
    account.servers.append(third)
    assert counts(load("deliverystats")) == (3, 6)
    assert query("SELECT count(*) FROM email.deliverystats") == [(9,)]
