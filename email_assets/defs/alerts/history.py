"""Reads Dagster's history of our assets: runs that failed, checks that do not pass, syncs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias
from urllib.parse import urlencode

import dagster as dg

from email_assets.account import Account
from email_assets.alerts.causes import Problem
from email_assets.alerts.wording import ERROR, WARNING
from email_assets.defs.alerts.failures import failures_of, in_one_line, slot_of
from email_assets.defs.alerts.times import Sighting, bring_back
from email_assets.defs.freshness import windows_in
from email_assets.defs.freshness_check import FRESHNESS_CHECK
from email_assets.defs.last_sync import last_sync
from email_assets.defs.names import all_keys
from email_assets.defs.retention import JOB_OF_RETENTION
from email_assets.defs.runs import Ours
from email_assets.defs.schedules import JOB_OF_ALL, JOB_OF_KIND
from email_assets.defs.weekly_report import JOB_OF_REPORT

MOST_RUNS = 100
"""Ends of runs to look at in one tick; the next tick goes on with the others."""
OVERLAP = 100
"""Ids of events to read again, as a database may show one later than the next."""
WILL_RETRY = "dagster/will_retry"
"""Dagster's tag of a failed run that it is about to run again: that run is the one to tell of."""

Event = dg.DagsterEventType
End: TypeAlias = Literal[
    dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterEventType.RUN_SUCCESS,
    dg.DagsterEventType.RUN_CANCELED,
]
ENDS: tuple[End, ...] = (Event.RUN_FAILURE, Event.RUN_SUCCESS, Event.RUN_CANCELED)
OF_A_RUN = {
    Event.STEP_FAILURE,
    Event.ASSET_MATERIALIZATION,
    Event.ASSET_MATERIALIZATION_PLANNED,
    Event.ASSET_CHECK_EVALUATION,
    Event.ASSET_CHECK_EVALUATION_PLANNED,
}


@dataclass
class HistoryPosition:
    """The events read so far, and what is still needed of them when they have been deleted."""

    positions: dict[str, int] = field(default_factory=dict)
    """The newest event that was read, for each way in which runs end."""
    seen: dict[str, dict[str, int]] = field(default_factory=dict)
    """For each of them the runs that may be met again, and the event of their end."""
    well: dict[str, float] = field(default_factory=dict)
    """The last time that an asset was materialized or a check passed."""
    watched: dict[str, float] = field(default_factory=dict)
    """The time of the first look at an asset that was never materialized."""
    noted: dict[str, int] = field(default_factory=dict)
    """The event of each asset's last materialization, which is read again at every look."""


