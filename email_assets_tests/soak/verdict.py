"""The verdict after a soak: a sentence for each fault."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import dagster as dg

from email_assets.defs.alerts.failures import reason_of
from email_assets.defs.runs import UNFINISHED
from email_assets_tests.soak.processes import Measure, Platform
from email_assets_tests.warehouses import working_directories

MAX_RUNTIME = 120
"""Seconds after which run monitoring ends a run. One that nobody killed has hung then."""
OURS = ("which is a mistake", "step failed with", "cannot be used", "kept warehouse", "were read")
"""Words of failures that no fault of the API explains."""
WARM = 45.0
"""Seconds after which a process has loaded what it needs."""
MEGABYTES_AT_ONCE, MEGABYTES_A_MINUTE = 15.0, 4.0
"""Growth that is no leak. Dagster's code server takes some 0.2 MB for each run it launches."""
MEGABYTES_A_RUN = 1.5
LEFT_A_KILL = 3
"""Files and folders that a killed process may leave in TMPDIR."""
UNREACHABLE = re.compile("UserCodeUnreachable|CodeServer|CodeLocation")
REFUSED = re.compile(r": the API refused /")
"""The failure of a tick that has learned nothing else."""
_PID = re.compile(r"process(?: for run)? \(pid: (\d+)\)")


@dataclass
class Runs:
    """The ends of a soak's runs, and their reasons.

    Attributes:
        ended: Runs by their status.
        by: Runs by who launched them.
        reasons: Why steps failed, with numbers left out, and how often.
        problems: What must not be, in sentences.
    """

    ended: Counter[str] = field(default_factory=Counter)
    by: Counter[str] = field(default_factory=Counter)
    killed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def judge_runs(instance: dg.DagsterInstance, killed: set[int]) -> Runs:
    """Look at every run, and at the evaluations of `primary_key`.

    Args:
        instance: With the runs of the soak.
        killed: The ids of processes that were killed.
    """
    found = Runs()
    for record in instance.get_run_records():
        run = record.dagster_run
        found.ended[run.status.value] += 1
        found.by[_launched_by(run)] += 1
        if run.status in UNFINISHED:
            found.problems.append(f"Run {run.run_id} is {run.status.value} for ever.")
        pids, timed_out = set[int](), False
        for entry in instance.all_logs(run.run_id):
            event = entry.dagster_event
            if event is None:
                continue
            pids |= {int(pid) for pid in _PID.findall(event.message or "")}
            timed_out = timed_out or "maximum runtime" in (event.message or "")
            if event.is_step_failure:
                found.reasons[f"{event.step_key}: {_plain(reason_of(event))}"] += 1
            elif event.event_type == dg.DagsterEventType.RUN_FAILURE:
                found.reasons[f"run: {_plain(event.message or '')}"] += 1
            elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
                check = event.asset_check_evaluation_data
                if check.check_name == "primary_key" and not check.passed:
                    found.problems.append(f"primary_key failed: {check.description}")
        was_killed = not killed.isdisjoint(pids)
        found.killed += was_killed
        if timed_out and not was_killed:
            found.problems.append(f"Run {run.run_id} hung for more than {MAX_RUNTIME} s.")
    found.problems += [
        f"{count} times: {reason}"
        for reason, count in found.reasons.items()
        if any(words in reason for words in OURS)
    ]
    for who in ("schedule", "sensor"):
        if not found.by[who] and not _was_out_of_reach(instance, who):
            found.problems.append(f"No {who} launched a run.")
    return found


def _was_out_of_reach(instance: dg.DagsterInstance, who: str) -> bool:
    """True if each tick of the schedules, or sensors, came while the code server was killed."""
    ticks = [
        tick
        for state in instance.all_instigator_state()
        if state.instigator_type.value.lower() == who
        for tick in instance.get_ticks(state.instigator_origin_id, state.selector_id)
    ]
    return bool(ticks) and all(
        tick.error and UNREACHABLE.search(tick.error.to_string()) for tick in ticks
    )


