"""The sensor that asks the API what is new, and syncs that."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import dagster as dg
from pydantic import TypeAdapter, ValidationError

from email_assets.account import Account
from email_assets.clock import now
from email_assets.defs import recording
from email_assets.defs.freshness import window_of
from email_assets.defs.last_sync import last_sync
from email_assets.defs.looks import looked_at
from email_assets.defs.names import NEW_RECORDS, key_of, keys_of
from email_assets.defs.runs import LOCATION, unfinished
from email_assets.defs.schedules import names_of
from email_assets.deliverability.selection import with_derived_assets
from email_assets.errors import ApiError, RefusedError
from email_assets.redaction import redact_line
from email_assets.sentences import in_one_sentence

TRY_AGAIN_AFTER = timedelta(minutes=15)
"""The wait before a sync that did not come about is asked for again; sooner would be a flood."""
LEFT_FOR = timedelta(days=1)
"""The time until a resource of which one request tells nothing is looked at again."""
LONGEST_WAIT = timedelta(days=1)
"""The wait is doubled each time, up to this: what fails for days is left to its schedule."""


@dataclass
class Request:
    """A sync that was asked for, until it has come about."""

    at: float
    """In seconds since 1970."""
    after_run: int
    """Dagster's storage id of the newest run then: the sync is of a later one."""
    times: int = 1
    """The number of requests since the API had something new."""

    def is_due_again(self) -> bool:
        """True if enough time has passed to ask once more."""
        # a time to come is of a clock that was ahead, and counts as now
        self.at = min(self.at, now().timestamp())
        doubled: int = 2 ** min(self.times - 1, 10)
        wait = min(TRY_AGAIN_AFTER * doubled, LONGEST_WAIT)
        return now().timestamp() - self.at >= wait.total_seconds()


@dataclass
class Seen:
    """The sensor's cursor: what it saw of the API, and what it asked for."""

    heads: dict[str, str] = field(default_factory=dict)
    """A digest of each resource's total and newest row."""
    requests: dict[str, Request] = field(default_factory=dict)
    """The resources whose sync was asked for and has not come about yet."""
    left: dict[str, float] = field(default_factory=dict)
    """The resources that are left to their schedules, and since when, in seconds since 1970."""
    goes_on_at: str | None = None
    """The first resource for which the last tick had no time left, or None if it had for all."""

    def is_left(self, name: str) -> bool:
        """True if a resource was found to tell nothing, a short time ago."""
        since = min(self.left.get(name, -math.inf), now().timestamp())
        return now().timestamp() - since < LEFT_FOR.total_seconds()


SEEN_ADAPTER = TypeAdapter(Seen)


def build_new_records(account: Account, status: dg.DefaultSensorStatus) -> dg.SensorDefinition:
    """The sensor of what is new at the API, and of what was never synced."""
    names, sensor = names_of(account, "event"), account.named(NEW_RECORDS)
    patience = window_of("event", account.automation)

    @dg.sensor(
        name=sensor,
        asset_selection=dg.AssetSelection.assets(
            *keys_of(account, with_derived_assets(account, account.resources))
        ),
        minimum_interval_seconds=60,
        default_status=status,
        description="Asks the API for one row of each event resource and syncs those whose total "
        "or newest row has changed, and any resource that was never synced.",
    )
    @in_one_sentence(sensor)
    def new_records(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        origin = context.code_location_origin
        location = origin.location_name if origin else LOCATION
        of_sensor = {"dagster/sensor_name": sensor}
        if unfinished(context.instance, patience, location, tags=of_sensor):
            return dg.SkipReason("The run of an earlier tick has not finished yet.")
        seen, synced = _recall(context), _runs_of_last_syncs(context.instance, account)
        for name, request in list(seen.requests.items()):
            if name not in account.resources or synced.get(name, 0) > request.after_run:
                del seen.requests[name]
        _date(seen.requests, context.instance, of_sensor, account)
        now_set = account.as_set_now()
        asked = [name for name in names if not seen.is_left(name)]
        found, seen.goes_on_at = looked_at(now_set, asked, seen.goes_on_at, recording.info(context))
        asked = [*found]
        heads = {name: head for name, head in found.items() if isinstance(head, str)}
        problems = [head for head in found.values() if isinstance(head, ApiError)]
        tell_nothing = [name for name, head in found.items() if head is None]
        seen.left |= dict.fromkeys(tell_nothing, now().timestamp())
        answers = len(problems) < len(asked) or not asked
        wanted = [
            name
            for name in account.resources
            if (answers if name not in asked or name in tell_nothing else name in heads)
            and (_has_changed(name, heads, seen) or _is_due(name, seen, synced))
        ]
        if not wanted:
            for problem in problems:
                # a tick that fails keeps no cursor: what it learned would be asked for again, and
                # the next would begin where it did; an answer that cannot be read may be another
                if isinstance(problem, RefusedError) and not (tell_nothing or seen.goes_on_at):
                    raise problem
            told = [str(problem) for problem in problems] or ["The API has nothing new."]
            if left := [name for name in names if name in seen.left]:
                told.append(
                    f"Left to the schedule, as one request tells nothing: {', '.join(left)}."
                )
            reason = " ".join(told)
            return dg.SensorResult(skip_reason=redact_line(reason), cursor=_written(seen))
        for problem in problems:
            recording.warning(context)(str(problem))
        _note(seen, wanted, heads, context.instance)
        # no run_key: Dagster would skip a change that is undone and then made again
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(
                    asset_selection=keys_of(account, with_derived_assets(account, wanted))
                )
            ],
            cursor=_written(seen),
        )

    return new_records


