"""The assets and checks that a failed run left undone, each with its reason."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from email_assets.account import Account
from email_assets.defs.names import asset_of
from email_assets.defs.schedules import JOB_OF_ALL, JOB_OF_KIND, names_of
from email_assets.errors import EmailAssetsError
from email_assets.redaction import redact_line
from email_assets.sentences import sentence_of

Event = dg.DagsterEventType
LONGEST_SENTENCE = 500
"""Characters of a reason: as many as figures, the sender they are about and the remedy take."""
NO_REASON = "nothing says why"
FAILED_CHECK = "DagsterAssetCheckFailedError"
"""Dagster's error of a blocking check that did not pass; the check itself tells why."""


@dataclass(frozen=True)
class Failure:
    """A slot that a run did not bring about."""

    slot: str
    """An asset, `asset:check`, or the name of the job if it has neither."""
    reason: str
    at: float
    """In seconds since 1970."""
    step: str | None = None
    """The step that failed, or None if the run ended outside of its steps."""


def failures_of(
    account: Account, run: dg.DagsterRun, entries: Sequence[dg.EventLogEntry], end: dg.EventLogEntry
) -> Iterator[Failure]:
    """The failures of a run that no check tells of by itself.

    Args:
        account: The account whose assets the run was to sync.
        run: A run that failed.
        entries: Its events of steps, assets and checks.
        end: The event with which it failed.
    """
    planned = _planned(entries)
    failed_steps = [
        (entry.dagster_event, entry.timestamp)
        for entry in entries
        if entry.dagster_event and entry.dagster_event_type == Event.STEP_FAILURE
    ]
    if not failed_steps:  # it was killed, or never started
        yield from _left_undone(account, run, planned, entries, end)
    for event, at in failed_steps:
        error = event.step_failure_data.error
        if error and error.cls_name == FAILED_CHECK:
            continue
        for slot in planned.get(event.step_key, [run.job_name]):
            yield Failure(slot, reason_of(event), at, event.step_key)


def reason_of(event: dg.DagsterEvent) -> str:
    """The sentence that tells what went wrong in a step, without the name of the step."""
    failure = event.step_failure_data
    if failure.user_failure_data:  # of an asset of ours: a sentence already
        text = failure.user_failure_data.description
    elif failure.error:
        text = str(sentence_of(asset_of(event.step_key or ""), _raised(failure.error)))
    else:
        text = None
    first, *rest = ((text or "").strip() or NO_REASON).splitlines()
    if first.endswith(":") and rest:  # the next line names the checks that failed
        first = f"{first} {rest[0]}"
    return first.removeprefix(f"{asset_of(event.step_key or '')}: ")


def _raised(error: Any) -> Exception:
    """An error like the one that Dagster wrote down, with what caused it.

    Args:
        error: Dagster's `SerializableErrorInfo`, which it exports nowhere.
    """
    name = error.cls_name or "Exception"
    text = error.message.strip().partition(": ")[2] or error.message.strip()
    kind = _kinds().get(name)
    try:
        raised = kind(text) if kind else type(name, (Exception,), {})(text)
    except TypeError:  # it wants to be told more
        raised = type(name, (Exception,), {})(text)
    before = error.cause or error.context
    raised.__cause__ = _raised(before) if before else None
    return raised


def _kinds() -> dict[str, type[Exception]]:
    """The errors of Python and of this package by name."""
    kinds, waiting = dict[str, type[Exception]](), [EmailAssetsError]
    for name, found in vars(builtins).items():
        if isinstance(found, type) and issubclass(found, Exception):
            kinds[name] = found
    while waiting:
        kind = waiting.pop()
        kinds[kind.__name__] = kind
        waiting += kind.__subclasses__()
    return kinds


def slot_of(key: dg.AssetCheckKey) -> str:
    """The slot of a check."""
    return f"{key.asset_key.to_user_string()}:{key.name}"


def in_one_line(text: str) -> str:
    """One line that may be sent: without addresses, and not too long."""
    # half a pair, such as an API cuts out of an emoji, could not be written down: no tick would end
    line = redact_line(text.encode("utf-8", "replace").decode())
    if len(line) <= LONGEST_SENTENCE:
        return line
    whole = line[:LONGEST_SENTENCE].rpartition(". ")[0]
    return f"{whole}." if whole else f"{line[:LONGEST_SENTENCE].rpartition(' ')[0]}…"


def _planned(entries: Sequence[dg.EventLogEntry]) -> dict[str | None, list[str]]:
    """The slots that each step was to bring about."""
    planned: dict[str | None, list[str]] = {}
    for event in (entry.dagster_event for entry in entries if entry.dagster_event):
        if event.event_type == Event.ASSET_MATERIALIZATION_PLANNED and event.asset_key:
            planned.setdefault(event.step_key, []).append(event.asset_key.to_user_string())
        elif event.event_type == Event.ASSET_CHECK_EVALUATION_PLANNED:
            key = event.asset_check_planned_data.asset_check_key
            planned.setdefault(event.step_key, []).append(slot_of(key))
    return planned


def _left_undone(
    account: Account,
    run: dg.DagsterRun,
    planned: dict[str | None, list[str]],
    entries: Sequence[dg.EventLogEntry],
    end: dg.EventLogEntry,
) -> Iterator[Failure]:
    """The failures of a run that ended outside of its steps: all that it had not done by then."""
    reason = (end.dagster_event.message if end.dagster_event else None) or NO_REASON
    slots = [slot for of_step in planned.values() for slot in of_step] or _asked_of(account, run)
    done = {slot for entry in entries for slot in _done_by(entry)}
    left = [slot for slot in slots if slot not in done]
    assets = [slot for slot in left if ":" not in slot]
    for slot in assets or left or slots:
        yield Failure(slot, reason, end.timestamp)


def _done_by(entry: dg.EventLogEntry) -> list[str]:
    event = entry.dagster_event
    if event and event.event_type == Event.ASSET_MATERIALIZATION and event.asset_key:
        return [event.asset_key.to_user_string()]
    if event and event.event_type == Event.ASSET_CHECK_EVALUATION:
        return [slot_of(event.asset_check_evaluation_data.asset_check_key)]
    return []


def _asked_of(account: Account, run: dg.DagsterRun) -> list[str]:
    """The slots of a run whose plan is not known."""
    if run.asset_selection:
        return [key.to_user_string() for key in run.asset_selection]
    if run.asset_check_selection:
        return [slot_of(key) for key in run.asset_check_selection]
    return [
        account.title_of(name)
        for kind, job in JOB_OF_KIND.items()
        if run.job_name in map(account.named, (job, JOB_OF_ALL))
        for name in names_of(account, kind)
    ] or [run.job_name]
