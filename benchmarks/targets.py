"""The project's targets, and whether they are met."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from results import Results, cpu, peak, wall
from rounds import FIRST, NEW, NOTHING_NEW

LATENCY = 20
EXTRACT_EFFICIENCY = 0.85
MILLION_MB = 600


@dataclass(frozen=True)
class Target:
    """Something to reach.

    Attributes:
        what: What is compared with what.
        wanted: The target, as people read it.
        reached: What was measured, or None if it was not.
        met: Whether that is good enough.
    """

    what: str
    wanted: str
    reached: str | None
    met: bool | None


def targets(results: Results) -> list[Target]:
    """All targets."""
    return [*_syncs(results), *_extracts(results), *_resources(results), _start_up(results)]


def _syncs(results: Results) -> Iterator[Target]:
    for scenario, at_most, wanted in (
        (FIRST, 1 / 4, "≤ 1/4"),
        (NOTHING_NEW, 1 / 10, "≤ 1/10"),
        (NEW, 1 / 6, "≤ 1/6"),
    ):
        peer = results.fastest_peer(LATENCY, scenario)
        ratio = results.ratio(LATENCY, scenario, "ours", peer, wall)
        yield _at_most(f"{scenario}, wall, to the fastest peer", wanted, ratio, at_most)
    ratio = results.ratio(LATENCY, FIRST, "ours", "bare", wall)
    yield _at_most(f"{FIRST}, wall, to the bare script", "≤ 1.7", ratio, 1.7)


def _extracts(results: Results) -> Iterator[Target]:
    plain = {e.latency: e for e in results.extracts if e.in_flight == 1}
    for extract in results.extracts:
        if extract.in_flight == 1 or extract.latency not in plain:
            continue
        at_least = EXTRACT_EFFICIENCY * extract.in_flight
        ratio = extract.rate / plain[extract.latency].rate
        yield Target(
            f"extract alone, {extract.latency} ms, {extract.in_flight} in flight, rows a second, "
            "to dlt",
            f"≥ {at_least:.1f}",
            f"{ratio:.1f}",
            ratio >= at_least,
        )


def _resources(results: Results) -> Iterator[Target]:
    ratio = results.ratio(LATENCY, FIRST, "ours", "parquet", cpu)
    yield _at_most(f"{FIRST}, CPU time, to dlt with parquet", "≤ 0.6", ratio, 0.6)
    ratio = results.ratio(LATENCY, FIRST, "ours", "dlt", peak)
    yield _at_most(f"{FIRST}, peak memory, to dlt", "≤ 1/15", ratio, 1 / 15)
    million = results.million
    if million is None or million.problem:
        yield Target("1,000,000 rows, peak memory", f"≤ {MILLION_MB} MB", None, None)
    else:
        yield Target(
            "1,000,000 rows, peak memory",
            f"≤ {MILLION_MB} MB",
            f"{million.usage.peak:,.0f} MB",
            million.usage.peak <= MILLION_MB,
        )


def _start_up(results: Results) -> Target:
    ratios = [found.five / found.trivial for found in results.start_ups]
    what = "`dagster asset materialize`, wall, five small assets to a trivial one"
    return _at_most(what, "≤ 1.8", median(ratios) if ratios else None, 1.8)


def _at_most(what: str, wanted: str, ratio: float | None, limit: float) -> Target:
    if ratio is None:
        return Target(what, wanted, None, None)
    # small ratios as the fraction that the target is written in
    reached = f"1/{1 / ratio:.1f}" if "/" in wanted else f"{ratio:.2f}"
    return Target(what, wanted, reached, ratio <= limit)
