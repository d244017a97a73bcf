"""The project's targets, and whether they are met."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from results import Quantity, Results, cpu, peak, wall
from scenarios import FIRST, NEW, NOTHING_NEW

LATENCY = 20
EXTRACT_EFFICIENCY = 0.85
IN_FLIGHT_EFFICIENCY = 0.975
Ratio = float | None


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
    return [
        *_syncs(results),
        *_extracts(results),
        *_in_flight(results),
        *_million(results),
        *_memory(results),
        _start_up(results),
    ]


def _syncs(results: Results) -> Iterator[Target]:
    def ratio(scenario: str, one: str, other: str | None, quantity: Quantity = wall) -> Ratio:
        return results.ratio(LATENCY, scenario, one, other, quantity)

    peer, second = (results.fastest_peer(LATENCY, one) for one in (FIRST, NOTHING_NEW))
    yield _at_most(f"{FIRST}, wall, to the fastest peer", 0.19, ratio(FIRST, "ours", peer))
    yield _at_most(f"{FIRST}, wall, to the bare script", 1.75, ratio(FIRST, "ours", "bare"))
    found = ratio(FIRST, "ours", "parquet", cpu)
    yield _at_most(f"{FIRST}, CPU time, to dlt with parquet", 0.45, found)
    found = ratio(NOTHING_NEW, "ours", "bare")
    yield _at_most(f"{NOTHING_NEW}, full read, wall, to the bare script", 1.3, found)
    found = ratio(NOTHING_NEW, "incremental", second)
    yield _at_most(f"{NOTHING_NEW}, with a cursor, wall, to the fastest peer", 0.05, found)
    found = ratio(NEW, "ours", "bare")
    yield _at_most(f"{NEW}, full read, wall, to the bare script", 1.3, found)


def _extracts(results: Results) -> Iterator[Target]:
    plain = {e.latency: e for e in results.extracts if e.in_flight == 1}
    for extract in results.extracts:
        if extract.in_flight == 1 or extract.latency not in plain:
            continue
        yield _at_least(
            f"extract alone, {extract.latency} ms, {extract.in_flight} in flight, rows a second, "
            "to dlt",
            EXTRACT_EFFICIENCY * extract.in_flight,
            extract.rate / plain[extract.latency].rate,
        )


def _in_flight(results: Results) -> Iterator[Target]:
    found = results.in_flight
    what = f"requests in flight, of {found.most if found else 8}"
    at_least = IN_FLIGHT_EFFICIENCY * (found.most if found else 8)
    yield _at_least(f"{what}, {FIRST}", at_least, found and found.first)
    yield _at_least(f"{what}, {NOTHING_NEW}", at_least, found and found.again)


def _million(results: Results) -> Iterator[Target]:
    found = results.million if results.million and not results.million.problem else None
    what = "1,000,000 rows at 0 ms, first sync"
    yield _at_most(f"{what}, peak memory", 600, found and found.usage.peak, " MB")
    yield _at_least(f"{what}, rows a second", 25_000, found and found.rows / found.usage.wall)


def _memory(results: Results) -> Iterator[Target]:
    for scenario, at_most in ((FIRST, 440), (NOTHING_NEW, 180)):
        found = results.median(LATENCY, scenario, "ours", peak)
        yield _at_most(f"{scenario}, peak memory", at_most, found, " MB")


def _start_up(results: Results) -> Target:
    ratios = [found.five / found.trivial for found in results.start_ups]
    what = "`dagster asset materialize`, wall, five small assets to a trivial one"
    return _at_most(what, 2.3, median(ratios) if ratios else None)


def _at_most(what: str, limit: float, found: Ratio, unit: str = "") -> Target:
    met = None if found is None else found <= limit
    return Target(what, f"≤ {_number(limit)}{unit}", _reached(found, unit), met)


def _at_least(what: str, limit: float, found: Ratio) -> Target:
    met = None if found is None else found >= limit
    return Target(what, f"≥ {_number(limit)}", _reached(found), met)


def _reached(found: Ratio, unit: str = "") -> str | None:
    return None if found is None else f"{_number(found)}{unit}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
