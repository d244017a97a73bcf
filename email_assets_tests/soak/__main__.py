"""`python -m email_assets_tests.soak --minutes 10`: run the whole platform, and judge it.

The sandbox lives in this process, and its days pass in minutes; webserver, daemon, code server, run
workers and commands are processes of their own. Faults, kills and what the two users do are
random; `--seed` repeats the choices, though not the moments at which they meet the platform.
Needs Linux. The exit status is 1 if anything is wrong, each with a sentence.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random, SystemRandom

import dagster as dg

from email_assets.defs.runs import UNFINISHED
from email_assets.sandbox.data import RESOURCES
from email_assets_tests.conftest import PROJECT
from email_assets_tests.dagster_fixtures import make_databases, new_home
from email_assets_tests.soak.compare import compare
from email_assets_tests.soak.processes import Platform, running
from email_assets_tests.soak.users import ASSETS, Actors, launch, switch_off
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
from email_assets_tests.soak.world import World

STEP = 0.5
"""Seconds between two things that happen at the API."""
TELL_EVERY = 10.0
QUIET_FOR_SERVICES = 0.4
"""The last part of the time, in which services live, so that their growth can be seen."""
UNTIL_QUIET = 2 * MAX_RUNTIME + 120
SERVER = f"""
run_monitoring:
  enabled: true
  poll_interval_seconds: 10
  start_timeout_seconds: 90
  cancel_timeout_seconds: 30
  max_runtime_seconds: {MAX_RUNTIME}
concurrency:
  runs:
    max_concurrent_runs: 3
"""


def main() -> int:
    """Run a soak as the arguments say; 0 if nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m email_assets_tests.soak")
    parser.add_argument("--minutes", type=float, default=10, help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10_000))
    options = parser.parse_args()
    # so that what was started is ended then as well
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    problems = soak(folder, options.minutes, options.seed)
    if problems:
        print("\n".join(["", *(f"WRONG: {problem}" for problem in problems)]))
        print(f"What it wrote stays in {folder}.")
        return 1
    shutil.rmtree(folder)
    print("\nNothing is wrong.")
    return 0


def soak(folder: Path, minutes: float, seed: int) -> list[str]:
    """Run the platform for minutes in a folder, print what goes on, and give what is wrong."""
    print(f"Soak of {minutes:g} minutes with --seed {seed}", flush=True)
    world = World(minutes, Random(f"{seed}:world"))
    home = new_home(folder / "dagster_home")
    with (home / "dagster.yaml").open("a") as configuration:
        configuration.write(SERVER)
    for name in ("tmp", ".dlt"):
        (folder / name).mkdir()
    (folder / ".dlt" / "config.toml").write_text((PROJECT / ".dlt" / "config.toml").read_text())
    with world.sandbox:
        settings = {
            **world.settings(),
            "PYTHONPATH": str(PROJECT),
            "DLT_PROJECT_DIR": str(folder),
            "TMPDIR": str(folder / "tmp"),
            "DESTINATION__DUCKDB__CREDENTIALS": str(folder / "warehouse.duckdb"),
            "AUTOMATION__ENABLED": "true",
            # the sandbox's mail bounces more often than it should
            "DELIVERABILITY__MAX_BOUNCE_RATE": "1",
            "AUTOMATION__EVENT_CRON": "* * * * *",
            "AUTOMATION__INVENTORY_CRON": "*/2 * * * *",
        }
        with dg.DagsterInstance.from_config(str(home)) as instance:
            make_databases(instance)
            with running(folder, settings) as platform:
                actors = Actors(platform, str(seed))
                _live(minutes, world, platform, actors, instance)
                # what runs that were killed just now left behind, before it is swept up
                problems = actors.problems + judge_secrecy(folder / "tmp")
                problems += _settle(world, platform, instance)
            runs = judge_runs(instance, platform.killed)
            problems += runs.problems + judge_ticks(instance)
    problems += judge_growth(platform, home, sum(runs.ended.values()))
    problems += judge_secrecy(folder)
    file = folder / "warehouse.duckdb"
    rows = {name: world.sandbox.rows(name) for name in RESOURCES}
    for name in RESOURCES:
        problems += compare(file, name, rows[name], world.former[name])
    kills = sum(platform.kills.values())
    problems += judge_leftovers(folder / "tmp", kills)
    _print_table(world, platform, runs, rows=sum(map(len, rows.values())), home=home)
    return problems


def _live(
    minutes: float,
    world: World,
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


def _settle(world: World, platform: Platform, instance: dg.DagsterInstance) -> list[str]:
    """Faults and automation off, wait until nothing runs, and sync everything once more."""
    world.calm()
    platform.wait_until_up()
    switch_off(platform)
    problems = []
    print("Calm: waiting until no run is under way …", flush=True)
    if not _until(lambda: not instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)), platform):
        problems.append(f"There were unfinished runs after {UNTIL_QUIET} s.")
    run_id = launch(platform, *ASSETS)
    if not _until(lambda: _ended(instance, run_id), platform):
        problems.append(f"The last run did not end within {UNTIL_QUIET} s.")
    run = instance.get_run_by_id(run_id)
    if run is None or not run.is_success:
        problems.append("The last run, with no faults any more, failed.")
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION):
        assert entry.dagster_event
        check = entry.dagster_event.asset_check_evaluation_data
        if not check.passed:
            problems.append(
                f"In the last run, {check.check_name} of {check.asset_key.to_user_string()} "
                f"failed: {check.description}"
            )
    return problems


def _until(condition: Callable[[], object], platform: Platform) -> bool:
    deadline, told = time.monotonic() + UNTIL_QUIET, 0.0
    while not condition():
        if time.monotonic() > deadline:
            return False
        platform.keep_up()
        if time.monotonic() - told > TELL_EVERY:
            told = time.monotonic()
            platform.measure()
        time.sleep(1)
    return True


def _ended(instance: dg.DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is not None and run.is_finished


def _line(seconds: float, world: World, platform: Platform, instance: dg.DagsterInstance) -> str:
    runs = [run.status.value for run in instance.get_runs()]
    memory = {
        name: f"{measures[-1].megabytes:.0f}" for (name, _), measures in platform.measures.items()
    }
    return (
        f"{seconds:4.0f} s  day {world.day:4.1f}  messages {len(world.sandbox.rows('messages'))}  "
        f"runs {len(runs)}: {runs.count('SUCCESS')} ok, {runs.count('FAILURE')} failed, "
        f"{sum(run in [s.value for s in UNFINISHED] for run in runs)} under way  "
        f"faults {world.faults}  kills {sum(platform.kills.values())}  "
        f"MB: {', '.join(f'{name} {size}' for name, size in memory.items())}"
    )


def _print_table(world: World, platform: Platform, runs: Runs, *, rows: int, home: Path) -> None:
    total = sum(runs.ended.values())
    print(f"""
  runs             {total}: {_counts(runs.ended)}; {runs.killed} with a process that was killed
  launched by      {_counts(runs.by)}
  API              {world.day:.1f} days, {world.faults} faults, {world.moves} rows moved or changed
  kills            {_counts(platform.kills)}
  rows compared    {rows}, and {sum(map(len, world.former.values()))} that changed or went
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
