"""The time of Dagster's command line for five small assets, against one that does nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from local_api import sandbox
from measure import run
from variants import CLI, SCRIPTS, environment_of, warehouse_of

MESSAGES = 250
RESOURCES = "bounces,messages,deliverystats,servers,domains"
MATERIALIZE = ("dagster", "asset", "materialize", "--select")
FIVE = replace(CLI, key="five", script=(*MATERIALIZE, RESOURCES, "-m", "email_assets.definitions"))
TRIVIAL = replace(
    CLI, key="trivial", script=(*MATERIALIZE, "*", "-f", str(SCRIPTS / "trivial_asset.py"))
)


@dataclass(frozen=True)
class StartUp:
    """Seconds of both in one round."""

    five: float
    trivial: float


def measure_start_up(rounds: int, say: Callable[[str], None]) -> Iterator[StartUp]:
    """Run both in turn, after one round that only warms up."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        sandbox(MESSAGES) as api,
    ):
        for number in range(rounds + 1):
            seconds = {}
            for command in (FIVE, TRIVIAL) if number % 2 else (TRIVIAL, FIVE):
                own = Path(folder) / command.key
                own.mkdir(exist_ok=True)
                warehouse_of(own).unlink(missing_ok=True)
                environment = environment_of(command, api.address, own, in_flight=8)
                usage = run(command.command(), environment, own)
                if usage.status:
                    say(f"start-up: {command.key} failed")
                    return
                seconds[command.key] = usage.wall
            if number:
                say(
                    f"start-up, round {number} of {rounds}: five assets {seconds['five']:.1f} s, "
                    f"a trivial one {seconds['trivial']:.1f} s"
                )
                yield StartUp(**seconds)
