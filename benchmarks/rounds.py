"""Runs every variant in turn, round by round, and keeps what each took."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from compare import ExpectedRows
from local_api import LocalApi, sandbox
from measure import Usage, run
from scenarios import FIRST, NEW, SCENARIOS
from variants import Variant, environment_of, warehouse_of


@dataclass(frozen=True)
class Case:
    """The work of a round: the API's latency, its number of rows, and the part that is timed."""

    latency: float
    messages: int
    scenario: str = FIRST

    @property
    def milliseconds(self) -> int:
        """The latency, as people say it."""
        return round(self.latency * 1000)


@dataclass(frozen=True)
class Measurement:
    """The cost of one run of a variant, and the fault that it had."""

    case: Case
    variant: str
    round: int
    rows: int
    usage: Usage
    requests: int
    problem: str | None = None

    def __str__(self) -> str:
        took = f"{self.usage.wall:6.1f} s  CPU {self.usage.cpu:5.1f} s  {self.usage.peak:6,.0f} MB"
        return f"{took}  {self.requests:6,} requests" + (
            f"  {self.problem}" if self.problem else ""
        )


@dataclass(frozen=True)
class Bench:
    """Runs rounds of variants.

    Attributes:
        variants: Who takes part.
        in_flight: Requests that those who can may have under way at once.
        say: Told what is going on.
    """

    variants: Sequence[Variant]
    in_flight: int
    say: Callable[[str], None]

    def rounds(
        self, case: Case, scenarios: Sequence[str], count: int
    ) -> Iterator[list[Measurement]]:
        """The measurements of each round, with an API and warehouses of its own."""
        for number in range(1, count + 1):
            # back and forth, so that none always comes after the same other
            variants = self.variants if number % 2 else tuple(reversed(self.variants))
            variants = [one for one in variants if number == 1 or not one.is_once]
            self.say(f"{case.milliseconds} ms an answer, round {number} of {count}")
            with (
                tempfile.TemporaryDirectory(prefix="bench-") as folder,
                sandbox(case.messages, case.latency) as api,
            ):
                yield list(self._round(case, scenarios, number, variants, api, Path(folder)))

    def _round(
        self,
        case: Case,
        scenarios: Sequence[str],
        number: int,
        variants: Sequence[Variant],
        api: LocalApi,
        folder: Path,
    ) -> Iterator[Measurement]:
        left_out: set[str] = set()
        for scenario in scenarios:
            if scenario == NEW:
                api.insert(case.messages // 100)
            with closing(ExpectedRows(api, folder)) as expected:
                for variant in variants:
                    is_over = SCENARIOS.index(scenario) > SCENARIOS.index(variant.last)
                    if variant.key in left_out or is_over:
                        continue
                    at = replace(case, scenario=scenario)
                    done = self._measure(at, number, variant, api, folder, expected)
                    self.say(f"  {scenario:<12} {variant.name:<26} {done}")
                    if done.problem:
                        left_out.add(variant.key)
                    yield done

    def _measure(
        self,
        case: Case,
        number: int,
        variant: Variant,
        api: LocalApi,
        folder: Path,
        expected: ExpectedRows,
    ) -> Measurement:
        """Sync once, and look at what is in the warehouse then."""
        own = folder / variant.key
        own.mkdir(exist_ok=True)
        before = api.request_count()
        environment = environment_of(variant, api.address, own, in_flight=self.in_flight)
        usage = run(variant.command(), environment, own)
        requests = api.request_count() - before
        problem = None
        if usage.status:
            problem = "failed"  # its words may name this machine's folders
            self.say("\n".join(usage.output.strip().splitlines()[-5:]))
        elif difference := expected.difference(warehouse_of(own), variant.layout):
            problem = f"rows differ: {difference}"
        return Measurement(case, variant.key, number, expected.count, usage, requests, problem)
