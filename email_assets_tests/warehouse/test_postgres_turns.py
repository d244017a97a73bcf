"""Loads into PostgreSQL take turns at each table, and lose nothing."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Event, Thread

import pytest

from email_assets.account import configured_account
from email_assets.errors import WarehouseBusyError
from email_assets.sandbox import Sandbox
from email_assets.sync.span import Span
from email_assets.warehouse.counts import count_keys, count_table
from email_assets.warehouse.destination import connected
from email_assets_tests.postgres import Database, Server
from email_assets_tests.processes import stopped, syncing_at_once
from email_assets_tests.queries import WAREHOUSES
from email_assets_tests.warehouses import Query, items, kill, listed, load, never, table

pytestmark = pytest.mark.parametrize("warehouse", WAREHOUSES[1:], indirect=True)

ROUNDS = int(os.environ.get("ROUNDS", "3"))


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


GOODBYE = b"X\x00\x00\x00\x04"
"""The last that a client says to PostgreSQL."""


@contextmanager
def noticing_no_goodbye(server: Server) -> Iterator[int]:
    """A port that leads to a server, which does not hear within the block that a client leaves."""
    over = Event()

    class Relay(BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", server.port)) as onward:
                Thread(target=self.answer, args=(onward,), daemon=True).start()
                while (said := self.request.recv(65536)) and said != GOODBYE:
                    onward.sendall(said)
                over.wait()
                onward.shutdown(socket.SHUT_RDWR)

        def answer(self, onward: socket.socket) -> None:
            with suppress(OSError):
                while said := onward.recv(65536):
                    self.request.sendall(said)

    with ThreadingTCPServer(("127.0.0.1", 0), Relay) as relay:
        relay.daemon_threads = True
        Thread(target=relay.serve_forever, args=(0.02,), daemon=True).start()
        yield relay.server_address[1]
        over.set()
        relay.shutdown()


def test_a_turn_that_is_over_is_free_before_the_server_notices_that_its_connection_ended(
    api: Sandbox, warehouse: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with noticing_no_goodbye(warehouse.server) as port:
        url = warehouse.url.replace(f":{warehouse.server.port}/", f":{port}/")
        monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", url)
        monkeypatch.setenv("WAREHOUSE__LOCK_TIMEOUT", "60")
        # each takes a turn before it reads the API, and another one to load
        for name in ("servers", "domains", "domains"):
            assert load(name, sleep=never).row_count


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


def test_the_turn_of_a_killed_run_is_free(api: Sandbox, warehouse: Database) -> None:
    load("domains")
    api.replace("domains", [{"id": 1}])
    with stopped("domains", 'INSERT INTO "email"."domains"') as run:
        kill(run, warehouse)
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


@pytest.mark.parametrize(("set_by_hand", "seconds"), [("", 60), ("?keepalives_idle=30", 30)])
def test_a_server_that_went_without_a_word_is_noticed_after_a_minute_or_as_set(
    warehouse: Database, monkeypatch: pytest.MonkeyPatch, set_by_hand: str, seconds: int
) -> None:
    monkeypatch.setenv("DESTINATION__POSTGRES__CREDENTIALS", f"{warehouse.url}{set_by_hand}")
    with connected(configured_account().warehouse, "domains", print) as client:
        assert client
        with socket.socket(fileno=os.dup(client.native_connection.fileno())) as connection:
            assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            asked_after = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE)
    assert asked_after == seconds
