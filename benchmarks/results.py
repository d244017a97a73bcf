"""Medians of what was measured, and ratios taken round by round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from extract import Extract
from in_flight import InFlight
from rounds import Measurement
from scenarios import FIRST
from startup import StartUp
from variants import VARIANTS

Quantity = Callable[[Measurement], float]


def wall(measurement: Measurement) -> float:
    """Seconds from start to end."""
    return measurement.usage.wall


def cpu(measurement: Measurement) -> float:
    """Seconds of CPU time."""
    return measurement.usage.cpu


def peak(measurement: Measurement) -> float:
    """The most memory held, in MB."""
    return measurement.usage.peak


@dataclass
class Results:
    """Everything that was measured."""

    measurements: list[Measurement] = field(default_factory=list)
    extracts: list[Extract] = field(default_factory=list)
    start_ups: list[StartUp] = field(default_factory=list)
    million: Measurement | None = None
    in_flight: InFlight | None = None

    def of(self, latency: int, scenario: str, variant: str) -> list[Measurement]:
        """The measurements of a variant, one a round."""
        return [
            m
            for m in self.measurements
            if (m.case.milliseconds, m.case.scenario, m.variant) == (latency, scenario, variant)
        ]

    def good(self, latency: int, scenario: str, variant: str) -> list[Measurement]:
        """The same, or nothing if anything was wrong in any round."""
        found = self.of(latency, scenario, variant)
        return [] if any(m.problem for m in found) else found

    def median(self, latency: int, scenario: str, variant: str, quantity: Quantity) -> float | None:
        """The median over the rounds."""
        found = self.good(latency, scenario, variant)
        return median(map(quantity, found)) if found else None

    def ratio(
        self, latency: int, scenario: str, variant: str, other: str | None, quantity: Quantity
    ) -> float | None:
        """The ratio to another one, by the median of the rounds' ratios."""
        others = {m.round: m for m in self.good(latency, scenario, other)} if other else {}
        ratios = [
            quantity(m) / quantity(others[m.round])
            for m in self.good(latency, scenario, variant)
            if m.round in others
        ]
        return median(ratios) if ratios else None

    def fastest_peer(self, latency: int, scenario: str) -> str | None:
        """The peer with the shortest time."""
        times = {
            variant.key: self.median(latency, scenario, variant.key, wall)
            for variant in VARIANTS
            if variant.is_peer
        }
        known: dict[str, float] = {key: time for key, time in times.items() if time is not None}
        return min(known, key=known.__getitem__) if known else None

    def plain_dlt(self, latency: int, scenario: str) -> str:
        """The variant that stands for dlt as it comes."""
        return "dlt" if scenario == FIRST and self.of(latency, scenario, "dlt") else "parquet"

    def groups(self) -> Sequence[tuple[int, str]]:
        """Latency and scenario of everything measured, in order."""
        return list(
            dict.fromkeys((m.case.milliseconds, m.case.scenario) for m in self.measurements)
        )
