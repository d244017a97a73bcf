"""What failed in a run, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import dagster as dg

from email_assets.account import Account
from email_assets.defs.schedules import JOB_OF_ALL, JOB_OF_KIND, names_of
from email_assets.redaction import redact

Event = dg.DagsterEventType
LONGEST_SENTENCE = 300


def reason_of(event: dg.DagsterEvent) -> str:
    """The first sentence of what went wrong in a step, without the name of the step."""
    failure = event.step_failure_data
    if failure.user_failure_data:
        text = failure.user_failure_data.description
    else:
        error = failure.error
        while error and error.cause:
            error = error.cause
        text = error.message if error else None
    first, *rest = ((text or "").strip() or "nothing says why").splitlines()
    if first.endswith(":") and rest:  # the next line names the checks that failed
        first = f"{first} {rest[0]}"
    return first.removeprefix(f"{event.step_key}: ")


def failures_of(
    account: Account, run: dg.DagsterRun, entries: Sequence[dg.EventLogEntry], end: dg.EventLogEntry
) -> Iterator[tuple[str, str, float]]:
    """What failed in a run, why and when, as far as it is not told by a check."""
    events = [(entry.dagster_event, entry.timestamp) for entry in entries if entry.dagster_event]
    planned: dict[str | None, list[str]] = {}
    for event, _ in events:
        if event.event_type == Event.ASSET_MATERIALIZATION_PLANNED and event.asset_key:
            planned.setdefault(event.step_key, []).append(event.asset_key.to_user_string())
        elif event.event_type == Event.ASSET_CHECK_EVALUATION_PLANNED:
            key = event.asset_check_planned_data.asset_check_key
            planned.setdefault(event.step_key, []).append(slot_of(key))
    failures = [found for found in events if found[0].event_type == Event.STEP_FAILURE]
    for event, at in failures:
        error = event.step_failure_data.error
        # a check that fails its run is told of as a check
        if not error or error.cls_name != "DagsterAssetCheckFailedError":
            for slot in planned.get(event.step_key, [run.job_name]):
                yield slot, reason_of(event), at
    if failures:
        return
    # the run ended outside of a step: it was killed, or never started
    reason = (end.dagster_event.message if end.dagster_event else None) or "nothing says why"
    slots = [slot for several in planned.values() for slot in several] or _asked_of(account, run)
    done = {slot for event, _ in events for slot in _done_by(event)}
    left = [slot for slot in slots if slot not in done]
    assets = [slot for slot in left if ":" not in slot]
    for slot in assets or left or slots:
        yield slot, reason, end.timestamp


def _done_by(event: dg.DagsterEvent) -> list[str]:
    if event.event_type == Event.ASSET_MATERIALIZATION and event.asset_key:
        return [event.asset_key.to_user_string()]
    if event.event_type == Event.ASSET_CHECK_EVALUATION:
        return [slot_of(event.asset_check_evaluation_data.asset_check_key)]
    return []


def _asked_of(account: Account, run: dg.DagsterRun) -> list[str]:
    """What a run should have done, of which no plan is known."""
    if run.asset_selection:
        return [key.to_user_string() for key in run.asset_selection]
    if run.asset_check_selection:
        return [slot_of(key) for key in run.asset_check_selection]
    return [
        name
        for kind, job in JOB_OF_KIND.items()
        if run.job_name in (job, JOB_OF_ALL)
        for name in names_of(account, kind)
    ] or [run.job_name]


def slot_of(key: dg.AssetCheckKey) -> str:
    """The slot of a check."""
    return f"{key.asset_key.to_user_string()}:{key.name}"


def in_one_line(text: str) -> str:
    """One line that may be sent: without addresses, and not too long."""
    # half a pair, such as an API cuts out of an emoji, could not be written down: no tick would end
    whole = text.encode("utf-8", "replace").decode()
    line = " ".join(redact(whole).split())
    return line if len(line) <= LONGEST_SENTENCE else f"{line[:LONGEST_SENTENCE]}…"