def _has_changed(name: str, heads: Mapping[str, str], seen: Seen) -> bool:
    return name in heads and heads[name] != seen.heads.get(name)


def _is_due(name: str, seen: Seen, synced: Mapping[str, int]) -> bool:
    """True if a resource was never synced, or was to be synced and has not been."""
    request = seen.requests.get(name)
    return request.is_due_again() if request else name not in synced


def _note(
    seen: Seen, wanted: Iterable[str], heads: Mapping[str, str], instance: dg.DagsterInstance
) -> None:
    """Remember what the API has and what was asked for."""
    newest = instance.get_run_records(limit=1)
    after = newest[0].storage_id if newest else 0
    for name in wanted:
        before = None if _has_changed(name, heads, seen) else seen.requests.get(name)
        times = before.times + 1 if before else 1
        seen.requests[name] = Request(now().timestamp(), after, times)
    seen.heads |= heads


def _date(
    requests: Mapping[str, Request],
    instance: dg.DagsterInstance,
    of_sensor: Mapping[str, str],
    account: Account,
) -> None:
    """Let the wait of each request begin with the run that came of it, by the clock of the runs."""
    if not requests:
        return
    for record in instance.get_run_records(dg.RunsFilter(tags=of_sensor), limit=len(requests)):
        selected = record.dagster_run.asset_selection or ()
        for name, request in requests.items():
            if key_of(account, name) in selected and record.storage_id > request.after_run:
                request.at = min(request.at, record.create_timestamp.timestamp())


def _runs_of_last_syncs(instance: dg.DagsterInstance, account: Account) -> Mapping[str, int]:
    """The storage id of the run that last synced each resource that ever was, backfills aside.

    It is 0 where there is no such run: it was deleted, or somebody reported the materialization.
    """
    keys = keys_of(account, account.resources)
    last = {
        record.asset_entry.asset_key.path[-1]: found.run_id
        for record in instance.get_asset_records(keys)
        if (found := last_sync(instance, record.asset_entry.last_materialization_record))
    }
    runs = instance.get_run_records(dg.RunsFilter(run_ids=[*{*last.values()}])) if last else []
    ids = {record.dagster_run.run_id: record.storage_id for record in runs}
    return {name: ids.get(run, 0) for name, run in last.items()}


def _recall(context: dg.SensorEvaluationContext) -> Seen:
    try:
        return SEEN_ADAPTER.validate_json(context.cursor) if context.cursor else Seen()
    except ValidationError:
        recording.warning(context)(
            "The cursor cannot be read, so each event resource is synced anew."
        )
        return Seen()


def _written(seen: Seen) -> str:
    return SEEN_ADAPTER.dump_json(seen).decode()
