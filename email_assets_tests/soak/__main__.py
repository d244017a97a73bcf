"""`python -m email_assets_tests.soak --minutes 10`: run the whole platform, and judge it.

The email service lives in this process, in the shape that `--vendor` chooses, and its days pass in
minutes; webserver, daemon, code server, run workers and commands are processes of their own, on the
configuration that is shipped for a server. A webhook takes the alerts. Faults, kills and what the
two users do are random; `--seed` repeats the choices, though not the moments at which they meet the
platform. Needs Linux. The exit status is 1 if anything is wrong, each with a sentence.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random, SystemRandom

import dagster as dg
import yaml

from email_assets.defs.runs import UNFINISHED
from email_assets_tests.alerts.alert_fixtures import listening
from email_assets_tests.conftest import PROJECT
from email_assets_tests.dagster_fixtures import make_databases
from email_assets_tests.soak.alarms import (
    Told,
    judge_all,
    read_alerts,
)
from email_assets_tests.soak.postmark_world import PostmarkWorld
from email_assets_tests.soak.processes import Platform, running
from email_assets_tests.soak.settling import settle
from email_assets_tests.soak.two_accounts import TwoAccounts
from email_assets_tests.soak.users import Actors, assets_of
from email_assets_tests.soak.verdict import (
    MAX_RUNTIME,
    Runs,
    first_and_last,
    judge_growth,
    judge_leftovers,
    judge_runs,
    judge_secrecy,
    judge_ticks,
    size_of,
)
from email_assets_tests.soak.world import Service, World

WORLDS: dict[str, Callable[[float, Random], Service]] = {
    "generic": World,
    "postmark": PostmarkWorld,
    "two_accounts": TwoAccounts,
}
STEP = 0.5
"""Seconds between two things that happen at the API."""
TELL_EVERY = 10.0
QUIET_FOR_SERVICES = 0.4
"""The last part of the time, in which services live, so that their growth can be seen."""
SHIPPED = PROJECT / "deploy" / "machine" / "dagster.yaml"
SOONER = {
    "poll_interval_seconds": 10,
    "start_timeout_seconds": 90,
    "cancel_timeout_seconds": 30,
    "max_runtime_seconds": MAX_RUNTIME,
}
"""Limits of run monitoring that are reached within a soak. A server's are up to a day."""


