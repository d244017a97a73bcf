"""Runs wait for whoever else holds the DuckDB file, say for whom, and not for ever."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from email_assets.account import configured_account
from email_assets.errors import WarehouseBusyError
from email_assets.sandbox import Fault, Sandbox
from email_assets.warehouse.counts import count_keys
from email_assets.warehouse.turn import SqlClient
from email_assets_tests.processes import Other, holding
from email_assets_tests.warehouse.turn_fixtures import client, lock_of, turn
from email_assets_tests.warehouses import Query, change, listed, load, never, table

__all__ = ["client"]


PYTHON = os.path.realpath(sys.executable)


class Patience:
    """Sleep, which lets a holder go after some waits and notes how long each was."""

    def __init__(self, holder: Other, waits: int) -> None:
        self.seconds: list[float] = []
        self._holder = holder
        self._waits = waits

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if len(self.seconds) == self._waits:
            self._holder.let_go()


@pytest.mark.parametrize("how", ["read", "write"])
def test_a_sync_waits_until_another_program_has_closed_the_file(
    api: Sandbox, warehouse: Path, query: Query, how: str
) -> None:
    change(warehouse)
    with holding(how, warehouse) as holder:
        patience = Patience(holder, waits=3)
        load("domains", sleep=patience)
    assert patience.seconds == [0.25, 0.25, 0.25]
    assert table(query, "domains") == listed(api.rows("domains"))


def test_a_sync_says_once_for_which_program_it_waits(api: Sandbox, warehouse: Path) -> None:
    change(warehouse)
    said: list[str] = []
    with holding("read", warehouse) as holder:
        load("domains", say=said.append, sleep=Patience(holder, waits=3))
    assert said == [
        f"domains: waiting up to 600 s for warehouse.duckdb, held by {PYTHON} (PID {holder.pid})"
    ]


def test_a_sync_waits_for_another_run(api: Sandbox, warehouse: Path, query: Query) -> None:
    said: list[str] = []
    with holding("lock", lock_of(warehouse)) as holder:
        load("domains", say=said.append, sleep=Patience(holder, waits=2))
    assert said == [
        "domains: waiting up to 600 s for warehouse.duckdb, held by another run of email_assets"
    ]
    assert table(query, "domains") == listed(api.rows("domains"))


def test_a_sync_waits_for_a_reader_that_came_while_the_api_was_read(
    api: Sandbox, warehouse: Path, query: Query, waits: list[float]
) -> None:
    api.set_faults("domains", Fault("status", status=503, times=1))
    with ExitStack() as stack:
        readers: list[Other] = []

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            if readers:
                readers[0].let_go()
            else:
                readers.append(stack.enter_context(holding("read", warehouse)))

        load("domains", sleep=sleep)
    assert waits == [2, 0.25]
    assert table(query, "domains") == listed(api.rows("domains"))


def test_a_wait_that_takes_too_long_fails_and_says_whom_to_ask(
    api: Sandbox, warehouse: Path, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    change(warehouse)
    monkeypatch.setenv("WAREHOUSE__LOCK_TIMEOUT", "2")
    with holding("read", warehouse) as holder, pytest.raises(WarehouseBusyError) as failure:
        load("domains", sleep=waits.append)
    assert str(failure.value) == (
        f"domains: {PYTHON} (PID {holder.pid}) kept warehouse.duckdb open for 2 s. Close it, or "
        "set a longer lock_timeout. Set it as [warehouse] lock_timeout in .dlt/config.toml or as "
        "WAREHOUSE__LOCK_TIMEOUT."
    )
    assert sum(waits) == 2


def test_a_wait_for_another_run_is_bounded_too(
    api: Sandbox, warehouse: Path, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    monkeypatch.setenv("WAREHOUSE__LOCK_TIMEOUT", "2")
    with (
        holding("lock", lock_of(warehouse)),
        pytest.raises(WarehouseBusyError, match=r"^domains: another run of email_assets kept"),
    ):
        load("domains", sleep=waits.append)
    assert sum(waits) == 2


def test_each_holder_is_named(warehouse: Path, client: SqlClient) -> None:
    said: list[str] = []
    with (
        holding("write", warehouse) as program,
        holding("lock", lock_of(warehouse)) as run,
    ):
        holders = iter([run, program])
        waiting = turn(warehouse, client, say=said.append, sleep=lambda _: next(holders).let_go())
        with waiting:
            pass
    assert [sentence.partition("held by ")[2] for sentence in said] == [
        "another run of email_assets",
        f"{PYTHON} (PID {program.pid})",
    ]


def test_both_waits_together_are_bounded(
    warehouse: Path, client: SqlClient, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    monkeypatch.setenv("WAREHOUSE__LOCK_TIMEOUT", "2")
    with (
        holding("write", warehouse),
        holding("lock", lock_of(warehouse)) as run,
    ):

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            if len(waits) == 5:
                run.let_go()

        waiting = turn(warehouse, client, sleep=sleep)
        with pytest.raises(WarehouseBusyError), waiting:
            pass
    assert sum(waits) == 2


def test_a_timeout_of_0_does_not_wait(
    api: Sandbox, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE__LOCK_TIMEOUT", "0")
    with holding("lock", lock_of(warehouse)), pytest.raises(WarehouseBusyError):
        load("domains", sleep=never)


def test_a_question_waits_its_turn_too(
    api: Sandbox, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(warehouse)
    monkeypatch.setenv("WAREHOUSE__LOCK_TIMEOUT", "0")
    with holding("write", warehouse) as holder, pytest.raises(WarehouseBusyError) as failure:
        count_keys(configured_account().warehouse, "servers", ["id"], say=print)
    assert f"(PID {holder.pid}) kept warehouse.duckdb open" in str(failure.value)


@pytest.mark.parametrize(
    ("duckdb_says", "holder"),
    [
        ("Conflicting lock is held in /opt/My App (x)/bi (PID 12).", "/opt/My App (x)/bi (PID 12)"),
        ("Conflicting lock is held in /usr/bin/bi (PID 12) by user ann.", "/usr/bin/bi (PID 12)"),
        ("Conflicting lock is held in PID 12.", "another program (PID 12)"),
        ("Conflicting lock is held in PID 0.", "another program"),
        ("Resource temporarily unavailable.", "another program"),
    ],
)
def test_the_holder_is_named_as_well_as_duckdb_knows_it(
    warehouse: Path, duckdb_says: str, holder: str
) -> None:
    """DuckDB cannot see the programs of other users, nor those of other containers."""
    change(warehouse)
    said: list[str] = []
    problems = [duckdb.IOException(f'Could not set lock on file "w.duckdb": {duckdb_says}')]

    def open_connection() -> None:
        if problems:
            raise problems.pop()

    client: Any = SimpleNamespace(open_connection=open_connection, close_connection=lambda: None)
    with turn(warehouse, client, say=said.append, sleep=lambda _: None):
        pass
    assert said == [f"servers: waiting up to 600 s for warehouse.duckdb, held by {holder}"]
