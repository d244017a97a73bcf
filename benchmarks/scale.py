"""Measures what syncs, checks and deliverability cost as tables grow, and how syncs share a server.

    python benchmarks/scale.py [--sizes 10000 100000] [--workers 1 2 4] [--write]

Every step is a process of its own, with the sandbox beside it. PostgreSQL is one of this machine's
that is started for it; where there is none, DuckDB is measured alone.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from local_api import PROJECT, LocalApi, sandbox
from machine import describe
from measure import Usage, run
from report import table
from variants import BY_TIME, HERE, OURS, Variant, environment_of, warehouse_of

sys.path.insert(0, str(PROJECT))
from email_assets_tests.postgres import Database, Server, reason_to_skip, running_server

RESULTS = PROJECT / "benchmarks" / "SCALE.md"
SIZES = (10_000, 100_000, 1_000_000, 3_000_000)
"""Messages that are stored before anything is measured; with each come recipients and bounces."""
WORKERS = (1, 2, 4)
MESSAGES_OF_A_WORKER = 20_000
NEW = 1_000
IN_FLIGHT = 8
LATENCY = 0.05
"""Seconds an answer while several workers load; while tables grow, answers take no time."""
SINCE = {
    **BY_TIME,
    # a fuller sandbox has more messages within the day that is looked back for by default
    "SOURCES__EMAIL__MESSAGES__LAG": "0",
    "SOURCES__EMAIL__BOUNCES__LAG": "0",
}
FIRST, SOME_NEW = "first sync", "1,000 new, by time"
STEPS: dict[str, tuple[str, Mapping[str, str]]] = {
    FIRST: ("sync", SINCE),
    SOME_NEW: ("new", SINCE),
    "nothing new, all read": ("sync", {}),
    "checks": ("checks", {}),
    "deliverability": ("deliverability", {}),
}
"""Each with the action of `stored_rows.py` and its settings."""
INTRODUCTION = """\
Made by `python benchmarks/scale.py --write`. A warehouse is filled with so many messages, with
their nested list of recipients, and the bounces among them, and then used; each step is a process
of its own. What is new is measured the second time, when PostgreSQL has looked at its tables.
Seconds leave its start-up out, and of what is new the reading of the API, which a
fuller sandbox makes longer; memory is that of the process, without PostgreSQL's.
In brackets stands by how many times its seconds are more than with the messages to the left."""


@dataclass(frozen=True)
class Warehouse:
    """A place that is loaded: a DuckDB file, or a database of PostgreSQL."""

    name: str
    settings: Mapping[str, str]
    database: Database | None = None

    def size(self, folder: Path) -> int:
        """Its bytes on disk."""
        if self.database is None:
            return warehouse_of(folder).stat().st_size
        return int(self.database.ask("SELECT pg_database_size(current_database())")[0][0])


@dataclass(frozen=True)
class Grown:
    """The cost of a step with so many messages stored."""

    warehouse: str
    step: str
    messages: int
    seconds: float
    peak: float
    size: int
    """Bytes of the warehouse on disk afterwards."""


@dataclass(frozen=True)
class Shared:
    """The rows that so many processes loaded at once, and the seconds until the last was done."""

    workers: int
    rows: int
    seconds: float


def main() -> None:
    """Measure what the options ask for, and print it."""
    options = _parser().parse_args()
    with ExitStack() as stack:
        server = None if reason_to_skip() else stack.enter_context(running_server())
        grown = [found for size in options.sizes for found in measure_growth(size, server)]
        shared = [measure_sharing(count, server) for count in options.workers] if server else []
    text = _text(grown, shared)
    print(f"\n{text}")
    if options.write:
        RESULTS.write_text(text)


def measure_growth(messages: int, server: Server | None) -> Iterator[Grown]:
    """The cost of each step in each warehouse, with so many messages stored."""
    for warehouse in _warehouses(server):
        with (
            tempfile.TemporaryDirectory(prefix="scale-") as folder,
            sandbox(messages) as api,
        ):
            say(f"{messages:,} messages into {warehouse.name}")
            for step, (action, settings) in STEPS.items():
                if step == SOME_NEW:
                    _settle(warehouse, api, Path(folder))
                    api.insert(NEW)
                usage = _run(action, {**warehouse.settings, **settings}, api, Path(folder))
                seconds, size = _seconds(usage), warehouse.size(Path(folder))
                say(f"  {step:<22} {seconds:7.2f} s {usage.peak:6,.0f} MB")
                yield Grown(warehouse.name, step, messages, seconds, usage.peak, size)


def measure_sharing(workers: int, server: Server) -> Shared:
    """The time in which so many processes load as many messages, each into a dataset of its own."""
    settings = _in_postgres(server).settings
    with (
        tempfile.TemporaryDirectory(prefix="scale-") as folder,
        sandbox(MESSAGES_OF_A_WORKER, LATENCY) as api,
        ThreadPoolExecutor(workers) as pool,
    ):
        folders = [Path(folder) / str(number) for number in range(workers)]

        def load(own: Path) -> Usage:
            own.mkdir()
            dataset = {"WAREHOUSE__DATASET_NAME": f"email_{own.name}"}
            return _run("sync", {**settings, **dataset}, api, own)

        started = time.perf_counter()
        list(pool.map(load, folders))
        seconds = time.perf_counter() - started
        rows = workers * sum(api.total(resource) for resource in ("messages", "bounces"))
    say(f"{workers} at once: {rows / seconds:,.0f} rows a second")
    return Shared(workers, rows, seconds)


def say(text: str) -> None:
    """Print what is going on, with the time."""
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def _warehouses(server: Server | None) -> list[Warehouse]:
    duckdb = Warehouse("DuckDB", {})
    return [duckdb, _in_postgres(server)] if server else [duckdb]


def _in_postgres(server: Server) -> Warehouse:
    database = server.new_database()
    settings = {
        "WAREHOUSE__DESTINATION_TYPE": "postgres",
        "DESTINATION__POSTGRES__CREDENTIALS": database.url,
    }
    return Warehouse("PostgreSQL", settings, database)


def _run(action: str, settings: Mapping[str, str], api: LocalApi, folder: Path) -> Usage:
    variant: Variant = replace(OURS, script=("stored_rows.py", action), settings=settings)
    environment = environment_of(variant, api.address, folder, in_flight=IN_FLIGHT)
    usage = run(variant.command(), environment, folder)
    if usage.status:
        raise SystemExit(f"{action} failed:\n{usage.output[-2000:]}")
    return usage


def _settle(warehouse: Warehouse, api: LocalApi, folder: Path) -> None:
    """Let time pass after a fill: for another sync, and for what PostgreSQL does each minute."""
    api.insert(NEW)
    _run("sync", {**warehouse.settings, **SINCE}, api, folder)
    if warehouse.database:
        warehouse.database.change("VACUUM ANALYZE")


def _seconds(usage: Usage) -> float:
    found = re.search(r"^seconds=([0-9.]+)$", usage.output, re.MULTILINE)
    assert found  # noqa: S101 (it did not fail)
    return float(found[1])


def _text(grown: list[Grown], shared: list[Shared]) -> str:
    parts = ["# Scale", INTRODUCTION, "\n".join(f"- {line}" for line in describe([HERE]))]
    for warehouse in dict.fromkeys(found.warehouse for found in grown):
        parts += [f"## {warehouse}", table(list(_growth(grown, warehouse)))]
    if shared:
        parts += ["## Several workers on one PostgreSQL", table(list(_sharing(shared)))]
    return "\n\n".join(parts) + "\n"


def _growth(grown: list[Grown], warehouse: str) -> Iterator[list[str]]:
    sizes = list(dict.fromkeys(found.messages for found in grown))
    yield ["step", *(f"{size:,} messages" for size in sizes)]
    for step in STEPS:
        cells, before = [step], None
        for found in grown:
            if (found.warehouse, found.step) == (warehouse, step):
                ratio = f" ({found.seconds / before:.1f} times)" if before else ""
                cells.append(f"{found.seconds:.2f} s{ratio}, {found.peak:,.0f} MB")
                before = found.seconds
        yield cells
    sizes_on_disk = [f for f in grown if (f.warehouse, f.step) == (warehouse, FIRST)]
    yield ["bytes on disk a message", *(f"{f.size / f.messages:,.0f}" for f in sizes_on_disk)]


def _sharing(shared: list[Shared]) -> Iterator[list[str]]:
    yield ["workers", "rows", "seconds", "rows a second", "to one worker"]
    first = shared[0].rows / shared[0].seconds
    for found in shared:
        rate = found.rows / found.seconds
        figures = f"{found.rows:,}", f"{found.seconds:.1f}", f"{rate:,.0f}", f"{rate / first:.2f}"
        yield [str(found.workers), *figures]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add("--sizes", type=int, nargs="*", default=SIZES, help="messages that are stored")
    add("--workers", type=int, nargs="*", default=WORKERS, help="processes at once")
    add("--write", action="store_true", help=f"write {RESULTS.relative_to(PROJECT)}")
    return parser


if __name__ == "__main__":
    main()
