"""A PostgreSQL warehouse: turns at a resource's tables, values, and what is told of its errors."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from email_assets.account import configured_account
from email_assets.deliverability.daily import build_daily
from email_assets.errors import EmailAssetsError, WarehouseBusyError
from email_assets.sandbox import Sandbox
from email_assets.sandbox.data import RESOURCES
from email_assets.sync.span import Span
from email_assets.warehouse.counts import count_keys, count_table
from email_assets.warehouse.destination import connected
from email_assets_tests.postgres import Database, Server
from email_assets_tests.processes import stopped, syncing_at_once
from email_assets_tests.queries import WAREHOUSES
from email_assets_tests.sync.odd_data_fixtures import load_rows, put
from email_assets_tests.warehouses import (
    Query,
    columns_of,
    fresh_warehouse,
    items,
    listed,
    load,
    never,
    table,
)

pytestmark = pytest.mark.parametrize("warehouse", WAREHOUSES[1:], indirect=True)

ROUNDS = int(os.environ.get("ROUNDS", "3"))

# Turns


def test_a_load_waits_for_another_of_the_same_table_and_names_its_run(
    api: Sandbox, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE__LOCK_TIMEOUT", "2")
    load("servers")
    load("domains")
    api.replace("domains", [{"id": 1}])
    said: list[str] = []
    with (
        stopped("domains", 'INSERT INTO "email"."domains"') as run,
        pytest.raises(WarehouseBusyError) as failure,
    ):
        load("domains", say=said.append, sleep=waits.append)
    holder = f"email_assets domains on {socket.gethostname()}"[:50] + f" {run.pid}"
    assert str(failure.value).startswith(f"domains: {holder} (PostgreSQL process ")
    assert "kept its turn at email.domains in w" in str(failure.value)
    assert "for 2 s. End it, or set a longer lock_timeout. Set it as [wareh" in str(failure.value)
    assert [sentence.partition(", which ")[0] for sentence in said] == [
        "domains: waiting up to 2 s for email.domains"
    ]
    assert sum(waits) == 2


def test_loads_of_different_tables_do_not_wait_for_one_another(api: Sandbox) -> None:
    load("servers")
    load("domains")
    api.replace("domains", [{"id": 1}])
    with stopped("domains", 'INSERT INTO "email"."domains"'):
        api.replace("servers", [{"id": 1}])
        assert load("servers", sleep=never).rows_loaded == 1


def test_first_loads_of_an_empty_database_make_dlts_tables_one_after_the_other(
    api: Sandbox, waits: list[float]
) -> None:
    with stopped("domains", 'CREATE SCHEMA "email"') as run:

        def let_go(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 1:
                run.let_go()

        load("servers", sleep=let_go)
    assert waits


def test_a_turn_outlasts_an_error_after_which_dlt_resets_its_connection(
    api: Sandbox, waits: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE__LOCK_TIMEOUT", "1")
    warehouse = configured_account().warehouse
    with connected(warehouse, "domains", print) as client:
        assert client
        assert count_table(client, "domains") is None
        with pytest.raises(WarehouseBusyError):
            load("domains", sleep=waits.append)


def test_a_question_does_not_wait_for_a_load(api: Sandbox) -> None:
    load("domains")
    api.replace("domains", [{"id": 1}])
    with stopped("domains", 'INSERT INTO "email"."domains"'):
        found = count_keys(configured_account().warehouse, "domains", ["id"], say=print)
    assert found
    assert found.rows == 8


def test_the_turn_of_a_killed_run_is_free(api: Sandbox) -> None:
    load("domains")
    api.replace("domains", [{"id": 1}])
    with stopped("domains", 'INSERT INTO "email"."domains"') as run:
        run.kill()
        assert load("domains").row_count == 9


def test_backfills_of_different_weeks_that_load_at_once_lose_nothing(
    api: Sandbox, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__CURSOR_PATH", "sent_at")
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__START_PARAM", "since")
    monkeypatch.setenv("SOURCES__EMAIL__MESSAGES__END_PARAM", "until")
    times = sorted(row["sent_at"] for row in api.rows("messages"))
    weeks = [Span.parse(False, times[0], times[99]), Span.parse(False, times[100], times[-1])]
    for change in range(ROUNDS):
        rows = [{**row, "subject": f"round {change}"} for row in api.rows("messages")]
        api.replace("messages", rows)
        syncing_at_once("messages", *weeks)
        assert table(query, "messages") == listed(api.rows("messages"))
        assert items(query, "messages", "recipients") == {
            row["id"]: row["recipients"] for row in rows
        }


# Rows


def test_every_table_holds_what_duckdbs_holds_row_by_row(
    api: Sandbox, tmp_path: Path, query: Query
) -> None:
    with fresh_warehouse(tmp_path, api) as of_duckdb, pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAREHOUSE__DESTINATION_TYPE", "duckdb")
        load_everything()
    load_everything()
    assert contents(query) == contents(of_duckdb)


def load_everything() -> None:
    for name in RESOURCES:
        load(name)
    build_daily(configured_account(), say=print)


def contents(query: Query) -> dict[str, list[dict[str, Any]]]:
    """The rows of all tables but dlt's own, without the columns that tell of the load."""
    names = query(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'email' "
        "AND table_name NOT LIKE '!_dlt%' ESCAPE '!'"
    )
    found = {}
    for (name,) in names:
        # dlt makes the ids of nested rows of the ids of their parents, which tell the moment
        columns = [c for c in columns_of(query, name) if c == "_dlt_list_idx" or c[:4] != "_dlt"]
        quoted = ", ".join(f'"{column}"' for column in columns)
        rows = query(f"SELECT {quoted} FROM email.{name}")
        found[name] = sorted((dict(zip(columns, row, strict=True)) for row in rows), key=repr)
    return found


