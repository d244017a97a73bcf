"""Compares `email_assets` with what people use in its place, and with the least that it takes.

    python benchmarks/bench.py [--quick] [--write]

Peers are installed into environments of their own under `.bench/` when they are first needed; one
that cannot be installed is reported as such. Everything takes about half an hour: what is going on
is printed, and every round is added to `.bench/RESULTS.md`.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass

from extract import measure_extracts
from in_flight import measure_in_flight
from local_api import PROJECT
from machine import describe
from peers import ENVIRONMENTS, Environment, PeerError
from report import report, target_table
from results import Results
from rounds import Bench, Case
from scenarios import FIRST, NEW, NOTHING_NEW, SCENARIOS
from startup import measure_start_up
from variants import OURS, VARIANTS, Variant

RESULTS = PROJECT / "benchmarks" / "RESULTS.md"
DRAFT = ENVIRONMENTS / "RESULTS.md"
IN_FLIGHT = 8
LATENCY = 20
"""Milliseconds an answer that the targets are for; others are measured where they are asked for."""
ROUNDS = 3
MESSAGES = 100_000
"""With their bounces, 109,091 rows."""
QUICK_MESSAGES = 3_000
QUICK_VARIANTS = ("ours", "cli", "dlt", "parquet", "airbyte", "singer", "bare")
WARM_UP_MESSAGES = 300
MESSAGES_OF_A_MILLION = 916_667
"""With their bounces, a million rows."""


@dataclass
class Report:
    """The results so far, and the file that they are written to."""

    results: Results
    environments: list[Environment]
    missing: dict[str, str]
    options: argparse.Namespace

    def text(self) -> str:
        """The whole report."""
        machine = describe(self.environments)
        parts = report(self.results, machine, self.missing, self.options.read_ahead)
        if self.options.quick:
            parts += ["So few rows take their start-up for the most part: see make bench."]
        else:
            parts += target_table(self.results)
        return "\n\n".join(parts) + "\n"

    def save(self) -> None:
        """Keep what is known, in case that the rest fails."""
        ENVIRONMENTS.mkdir(exist_ok=True)
        DRAFT.write_text(self.text())


def main() -> None:
    """Measure what the options ask for, and print it."""
    options = _parser().parse_args()
    if not sys.platform.startswith("linux"):
        raise SystemExit("bench.py reads memory from /proc, so it runs on Linux only.")
    wanted = options.only or (QUICK_VARIANTS if options.quick else [v.key for v in VARIANTS])
    variants = [variant for variant in VARIANTS if variant.key in wanted]
    missing = _install({v.environment for v in variants})
    variants = [v for v in variants if v.environment.name not in missing]
    environments = list(dict.fromkeys(v.environment for v in variants))
    found = Report(Results(), environments, missing, options)
    if not options.quick:
        variants = _warm_up(variants, options.read_ahead)
    measure(options, variants, found)
    print(f"\n{found.text()}")
    if options.write:
        RESULTS.write_text(found.text())


def measure(options: argparse.Namespace, variants: list[Variant], found: Report) -> None:
    """Add to the results what the options ask for."""
    bench = Bench(variants, options.read_ahead, say)
    messages = QUICK_MESSAGES if options.quick else options.messages
    last = options.up_to or (NOTHING_NEW if options.quick else NEW)
    scenarios = SCENARIOS[: SCENARIOS.index(last) + 1]
    rounds = options.rounds or (2 if options.quick else ROUNDS)
    for latency in options.latency or [LATENCY]:
        for measurements in bench.rounds(Case(latency / 1000, messages), scenarios, rounds):
            found.results.measurements += measurements
            found.save()
    everything = not (options.quick or options.latency or options.only)
    if everything or options.extract:
        for extract in measure_extracts((50,), (8, 16), say):
            found.results.extracts.append(extract)
        found.results.in_flight = measure_in_flight(LATENCY, options.read_ahead, say)
        found.save()
    if everything or options.million:
        million = Bench([OURS], options.read_ahead, say)
        for [measurement] in million.rounds(Case(0.0, MESSAGES_OF_A_MILLION), [FIRST], 1):
            found.results.million = measurement
            found.save()
    if everything or options.quick or options.start_up:
        found.results.start_ups += measure_start_up(1 if options.quick else 5, say)
    found.save()


def say(text: str) -> None:
    """Print what is going on, with the time."""
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def _install(environments: set[Environment]) -> dict[str, str]:
    """Set up what is missing; tells which cannot be had, and why."""
    problems = {environment.name or "": _problem_of(environment) for environment in environments}
    return {name: problem for name, problem in problems.items() if problem}


def _problem_of(environment: Environment) -> str | None:
    try:
        environment.install()
    except PeerError as error:
        say(f"{environment.name} cannot be installed, and is left out: {error}")
        return str(error)
    return None


def _warm_up(variants: list[Variant], in_flight: int) -> list[Variant]:
    """Run each once on few rows, so that byte code is there and what is broken shows at once."""
    say("warming up on few rows, which does not count")
    bench = Bench(variants, in_flight, say)
    [done] = bench.rounds(Case(0.0, WARM_UP_MESSAGES), [FIRST], 1)
    broken = {measurement.variant for measurement in done if measurement.problem}
    return [variant for variant in variants if variant.key not in broken]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = parser.add_argument
    add(
        "--quick",
        action="store_true",
        help="few rows and rounds: three minutes",
    )
    add("--write", action="store_true", help="write benchmarks/RESULTS.md")
    add("--only", nargs="+", choices=[v.key for v in VARIANTS], help="these variants alone")
    add("--latency", nargs="+", type=int, metavar="MS", help="these latencies alone")
    add("--up-to", choices=SCENARIOS, help="the last scenario of a round")
    add("--rounds", type=int, help="rounds for each latency")
    add("--messages", type=int, default=MESSAGES, help="messages that there are")
    add("--read-ahead", type=int, default=IN_FLIGHT, help="requests in flight (default: 8)")
    add("--extract", action="store_true", help="the extract alone, and requests in flight, too")
    add("--million", action="store_true", help="the memory for a million rows too")
    add("--start-up", action="store_true", help="the start-up of the command line too")
    return parser


if __name__ == "__main__":
    main()