class History:
    """The history of an account's assets and checks, and how far it was read."""

    def __init__(
        self,
        account: Account,
        instance: dg.DagsterInstance,
        repository: dg.RepositoryDefinition,
        location: str,
        url: str,
        position: HistoryPosition,
    ) -> None:
        self.instance, self.repository, self.position = instance, repository, position
        self._account, self.url = account, url
        # not what else the repository defines: other accounts, or a host's own
        ours, defined = all_keys(account), repository.assets_defs_by_key
        self.assets = {key: defined[key] for key in ours if defined[key].is_materializable}
        checks = repository.asset_checks_defs_by_key.items()
        self.checks = {key: found for key, found in checks if key.asset_key in ours}
        self.others = {account.named(job) for job in (JOB_OF_RETENTION, JOB_OF_REPORT)}
        jobs = {account.named(job) for job in (*JOB_OF_KIND.values(), JOB_OF_ALL)}
        self._ours = Ours(instance, location, jobs | self.others, ours)
        slots = [key.to_user_string() for key in self.assets] + [*map(slot_of, self.checks)]
        self.slots = {*slots, *self.others}
        self.windows = dict(windows_in(self.assets))

    def new_problems(self, told: Iterable[dict[str, float]], now: float) -> list[Problem]:
        """The newest problem of each asset and check, of what was not read before.

        When assets and checks were well for the last time is noted in `position.well`.

        Args:
            told: The times by slot that were noted of problems. Those to come become earlier.
            now: In seconds since 1970.
        """
        if not self._account.problem:  # else assets that are hidden meanwhile would be forgotten
            for times in (self.position.well, self.position.watched, self.position.noted):
                for slot in times.keys() - self.slots:  # of an asset that is no more
                    del times[slot]
        found = [*self._found_in_runs(), *self._materialized(), *self._others_succeeded()]
        bring_back(found, [self.position.well, self.position.watched, *told], now)
        latest: dict[str, Problem] = {}
        for sighting in sorted(found, key=lambda one: one.at):
            if sighting.problem:
                latest[sighting.slot] = replace(sighting.problem, at=sighting.at)
            elif sighting.slot in self.slots:
                before = self.position.well.get(sighting.slot, 0)
                self.position.well[sighting.slot] = max(sighting.at, before)
        return [*latest.values()]

    def _found_in_runs(self) -> list[Sighting]:
        newest = {kind.value: self._newest(kind) for kind in ENDS}
        positions = self.position.positions
        # a history that ends earlier than it did before was deleted, or is another one
        if any(name not in positions or newest[name] < positions[name] for name in newest):
            self.position.positions, self.position.seen = newest, {}
            failed = self.instance.fetch_run_status_changes(Event.RUN_FAILURE, MOST_RUNS).records
            return [*self._failing_checks(), *self._seen_in(failed)]
        return self._seen_in([record for kind in ENDS for record in self._ended(kind)])

    def _newest(self, kind: End) -> int:
        records = self.instance.fetch_run_status_changes(kind, limit=1).records
        return records[0].storage_id if records else 0

    def _ended(self, kind: End) -> Iterator[dg.EventLogRecord]:
        """The runs that ended in a way since the last look."""
        position = self.position.positions[kind.value]
        seen = self.position.seen.get(kind.value, {})
        since = dg.RunStatusChangeRecordsFilter(kind, after_storage_id=max(0, position - OVERLAP))
        for record in self.instance.fetch_run_status_changes(
            since, limit=MOST_RUNS + len(seen), ascending=True
        ).records:
            position = max(position, record.storage_id)
            if record.run_id not in seen:
                seen[record.run_id] = record.storage_id
                yield record
        self.position.positions[kind.value] = position
        self.position.seen[kind.value] = {
            run: event for run, event in seen.items() if event > position - OVERLAP
        }

    def _seen_in(self, ended: Iterable[dg.EventLogRecord]) -> list[Sighting]:
        """The problems and successes of our assets in runs, whoever started them."""
        end_of = {record.run_id: record for record in ended}
        if not end_of:
            return []
        return [
            sighting
            for record in self.instance.get_run_records(dg.RunsFilter(run_ids=[*end_of]))
            for run in [record.dagster_run]
            if self._ours.have_a_part_in(run)
            for sighting in self._seen_in_run(run, end_of[run.run_id])
        ]

    def _seen_in_run(self, run: dg.DagsterRun, end: dg.EventLogRecord) -> Iterator[Sighting]:
        records = self.instance.get_records_for_run(run.run_id, of_type=OF_A_RUN).records
        entries = [record.event_log_entry for record in records]
        for entry in entries:
            if entry.dagster_event_type == Event.ASSET_CHECK_EVALUATION:
                yield from self._judge(entry, end.storage_id)
        ended = end.event_log_entry
        failed = ended.dagster_event_type == Event.RUN_FAILURE
        if not failed or run.tags.get(WILL_RETRY) == "true":
            return
        for failure in failures_of(self._account, run, entries, ended):
            if failure.slot in self.slots:
                problem = Problem(
                    failure.slot,
                    "could not be checked" if ":" in failure.slot else "failed",
                    in_one_line(failure.reason),
                    failure.at,
                    link=self._link_of_run(run, failure.step),
                    page=self.page_of(failure.slot),
                )
                yield Sighting(failure.slot, failure.at, end.storage_id, problem)

    def _failing_checks(self) -> Iterator[Sighting]:
        """The checks that do not pass now. It costs more, the longer the history is."""
        for key in self.checks:
            record = self.instance.get_latest_asset_check_evaluation_record(key)
            if record and record.event:
                yield from self._judge(record.event, 0)

    def _judge(self, entry: dg.EventLogEntry, of_run: int) -> Iterator[Sighting]:
        """The result of a check: that it passed, or the problem that it found.

        Args:
            entry: The event.
            of_run: The storage id of the end of its run.
        """
        event = entry.dagster_event
        if event is None or event.event_type != Event.ASSET_CHECK_EVALUATION:
            return  # it was planned, and has not been evaluated yet
        found = event.asset_check_evaluation_data
        name, slot = found.asset_key.to_user_string(), slot_of(found.asset_check_key)
        if found.passed:
            yield Sighting(slot, entry.timestamp, of_run)
        elif slot in self.slots and not self._is_told_as_stale(found):
            warns = found.severity == dg.AssetCheckSeverity.WARN
            check, own = f"the check {found.check_name}", found.asset_key.path[-1]
            problem = Problem(
                slot,
                f"got a warning from {check}" if warns else f"did not pass {check}",
                in_one_line((found.description or "it says no more.").removeprefix(f"{own}: ")),
                entry.timestamp,
                link=f"{self.page_of(name)}?view=checks&checkDetail={found.check_name}",
                page=self.page_of(name),
                severity=WARNING if warns else ERROR,
                brief=f"did not pass {found.check_name}",
            )
            yield Sighting(slot, entry.timestamp, of_run, problem)

    def _is_told_as_stale(self, found: dg.AssetCheckEvaluation) -> bool:
        name = found.asset_key.to_user_string()
        return found.check_name == FRESHNESS_CHECK and name in self.windows

    def _materialized(self) -> Iterator[Sighting]:
        """The last sync of each asset, if it is not the one that was noted."""
        for record in self.instance.get_asset_records([*self.assets]):
            last = last_sync(self.instance, record.asset_entry.last_materialization_record)
            if last:
                slot = record.asset_entry.asset_key.to_user_string()
                yield from self._not_noted(Sighting(slot, last.timestamp, last.storage_id))

    def _others_succeeded(self) -> Iterator[Sighting]:
        """The last success of each job without an asset, if it is not the one that was noted."""
        for job in sorted(self.others):
            if record := self._ours.last_success(job):
                at = record.end_time or record.create_timestamp.timestamp()
                yield from self._not_noted(Sighting(job, at, record.storage_id))

    def _not_noted(self, found: Sighting) -> Iterator[Sighting]:
        if self.position.noted.get(found.slot) != found.event:
            self.position.noted[found.slot] = found.event
            yield found

    def _link_of_run(self, run: dg.DagsterRun, step: str | None) -> str:
        """The page of a run, with the log of one step if there is one to look at."""
        shown = {"selection": f'name:"{step}"', "logs": f"step:{step}"}
        query = f"?{urlencode(shown)}" if step else ""
        return f"{self.url}/runs/{run.run_id}{query}"

    def page_of(self, slot: str) -> str:
        """The page of an asset, or the list of runs for a job that has none."""
        name = slot.partition(":")[0]
        return f"{self.url}/runs" if name in self.others else f"{self.url}/assets/{name}"
