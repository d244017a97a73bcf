"""dlt's extract alone, the step that latency makes slow: page after page, or many at once."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from local_api import sandbox
from measure import run
from variants import DLT_PARQUET, OURS, Variant, environment_of

MESSAGES = 100_000
MESSAGES_ONE_BY_ONE = 20_000
"""Enough for a steady rate, without minutes of waiting."""
ONE_BY_ONE = replace(
    DLT_PARQUET, script=("plain_dlt.py", "--parquet", "--extract-only"), name="dlt"
)


@dataclass(frozen=True)
class Extract:
    """The speed of an extract.

    Attributes:
        latency: Milliseconds that an answer took.
        in_flight: Pages under way at once; 1 is dlt by itself.
        rows: Rows that were read.
        seconds: How long dlt says that it took.
    """

    latency: int
    in_flight: int
    rows: int
    seconds: float

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


def measure_extracts(
    latencies: tuple[int, ...], pages: tuple[int, ...], say: Callable[[str], None]
) -> Iterator[Extract]:
    """Plain dlt, and ours with so many pages in flight, at each latency."""
    for latency in latencies:
        for in_flight, variant, messages in (
            (1, ONE_BY_ONE, MESSAGES_ONE_BY_ONE),
            *((k, OURS, MESSAGES) for k in pages),
        ):
            say(f"extract alone, {latency} ms an answer, {in_flight} in flight")
            found = _measure(latency, in_flight, variant, messages)
            if found is None:
                say("  failed")
                continue
            say(f"  {found.rows:,} rows in {found.seconds:.1f} s")
            yield found


def _measure(latency: int, in_flight: int, variant: Variant, messages: int) -> Extract | None:
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as name,
        sandbox(messages, latency / 1000) as api,
    ):
        folder = Path(name)
        environment = environment_of(variant, api.address, folder, in_flight=in_flight)
        usage = run(variant.command(), environment, folder)
        seconds = re.search(r"^extract_seconds=([\d.]+)$", usage.output, re.MULTILINE)
        if usage.status or seconds is None:
            return None
        rows = api.total("messages") + api.total("bounces")
        return Extract(latency, in_flight, rows, float(seconds[1]))
