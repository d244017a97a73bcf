"""The cost of a sync of 100 new messages, with few and with many of them stored.

    python benchmarks/incremental.py [--quick]

The sandboxes run in processes of their own. Each round syncs 100 new
messages at either size, by a time filter, by stopping early, and by a full merge, in turn, so that
a slower moment of the machine is one for all. Figures are medians, of requests the most; the
ratios, taken round by round, are what another machine should see as well. A longer look-back reads
again what came in it, however much is stored.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter

from local_api import KEY, PROJECT, LocalApi, sandbox

NEW = 100
LAG = 10
"""Seconds to look back: less than a round takes, so that only what is new is counted."""
MESSAGES = "SOURCES__EMAIL__MESSAGES"

CURSOR = {"CURSOR_PATH": "sent_at", "LAG": str(LAG)}
WAYS = {
    "time filter": {**CURSOR, "START_PARAM": "since", "END_PARAM": "until"},
    "stops early": {**CURSOR, "ROW_ORDER": "desc"},
    "full merge": {},
}
"""The settings of each way to sync."""


@dataclass
class Case:
    """A way to sync, and what it took in every round.

    Attributes:
        way: One of `WAYS`.
        stored: Messages that were there before.
        api: The API.
        warehouse: The DuckDB file.
    """

    way: str
    stored: int
    api: LocalApi
    warehouse: Path
    requests: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def sync(self) -> None:
        """Bring the table up to what the API has, and note what it took."""
        from email_assets.account import configured_account
        from email_assets.sync.pipeline import sync
        from email_assets.warehouse.destination import open_pipeline

        os.environ["SOURCES__EMAIL__BASE_URL"] = self.api.address
        os.environ["DESTINATION__DUCKDB__CREDENTIALS"] = str(self.warehouse)
        for name in {name for settings in WAYS.values() for name in settings}:
            os.environ.pop(f"{MESSAGES}__{name}", None)
        for name, value in WAYS[self.way].items():
            os.environ[f"{MESSAGES}__{name}"] = value
        started = perf_counter()
        with open_pipeline(configured_account().warehouse, "messages") as pipeline:
            report = sync(configured_account(), pipeline, "messages", say=print).report
        self.seconds.append(perf_counter() - started)
        self.requests.append(report.usage.requests)
        listed = self.api.total("messages")
        if report.row_count != listed:
            raise SystemExit(f"{self.way}: {report.row_count} rows instead of {listed}")


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="3 rounds instead of 7")
    rounds = 3 if parser.parse_args().quick else 7
    sizes = (10_000, 100_000)
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        with sandbox(sizes[0]) as small, sandbox(sizes[1]) as large:
            cases = [
                Case(way, stored, api, Path(folder) / f"{way.replace(' ', '_')}_{stored}.duckdb")
                for way in WAYS
                for stored, api in zip(sizes, (small, large), strict=True)
            ]
            for case in cases:
                case.sync()
                case.requests.clear()
                case.seconds.clear()
            for number in range(rounds):
                for api in (small, large):
                    api.insert(NEW)
                # back and forth, so that none always comes after the same other
                for case in cases if number % 2 == 0 else reversed(cases):
                    case.sync()
            show(cases)


def prepare(folder: Path) -> None:
    """Keep the developer's own settings and key out."""
    sys.path.insert(0, str(PROJECT))
    (folder / ".dlt").mkdir()
    os.environ.update(
        {"DLT_PROJECT_DIR": str(folder), "API_KEY": KEY, "RUNTIME__DLTHUB_TELEMETRY": "false"}
    )


def show(cases: list[Case]) -> None:
    """Print the table."""
    full = {case.stored: case for case in cases if not WAYS[case.way]}
    print(f"{NEW} new messages, median of {len(cases[0].seconds)} rounds\n")
    print(
        f"{'way':<12} {'stored':>8} {'requests':>9} {'seconds':>8} {'to 10,000':>10} {'to full':>8}"
    )
    for case in cases:
        smallest = next(other for other in cases if other.way == case.way)
        print(
            f"{case.way:<12} {case.stored:>8,} {max(case.requests):>9,} "
            f"{median(case.seconds):>8.2f} {ratio(case, smallest):>10.2f} "
            f"{ratio(case, full[case.stored]):>8.3f}"
        )


def ratio(case: Case, other: Case) -> float:
    """The ratio to the other's time, by the median of the rounds."""
    return median(a / b for a, b in zip(case.seconds, other.seconds, strict=True))


if __name__ == "__main__":
    main()
