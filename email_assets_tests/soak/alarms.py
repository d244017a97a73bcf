"""The verdict on the alerts of a soak: none is false, and none is missing.

What was wrong is read from Dagster's events once more, run by run, and not as the sensor reads it.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

import dagster as dg

from email_assets.defs.freshness_check import FRESHNESS_CHECK
from email_assets_tests.soak.users import assets_of

NOTHING = "Nothing is wrong."
_TOLD = re.compile(
    r"(?P<names>[\w/]+(?:, [\w/]+)*) (?:(?P<verb>failed|could not be checked|went stale|recovered)"
    r"|(?:did not pass|got a warning from) the check (?P<check>\w+))(?::|\.) "
)


@dataclass(frozen=True)
class Told:
    """An asset that an alert named, and why."""

    at: float
    name: str
    what: str
    """`failed`, `could not be checked`, `went stale`, `recovered`, or the name of a check."""


@dataclass(frozen=True)
class Trouble:
    """An asset that a run did not make, or that did not pass a check."""

    name: str
    what: str
    """`failed`, or the name of a check."""
    at: float
    known: float
    """The end of its run."""


@dataclass
class Events:
    """The assets' history. All times are in seconds since 1970."""

    troubles: list[Trouble] = field(default_factory=list)
    mended: dict[tuple[str, str], list[tuple[float, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """The times at which an asset was made (`failed`) or a check passed, and was known to be.

    What a check of a run said is known at the run's end.
    """
    failed: list[tuple[float, set[str]]] = field(default_factory=list)
    """The ends of failed runs, with the assets that each was to make or to check."""
    unchecked: list[tuple[float, str, str]] = field(default_factory=list)
    """The ends of failed runs, with the asset and the name of each check that one left undone."""
    looks: list[tuple[float, float]] = field(default_factory=list)
    """The beginning and end of each look of the sensor."""
    last_word: str = ""
    """The sensor's word on its last look."""


def sensors_of(accounts: Sequence[str]) -> list[str]:
    """The sensors of the alerts of accounts, or of the one that has no name."""
    return [f"{account}_alerts" for account in accounts] or ["alerts"]


def judge_all(
    instance: dg.DagsterInstance, told: Sequence[Told], accounts: Sequence[str]
) -> list[str]:
    """A sentence for each alert that was false and for each that is missing, of every account."""
    if not accounts:
        return judge_alarms(read_events(instance), told)
    problems = [
        f"A false alert: {one.name} {one.what}."
        for one in told
        if one.name.partition("/")[0] not in accounts
    ]
    for account in accounts:
        of_it = [one for one in told if one.name.startswith(f"{account}/")]
        problems += judge_alarms(read_events(instance, account), of_it)
    return problems


def read_events(instance: dg.DagsterInstance, account: str = "") -> Events:
    """The events of all runs that are about an account, and the looks of its sensor."""
    events, accounts = Events(), [account] if account else []
    prefix = f"{account}/" if account else ""
    for record in instance.get_run_records():
        _read_run(instance, record, events, account)
    events.troubles = [one for one in events.troubles if one.name.startswith(prefix)]
    looks = read_looks(instance, *sensors_of(accounts))
    events.looks = [(began, ended) for began, ended, _ in looks]
    events.last_word = looks[-1][2] if looks else ""
    return events


def read_looks(instance: dg.DagsterInstance, sensor: str) -> list[tuple[float, float, str]]:
    """The beginning, the end and the word of each look of a sensor, the oldest first."""
    return [
        (tick.timestamp, tick.end_timestamp, tick.skip_reason or "")
        for state in instance.all_instigator_state()
        if state.instigator_name == sensor
        for tick in reversed(instance.get_ticks(state.instigator_origin_id, state.selector_id))
        if tick.end_timestamp and not tick.is_failure
    ]


def read_alerts(texts: Sequence[tuple[float, str]]) -> Iterator[Told]:
    """The assets that alerts named, with what they said of each.

    Args:
        texts: The texts that a webhook took, each with its time.
    """
    for at, text in texts:
        for line in html.unescape(text).splitlines():
            if found := _TOLD.match(line):
                what = found["check"] or found["verb"]
                yield from (Told(at, name, what) for name in found["names"].split(", "))


def judge_alarms(events: Events, told: Sequence[Told]) -> list[str]:
    """A sentence for each alert that was false and for each that is missing."""
    false = {f"{one.name} {one.what}" for one in told if _is_false(one, events)}
    missing = {
        f"{one.name} {one.what}" for one in events.troubles if _is_missing(one, events, told)
    }
    problems = [f"A false alert: {one}." for one in sorted(false)]
    problems += [f"An alert is missing: {one}." for one in sorted(missing)]
    if not events.looks:
        problems.append("The sensor of the alerts never looked.")
    elif events.last_word != NOTHING:
        problems.append(f"At the end, when all was well, it said: {events.last_word}")
    return problems


def _read_run(
    instance: dg.DagsterInstance, record: dg.RunRecord, events: Events, account: str
) -> None:
    run, ended = record.dagster_run, record.end_time or 0
    assets = assets_of([account] if account else [])
    planned, checked, made = set[str](), set[tuple[str, str]](), set[str]()
    evaluated = set[tuple[str, str]]()
    failed = dict[str, float]()
    any_step_failed = False
    for entry in instance.all_logs(run.run_id):
        event: Any = entry.dagster_event
        if event is None:
            continue
        if event.event_type == dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED:
            planned.add(event.asset_key.to_user_string())
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED:
            check = event.asset_check_planned_data
            checked.add((check.asset_key.to_user_string(), check.check_name))
        elif event.is_step_materialization:
            made.add(event.asset_key.to_user_string())
            events.mended[event.asset_key.to_user_string(), "failed"].append(
                (entry.timestamp, entry.timestamp)
            )
        elif event.is_step_failure:
            any_step_failed = True
            if (name := event.step_key.replace("__", "/")) in assets:
                failed[name] = entry.timestamp
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            found = event.asset_check_evaluation_data
            slot = found.asset_key.to_user_string(), found.check_name
            evaluated.add(slot)
            if found.passed:
                events.mended[slot].append((entry.timestamp, record.end_time or inf))
            elif run.is_finished and found.check_name != FRESHNESS_CHECK:  # told once, as stale
                events.troubles.append(Trouble(*slot, entry.timestamp, ended))
    if run.status != dg.DagsterRunStatus.FAILURE:
        return
    if not (planned or checked):  # it never started, so that nothing was planned
        planned = {key.to_user_string() for key in run.asset_selection or ()}
        if not planned and run.job_name.startswith(account):
            planned = {*assets}
    events.failed.append((ended, planned | {name for name, _ in checked}))
    events.unchecked += [(ended, *slot) for slot in sorted(checked - evaluated)]
    if not any_step_failed:  # it was killed
        failed = dict.fromkeys(planned - made, ended)
    events.troubles += [Trouble(name, "failed", at, ended) for name, at in failed.items()]


def _is_false(one: Told, events: Events) -> bool:
    if one.what == "recovered":
        wrong = [(trouble.at, trouble.name, trouble.what) for trouble in events.troubles]
        return not any(
            since < at <= one.at
            for since, name, what in [*wrong, *events.unchecked]
            for at, _ in events.mended[name, what]
            if name == one.name
        )
    if one.what == "could not be checked":
        return not any(ended <= one.at and one.name in names for ended, names in events.failed)
    # nothing goes stale here: a window is longer than a soak
    look = max((began for began, _ in events.looks if began <= one.at), default=one.at)
    return not any(
        trouble.name == one.name
        and trouble.what == one.what
        and trouble.known <= one.at
        and not any(
            trouble.at < at and known <= min(look, one.at)
            for at, known in events.mended[trouble.name, trouble.what]
        )
        for trouble in events.troubles
    )


def _is_missing(one: Trouble, events: Events, told: Sequence[Told]) -> bool:
    after = [ended for began, ended in events.looks if began >= one.known]
    if len(after) < 2 or _mended(one, events, until=after[1]):
        return False  # nobody looked any more, or it was mended before anybody did
    of_it = [said for said in told if said.name == one.name and said.at <= after[1]]
    before = [said for said in of_it if said.at < one.at]
    is_open = bool(before) and before[-1].what != "recovered"
    return not is_open and not any(said.at >= one.at for said in of_it)


def _mended(one: Trouble, events: Events, until: float) -> bool:
    return any(one.at < at <= until for at, _ in events.mended[one.name, one.what])