def main() -> int:
    """Run a soak as the arguments say; 0 if nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m email_assets_tests.soak")
    parser.add_argument("--minutes", type=float, default=10, help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10_000))
    parser.add_argument("--vendor", choices=WORLDS, default="generic", help="the API's shape")
    options = parser.parse_args()
    # so that what was started is ended then as well
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    problems = soak(folder, options.minutes, options.seed, options.vendor)
    if problems:
        print("\n".join(["", *(f"WRONG: {problem}" for problem in problems)]))
        print(f"What it wrote stays in {folder}.")
        return 1
    shutil.rmtree(folder)
    print("\nNothing is wrong.")
    return 0


def soak(folder: Path, minutes: float, seed: int, vendor: str) -> list[str]:
    """Run the platform for minutes in a folder, print what goes on, and give what is wrong."""
    print(f"Soak of {minutes:g} minutes with --seed {seed} --vendor {vendor}", flush=True)
    world = WORLDS[vendor](minutes, Random(f"{seed}:world"))
    home = folder / "dagster_home"
    home.mkdir()
    configuration = yaml.safe_load(SHIPPED.read_text())
    configuration["run_monitoring"] |= SOONER
    (home / "dagster.yaml").write_text(yaml.safe_dump(configuration))
    for name in ("tmp", ".dlt"):
        (folder / name).mkdir()
    (folder / ".dlt" / "config.toml").write_text((PROJECT / ".dlt" / "config.toml").read_text())
    with world.served(), listening() as webhook:
        settings = {
            **world.settings(),
            "PYTHONPATH": str(PROJECT),
            "DLT_PROJECT_DIR": str(folder),
            "TMPDIR": str(folder / "tmp"),
            "DESTINATION__DUCKDB__CREDENTIALS": str(folder / "warehouse.duckdb"),
            "AUTOMATION__ENABLED": "true",
            "ALERTS__WEBHOOK_URL": webhook.url,
            "DAGSTER_HOME": str(home),
            # the sandbox's mail bounces more often than it should
            "DELIVERABILITY__MAX_BOUNCE_RATE": "1",
            "DELIVERABILITY__MAX_COMPLAINT_RATE": "1",
            "AUTOMATION__EVENT_CRON": "* * * * *",
            "AUTOMATION__INVENTORY_CRON": "*/2 * * * *",
        }
        url = webhook.url.encode()

        def is_secret(written: bytes) -> bool:
            return url in written or world.holds_a_secret(written)

        # the shipped file names the folder by this variable
        os.environ["DAGSTER_HOME"] = str(home)
        with dg.DagsterInstance.get() as instance:
            make_databases(instance)
            with running(folder, settings) as platform:
                actors = Actors(platform, str(seed), assets_of(world.accounts))
                _live(minutes, world, platform, actors, instance)
                # what runs that were killed just now left behind, before it is swept up
                problems = actors.problems + judge_secrecy(folder / "tmp", is_secret)
                print("Calm: waiting until no run is under way …", flush=True)
                problems += settle(world, platform, instance)
            runs = judge_runs(instance, platform.killed)
            problems += runs.problems + judge_ticks(instance)
            told = [*read_alerts([*zip(webhook.times, webhook.texts, strict=True)])]
            problems += judge_all(instance, told, world.accounts)
    problems += judge_growth(platform, home, sum(runs.ended.values()))
    problems += judge_secrecy(folder, is_secret)
    problems += world.compare(folder / "warehouse.duckdb")
    kills = sum(platform.kills.values())
    problems += judge_leftovers(folder / "tmp", kills)
    _print_table(world, platform, runs, told, home)
    return problems


def _live(
    minutes: float,
    world: Service,
    platform: Platform,
    actors: Actors,
    instance: dg.DagsterInstance,
) -> None:
    """Let everything happen for so many minutes."""
    began = told = time.monotonic()
    end = began + 60 * minutes
    actors.start()
    try:
        while (now := time.monotonic()) < end:
            world.go_on()
            platform.keep_up()
            if end - now < 60 * minutes * QUIET_FOR_SERVICES:
                actors.services_may_die.clear()
            if now - told >= TELL_EVERY:
                told = now
                platform.measure()
                print(_line(now - began, world, platform, instance), flush=True)
            time.sleep(STEP)
    finally:
        actors.stop()


def _line(seconds: float, world: Service, platform: Platform, instance: dg.DagsterInstance) -> str:
    runs = [run.status.value for run in instance.get_runs()]
    memory = {
        name: f"{measures[-1].megabytes:.0f}" for (name, _), measures in platform.measures.items()
    }
    return (
        f"{seconds:4.0f} s  day {world.day:4.1f}  rows {world.rows}  "
        f"runs {len(runs)}: {runs.count('SUCCESS')} ok, {runs.count('FAILURE')} failed, "
        f"{sum(run in [s.value for s in UNFINISHED] for run in runs)} under way  "
        f"faults {world.faults}  kills {sum(platform.kills.values())}  "
        f"MB: {', '.join(f'{name} {size}' for name, size in memory.items())}"
    )


def _print_table(
    world: Service,
    platform: Platform,
    runs: Runs,
    told: Sequence[Told],
    home: Path,
) -> None:
    total = sum(runs.ended.values())
    print(f"""
  runs             {total}: {_counts(runs.ended)}; {runs.killed} with a process that was killed
  launched by      {_counts(runs.by)}
  API              {world.day:.1f} days, {world.faults} faults, {world.moves} rows moved or changed
  kills            {_counts(platform.kills)}
  alerts           {_counts(Counter(one.what for one in told))}
  rows compared    {world.rows}
  DAGSTER_HOME     {size_of(home):.1f} MB, {size_of(home) / max(1, total):.2f} MB a run""")
    for name, pid, minutes, first, last in first_and_last(platform):
        print(f"  {name:<17}{first:.0f} MB, {last:.0f} MB after {minutes:.1f} minutes (PID {pid})")
    print("  failures")
    for reason, count in runs.reasons.most_common(12):
        print(f"    {count:3} times: {reason}")


def _counts(counted: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counted.items()))


if __name__ == "__main__":
    sys.exit(main())
