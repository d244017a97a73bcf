"""Loads the five assets with Dagster's command, and shows what it says and what came of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from email_assets.account.every import configured_accounts
from email_assets.clock import now
from email_assets.deliverability.selection import with_derived_assets
from email_assets.quickstart import summary
from email_assets.quickstart.api import ChosenApi
from email_assets.quickstart.ending import end, held_back
from email_assets.quickstart.filling import ENTRY, Filling
from email_assets.quickstart.folders import PRIVATE, environment_of, refuse_full_disks
from email_assets.redaction import redact
from email_assets.settings import project, resolve
from email_assets.sync import watched
from email_assets.warehouse.destination import database_file, warehouse_client

MATERIALIZE = ["asset", "materialize", "--select", "*"]
TO_END = 5
"""Seconds that a run has to end by itself, once it is told to."""
TRACE = re.compile(r"^(Stack Trace|Traceback \(most recent call last\)):$")
OF_A_TRACE = re.compile(r"^(\s|$)")


def load(api: ChosenApi) -> int:
    """Load from an API, and return the exit status.

    Raises:
        WarehouseError: A disk is full.
        KeyboardInterrupt: Somebody stopped it; the run has ended.
    """
    began, started = time.monotonic(), now()
    os.environ.update(environment_of(api))
    with shown() as say:
        ended = [_materialize(command, say) for command in _commands()]
    status = max(process.returncode for process in ended)
    # what follows looks at the same history and warehouse as the command did
    run = summary.run_of([process.pid for process in ended], started)
    if run is None:
        return status or 1
    summary.show(run, api.is_sandbox)
    seconds = time.monotonic() - began
    if status:
        print(f"\nFailed after {seconds:.0f} s.")
        return status
    print(f"\nLoaded {len(run.assets)} assets in {seconds:.0f} s. Next:")
    _name_next_commands(next(iter(run.assets)))
    return 0


def _commands() -> list[list[str]]:
    """Dagster's commands that load everything."""
    accounts = configured_accounts()
    if any(one.partition_of(name).partition for one in accounts for name in one.resources):
        # the usual one would want a partition for all
        return [["job", "execute", "-j", account.named("email_all")] for account in accounts]
    return [MATERIALIZE]


def _print(line: str) -> None:
    print(line, end="", flush=True)


@contextmanager
def shown() -> Iterator[Callable[[str], None]]:
    """Show how far the assets are while the block runs, and give what shows a line of Dagster's.

    On a terminal a table fills; elsewhere lines are enough.
    """
    console = Console()
    # rich takes a pipe for a terminal too, if FORCE_COLOR or the like is set, as CI services do
    if not (console.is_interactive and sys.stdout.isatty()):
        yield _print
        return
    with TemporaryDirectory() as folder:
        file = Path(folder) / "progress"
        file.touch()
        os.environ[watched.FILE] = str(file)
        try:
            with Filling(console, _assets(), file) as filling:
                yield filling.say
        finally:
            del os.environ[watched.FILE]


def _assets() -> list[str]:
    """The names of all assets that are loaded, or made of those."""
    return [
        account.title_of(name)
        for account in configured_accounts()
        for name in with_derived_assets(account, account.resources)
    ]


def _materialize(command: list[str], say: Callable[[str], None]) -> subprocess.Popen[str]:
    """Run a command of Dagster's, and return its process, which has ended.

    Raises:
        WarehouseError: A disk is full, of which Dagster's last lines would say less.
    """
    started, last = now(), list[str]()
    with held_back() as stops:
        process = subprocess.Popen(
            [sys.executable, "-m", "dagster", *command, "-m", "email_assets.definitions"],
            cwd=project.project_file("."),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            umask=PRIVATE,
            # else a terminal sends Ctrl-C to all that Dagster starts, too, and each would say so
            start_new_session=True,
        )
    assert process.stdout  # noqa: S101 (a pipe)
    try:
        if stops:
            raise KeyboardInterrupt
        for line in without_traces(process.stdout):
            if ENTRY.match(line):
                _say_all([*last, line], say)
                last.clear()
            else:
                last.append(line)
        process.stdout.close()
        if process.wait():
            refuse_full_disks()
        _say_all(last, say)
        return process
    except KeyboardInterrupt:
        end(process, os.kill, within=TO_END)
        summary.cancel_runs_of(process.pid, started)
        raise


def _say_all(lines: list[str], say: Callable[[str], None]) -> None:
    for line in lines:
        say(redact(line))


def without_traces(lines: Iterable[str]) -> Iterator[str]:
    """The lines but for Python's stack traces, which the run's log in the UI keeps."""
    in_trace = False
    for line in lines:
        in_trace = bool(TRACE.match(line) or (in_trace and OF_A_TRACE.match(line)))
        if not in_trace:
            yield line


def _name_next_commands(first: str) -> None:
    """Name the commands that come next.

    Args:
        first: An asset that was loaded, with its account's prefix.
    """
    ui = "make ui" if resolve.is_checkout() else "email-assets ui"
    print(f"  {ui}      # the graph, the checks and every figure over time")
    *prefix, asset = first.split("/")
    account = next(one for one in configured_accounts() if [*one.key_prefix] == prefix)
    warehouse = account.warehouse
    if warehouse.destination_type == "duckdb":
        file = os.path.relpath(str(database_file(warehouse_client(warehouse, asset))))
        python = ".venv/bin/python" if resolve.is_checkout() else sys.executable
        print(
            f"  {python} -c \"import duckdb; duckdb.connect('{file}', read_only=True)"
            f".sql('FROM {warehouse.dataset_name}.{asset} LIMIT 5').show()\""
        )