def judge_ticks(instance: dg.DagsterInstance) -> list[str]:
    """Ticks of schedules and sensors that failed by themselves."""
    failed: Counter[str] = Counter()
    for state in instance.all_instigator_state():
        for tick in instance.get_ticks(state.instigator_origin_id, state.selector_id):
            told = tick.error.to_string() if tick.error else ""
            if tick.error and not (UNREACHABLE.search(told) or REFUSED.search(told)):
                message = tick.error.message.strip().splitlines()[0]
                failed[f"{state.instigator_name}: {_plain(message)}"] += 1
    return [f"{count} ticks failed: {reason}" for reason, count in failed.items()]


def judge_growth(platform: Platform, home: Path, runs: int) -> list[str]:
    """Memory, threads and files of each service while it lived, and DAGSTER_HOME for each run."""
    problems = []
    for (name, pid), measures in platform.measures.items():
        early, late = _ends(measures)
        if not early or not late:
            continue
        minutes = (late[-1].at - early[0].at) / 60
        grown = median(m.megabytes for m in late) - median(m.megabytes for m in early)
        if grown > MEGABYTES_AT_ONCE + MEGABYTES_A_MINUTE * minutes:
            problems.append(f"The {name} ({pid}) grew by {grown:.0f} MB in {minutes:.1f} minutes.")
        for what in ("threads", "files"):
            before = max(getattr(m, what) for m in early)
            after = min(getattr(m, what) for m in late)
            if after > 2 * before + 20:
                problems.append(f"The {name} ({pid}) had {before} {what} at first, {after} later.")
    if (size := size_of(home) / max(1, runs)) > MEGABYTES_A_RUN:
        problems.append(f"DAGSTER_HOME takes {size:.1f} MB for each run.")
    return problems


def judge_leftovers(temporary: Path, kills: int) -> list[str]:
    """Judge the folder for temporary files, in which nothing may be left."""
    left = sorted(path.name for path in temporary.iterdir())
    ours = sorted(path.name for path in working_directories(temporary))
    problems = [f"{len(ours)} working directories were left: {', '.join(ours[:3])}."] * bool(ours)
    if len(left) > 10 + LEFT_A_KILL * kills:
        kinds = Counter(re.sub(r"[\d_a-z]{6,}", "…", name) for name in left)
        problems.append(f"{len(left)} things were left in TMPDIR: {dict(kinds.most_common(5))}.")
    return problems


def judge_secrecy(folder: Path, is_secret: Callable[[bytes], bool]) -> list[str]:
    """Files that hold a secret."""
    problems = []
    for file in folder.rglob("*"):
        with suppress(OSError):  # a folder, or it went meanwhile
            if is_secret(file.read_bytes()):
                problems.append(f"A secret stands in {file.relative_to(folder)}.")
    return problems


def first_and_last(platform: Platform) -> Iterator[tuple[str, int, float, float, float]]:
    """Of each service's longest life: its name, id, minutes, and memory first and last."""
    lives: dict[str, tuple[int, list[Measure]]] = {}
    for (name, pid), measures in platform.measures.items():
        if len(measures) > len(lives.get(name, (0, []))[1]):
            lives[name] = pid, measures
    for name, (pid, measures) in lives.items():
        warm = [m for m in measures if m.at - measures[0].at > WARM] or measures
        minutes = (measures[-1].at - measures[0].at) / 60
        yield name, pid, minutes, warm[0].megabytes, warm[-1].megabytes


def size_of(folder: Path) -> float:
    """The size of the files below a folder, in MB."""
    return _megabytes(path for path in folder.rglob("*") if path.is_file())


def _megabytes(files: Iterable[Path]) -> float:
    total = 0
    for file in files:
        with suppress(OSError):  # it went meanwhile
            total += file.stat().st_size
    return total / 1e6


def _ends(measures: list[Measure]) -> tuple[list[Measure], list[Measure]]:
    """The first and the last third of what a process took once it was warm."""
    warm = [m for m in measures if m.at - measures[0].at > WARM]
    third = len(warm) // 3
    return (warm[:third], warm[-third:]) if third else ([], [])


def _launched_by(run: dg.DagsterRun) -> str:
    if "dagster/schedule_name" in run.tags:
        return "schedule"
    if "dagster/sensor_name" in run.tags:
        return "sensor"
    return "UI" if run.remote_job_origin else "command"


def _plain(text: str) -> str:
    """A sentence without its numbers, so that equal ones are counted together."""
    return re.sub(r"\d+(\.\d+)?", "N", text)[:160]