# Values


def test_a_nul_in_a_key_is_written_out_and_the_row_is_known_again(
    api: Sandbox, query: Query
) -> None:
    rows = [{"id": "a\x00"}, {"id": "a"}, {"id": "b", "to": [{"name": "\x00"}]}]
    api.replace("servers", rows)
    assert load("servers").rows_loaded == 3
    assert sorted(table(query, "servers")) == ["a", "a\\u0000", "b"]
    assert load("servers").rows_loaded == 0


def test_a_nul_in_json_is_written_out(api: Sandbox, query: Query) -> None:
    deep: object = "\x00"
    for _ in range(12):
        deep = {"d\x00": deep}
    load_rows(api, {"id": 1, "deep": deep})
    put(api, {"id": 1, "deep": deep})
    assert load("domains").rows_loaded == 0


# Sentences


def sentence(name: str = "domains") -> str:
    with pytest.raises(EmailAssetsError) as failure:
        load(name)
    assert (failure.value.__cause__, failure.value.__context__) == (None, None)
    return str(failure.value)


def test_a_wrong_password_names_the_setting_and_keeps_the_password(
    api: Sandbox, warehouse: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = warehouse.url.replace("p%25ss%2Fword", "s3cret-but-wrong")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", wrong)
    told = sentence()
    assert told.startswith("domains: the warehouse's server did not let this user in: ")
    assert "DESTINATION__POSTGRES__CREDENTIALS" in told
    assert "s3cret" not in told


def test_a_database_that_is_not_there_names_the_setting(
    api: Sandbox, warehouse: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", f"{warehouse.url}_no")
    assert "DESTINATION__POSTGRES__CREDENTIALS" in sentence()


def test_a_server_that_is_down_is_one_sentence_that_names_the_setting(
    api: Sandbox, warehouse: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = warehouse.url.replace(f":{warehouse.server.port}/", ":9/")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", nobody)
    told = sentence()
    assert told.startswith("domains: the warehouse's server cannot be reached: ")
    assert "DESTINATION__POSTGRES__CREDENTIALS" in told


def test_an_address_without_a_password_is_one_sentence_that_names_it(
    api: Sandbox, warehouse: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = warehouse.url.replace(":p%25ss%2Fword", "")
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", without)
    assert "DESTINATION__POSTGRES__CREDENTIALS__PASSWORD" in sentence()


def test_a_schema_that_the_user_may_not_make_is_one_sentence(
    api: Sandbox, warehouse: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.change("CREATE ROLE reader LOGIN PASSWORD 'r'")
    url = f"postgresql://reader:r@127.0.0.1:{warehouse.server.port}/{warehouse.name}"
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", url)
    told = sentence()
    assert "permission denied for database" in told
    assert "\n" not in told


@pytest.fixture
def own_server(warehouse: Database, postgres_server: Server) -> Iterator[Server]:
    """The server, started again after the test."""
    yield postgres_server
    postgres_server.stop()
    postgres_server.start()


def test_a_server_that_goes_down_in_a_load_is_one_sentence_and_the_next_run_heals(
    api: Sandbox, warehouse: Database, own_server: Server, query: Query
) -> None:
    load("domains")
    api.replace("domains", [{"id": 1}])
    own_server.stop()
    assert "cannot be reached" in sentence()
    own_server.start()
    assert load("domains").row_count == 9


# Quiet


def test_a_sync_warns_of_nothing(api: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    for name in RESOURCES:
        load(name)
        load(name)
    assert [record.getMessage() for record in caplog.records if record.levelno > 20] == []
