"""Other processes: some that sync, and may stop at a given moment, and some that hold a file.

They are forked off a server that has imported everything, so that each starts at once.
"""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import duckdb
import pytest
from filelock import FileLock

from email_assets.account import configured_account
from email_assets.sync.pipeline import WHAT_IS_NEW, sync
from email_assets.sync.span import Span
from email_assets.warehouse.destination import open_pipeline

HERE = "here"
"""The word of another process that has come to the moment at which it stops."""

_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "email_assets_tests.programs",
        # what dlt, Dagster and ours import late, which takes longer than a small sync does
        "alembic.command",
        "dagster._cli",
        "dagster._core.definitions.antlr_asset_selection.antlr_asset_selection",
        "dagster._core.instance.factory",
        "dagster._core.storage.sqlite_storage",
        "dagster._daemon.controller",
        "dlt._workspace._plugins",
        "dlt.common.libs.sql_alchemy_compat",
        "dlt.destinations.impl.duckdb.duck",
        "dlt.sources.helpers.requests",
        "email_assets.defs.build",
        "pendulum.locales.en.locale",
        "pyarrow.compute",
        "pyarrow.parquet",
        "rich.traceback",
        "sqlalchemy.dialects.sqlite",
    ]
)


class Other:
    """Another process, and what it says."""

    def __init__(self, process: ForkServerProcess, connection: Connection) -> None:
        self._process = process
        self._connection = connection
        self.pid = process.pid

    def said(self) -> Any:
        """Its next word.

        Raises:
            AssertionError: It failed, or ended without a word.
        """
        try:
            word = self._connection.recv()
        except EOFError:
            raise AssertionError("the other process ended without a word") from None
        if isinstance(word, Exception):
            raise AssertionError(f"the other process failed: {word!r}")
        return word

    def let_go(self) -> None:
        """Let it go on from where it stopped, and see it end."""
        self.go_on()
        self._process.join()

    def go_on(self) -> None:
        """Let it go on from where it stopped."""
        self._connection.send(None)

    def exit_status(self, seconds: float) -> int:
        """Its exit status, or minus the signal that killed it, once it has ended by itself."""
        self._process.join(seconds)
        status = self._process.exitcode
        assert status is not None, f"the other process has not ended within {seconds:g} s"
        return status

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._process.kill()
        self._process.join()


def syncing(*names: str) -> list[int]:
    """Sync these resources, each in a process of its own and all at once; gives their rows."""
    with ExitStack() as stack:
        others = [stack.enter_context(forked(_sync, name)) for name in names]
        return [other.said() for other in others]


@contextmanager
def started(name: str) -> Iterator[Other]:
    """A process that syncs a resource."""
    with forked(_sync, name) as other:
        yield other


@contextmanager
def stopped(name: str, moment: str) -> Iterator[Other]:
    """A process that has synced a resource up to a moment, and goes no further.

    Args:
        name: The resource.
        moment: The step (`extract`, `normalize`) after which it stops, or the beginning of the SQL
            before which it does.
    """
    with forked(_sync, name, moment) as other:
        assert other.said() == HERE, f"the sync of {name} ended and never came to: {moment}"
        yield other


@contextmanager
def holding(how: str, file: Path) -> Iterator[Other]:
    """A process that holds a file until it is let go.

    Args:
        how: `read` or `write`, which open it with DuckDB, or `lock`, which locks it.
        file: The file.
    """
    with forked(_hold, how, file) as other:
        other.said()
        yield other


@contextmanager
def forked(task: Callable[..., None], *arguments: Any) -> Iterator[Other]:
    """A process that does something, and is killed if it has not ended by the end of the block.

    Args:
        task: What it does; called with the connection through which it says something.
        arguments: What the task is called with besides.
    """
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_run, args=(theirs, dict(os.environ), task, *arguments))
    with pytest.MonkeyPatch.context() as patch:
        # the server's socket is made in there, and its path must be short
        patch.setattr(tempfile, "tempdir", "/tmp")
        process.start()
    theirs.close()
    other = Other(process, ours)
    try:
        yield other
    finally:
        other.kill()
        process.close()
        ours.close()


def _run(
    connection: Connection, environment: dict[str, str], task: Callable[..., None], *arguments: Any
) -> None:
    # or the first collection goes through all that was imported, in a quarter of a second
    gc.freeze()
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    try:
        task(connection, *arguments)
    except Exception as error:
        connection.send(RuntimeError(f"{type(error).__name__}: {error}"))


def syncing_at_once(name: str, *spans: Span) -> list[int]:
    """Sync stretches of a resource's time, each in a process of its own; all load at once."""
    with ExitStack() as stack:
        others = [stack.enter_context(forked(_sync, name, "normalize", span)) for span in spans]
        assert [other.said() for other in others] == [HERE] * len(spans)
        for other in others:
            other.go_on()
        return [other.said() for other in others]


def _sync(
    connection: Connection, name: str, moment: str | None = None, span: Span = WHAT_IS_NEW
) -> None:
    with open_pipeline(configured_account().warehouse, name) as pipeline:
        if moment in ("extract", "normalize"):
            _stop_after(pipeline, moment, connection)
        elif moment:
            _stop_before_sql(pipeline, moment, connection)
        connection.send(
            sync(
                configured_account(), pipeline, name, say=lambda _: None, span=span
            ).report.row_count
        )


def _stop_after(pipeline: Any, step: str, connection: Connection) -> None:
    run = getattr(pipeline, step)

    def run_and_stop(*args: Any, **kwargs: Any) -> Any:
        done = run(*args, **kwargs)
        _stop(connection)
        return done

    setattr(pipeline, step, run_and_stop)


def _stop_before_sql(pipeline: Any, beginning: str, connection: Connection) -> None:
    client_class = type(pipeline.sql_client())
    execute = client_class.execute_query

    def stop_or_execute(client: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        if str(query).lstrip().startswith(beginning):
            _stop(connection)
        return execute(client, query, *args, **kwargs)

    client_class.execute_query = stop_or_execute
    # one statement at a time, so that there is a moment between two
    pipeline.destination.caps_params["supports_multiple_statements"] = False


def _hold(connection: Connection, how: str, file: Path) -> None:
    if how == "lock":
        with FileLock(file, timeout=60):
            _stop(connection)
    else:
        with duckdb.connect(str(file), read_only=how == "read"):
            _stop(connection)


def _stop(connection: Connection) -> None:
    connection.send(HERE)
    connection.recv()
