"""Other processes: some that sync, and may stop at a given moment, and some that hold a file.

    python -m email_assets_tests.processes sync bounces
    python -m email_assets_tests.processes stop bounces 'INSERT INTO "email"."bounces"'
    python -m email_assets_tests.processes hold read warehouse.duckdb
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

HERE = "here"
"""The line that a process prints once it is where it was to go."""

Process = subprocess.Popen[str]


@contextmanager
def process(*arguments: str) -> Iterator[Process]:
    """A process of this module, which is killed at the end if it still runs."""
    with subprocess.Popen(
        [sys.executable, "-m", __name__, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as started:
        try:
            yield started
        finally:
            started.kill()


@contextmanager
def syncing(*names: str) -> Iterator[list[Process]]:
    """Processes that sync these resources, all at once."""
    with ExitStack() as stack:
        yield [stack.enter_context(process("sync", name)) for name in names]


@contextmanager
def stopped(name: str, moment: str) -> Iterator[Process]:
    """A process that has synced a resource up to a moment, and goes no further.

    Args:
        name: The resource.
        moment: The step (`extract`, `normalize`) after which it stops, or the beginning of the SQL
            before which it does.
    """
    with process("stop", name, moment) as started:
        wait_for(started)
        yield started


@contextmanager
def holding(how: str, file: Path) -> Iterator[Process]:
    """A process that holds a file until it is let go.

    Args:
        how: `read` or `write`, which open it with DuckDB, or `lock`.
        file: The DuckDB file or the lock file.
    """
    with process("hold", how, str(file)) as started:
        wait_for(started)
        yield started


def let_go(started: Process) -> None:
    """Let a process that holds a file go on and end."""
    started.communicate(timeout=30)


def wait_for(started: Process) -> None:
    """Wait until a process is where it was to go."""
    assert started.stdout is not None
    lines = [line.strip() for line in iter(started.stdout.readline, "")]
    assert lines[-1:] == [HERE], started.stderr and started.stderr.read()


def _arrive() -> None:
    print(HERE, flush=True)  # noqa: T201 (the test reads it)
    sys.stdout.close()
    sys.stdin.read()


def _sync(name: str, moment: str | None = None) -> None:
    from email_assets.pipeline import sync
    from email_assets.warehouse import open_pipeline

    with open_pipeline(name) as pipeline:
        if moment in ("extract", "normalize"):
            _stop_after(pipeline, moment)
        elif moment:
            _stop_before_sql(pipeline, moment)
        report = sync(pipeline, name, say=lambda _: None).report
    print(report.row_count)  # noqa: T201 (the test reads it)


def _stop_after(pipeline: Any, step: str) -> None:
    run = getattr(pipeline, step)

    def run_and_stop(*args: Any, **kwargs: Any) -> None:
        run(*args, **kwargs)
        _arrive()

    setattr(pipeline, step, run_and_stop)


def _stop_before_sql(pipeline: Any, beginning: str) -> None:
    from dlt.destinations.impl.duckdb.sql_client import DuckDbSqlClient

    execute = DuckDbSqlClient.execute_query

    def execute_or_stop(client: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        if str(query).lstrip().startswith(beginning):
            _arrive()
        return execute(client, query, *args, **kwargs)

    DuckDbSqlClient.execute_query = execute_or_stop  # type: ignore[method-assign]
    # one statement at a time, so that there is a moment between two
    pipeline.destination.caps_params["supports_multiple_statements"] = False


def _hold(how: str, file: str) -> None:
    if how == "lock":
        from filelock import FileLock

        with FileLock(file):
            _arrive()
    else:
        import duckdb

        with duckdb.connect(file, read_only=how == "read"):
            _arrive()


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    {"sync": _sync, "stop": _sync, "hold": _hold}[command](*rest)
