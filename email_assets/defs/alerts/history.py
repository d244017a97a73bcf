"""Reads Dagster's history of our assets: failed runs, checks that do not pass, staleness."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import urlencode

import dagster as dg

from email_assets.account import Account
from email_assets.alerts.causes import Problem
from email_assets.defs.alerts.failures import failures_of, in_one_line, slot_of
from email_assets.defs.retention import JOB_OF_RETENTION
from email_assets.defs.runs import is_ours

FRESHNESS_CHECK = "freshness_check"
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
    """Since when an asset is watched that was never materialized."""


class History:
    """The history of a code location's assets and checks, and how far it was read."""

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
        self._account = account
        self.location, self.url = location, url
        # Dagster's own jobs bear the same names everywhere
        self.jobs = {name for name in repository.job_names if not name.startswith("__")}
        defined = repository.assets_defs_by_key
        self.assets = {key: found for key, found in defined.items() if found.is_materializable}
        self.checks = repository.asset_checks_defs_by_key
        self.slots = {
            *(key.to_user_string() for key in self.assets),
            *(slot_of(key) for key in self.checks),
            JOB_OF_RETENTION,  # which has no asset, and nobody sees that it fails
        }
        self.windows = dict(self._windows())

    def new_problems(self) -> list[Problem]:
        """The newest problem of each asset and check, of what was not read before.

        When assets and checks were well for the last time is noted in `position.well`.
        """
        for times in (self.position.well, self.position.watched):
            for slot in times.keys() - self.slots:  # of an asset that is no more
                del times[slot]
        newest = {kind.value: self._newest(kind) for kind in ENDS}
        positions = self.position.positions
        # a history that ends earlier than it did before was deleted, or is another one
        if any(name not in positions or newest[name] < positions[name] for name in newest):
            self.position.positions, self.position.seen = newest, {}
            failed = self.instance.fetch_run_status_changes(Event.RUN_FAILURE, MOST_RUNS).records
            found = [*self._failing_checks(), *self._problems_of(failed)]
        else:
            found = self._problems_of([record for kind in ENDS for record in self._ended(kind)])
        for slot, at in (*self._materialized(), *self._old_runs_deleted()):
            self._note(slot, at)
        latest = {problem.slot: problem for problem in sorted(found, key=lambda found: found.at)}
        return [*latest.values()]

    def stale(self, wrong: set[str], now: float) -> list[Problem]:
        """The assets that were not materialized within their windows.

        Args:
            wrong: What something is known to be wrong with. That it, and what is downstream of
                it or of a blocking check, goes stale follows from that.
            now: In seconds since 1970.
        """
        problems = []
        held_up = wrong | {
            key.asset_key.to_user_string()
            for key, checks in self.checks.items()
            if slot_of(key) in wrong and checks.get_spec_for_check_key(key).blocking
        }
        for slot, window in sorted(self.windows.items()):
            since = self.position.well.get(slot)
            if since is None:
                if self._may_be_skipped(slot):
                    continue
                since = self.position.watched.setdefault(slot, now)
            known = slot in wrong or not held_up.isdisjoint(self._upstream_of(slot))
            if now - since > window and not known:
                why = "Its schedule is off, or its runs do not start or do not end."
                sentence = f"not materialized within {window / 3600:g} h. {why}"
                problems.append(Problem(slot, "went stale", sentence, since, self._link(slot)))
        return problems

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

    def _problems_of(self, ended: Iterable[dg.EventLogRecord]) -> list[Problem]:
        """The problems of runs, whoever started them, as far as they are of our assets."""
        end_of = {record.run_id: record.event_log_entry for record in ended}
        if not end_of:
            return []
        wanted = dg.RunsFilter(run_ids=[*end_of])
        problems = []
        for record in self.instance.get_run_records(wanted):
            run = record.dagster_run
            if is_ours(self.instance, run, self.location, self.jobs, self.assets.keys()):
                problems += self._problems_of_run(run, end_of[run.run_id])
        return problems

    def _problems_of_run(self, run: dg.DagsterRun, end: dg.EventLogEntry) -> list[Problem]:
        records = self.instance.get_records_for_run(run.run_id, of_type=OF_A_RUN).records
        entries = [record.event_log_entry for record in records]
        problems = [
            problem
            for entry in entries
            if entry.dagster_event_type == Event.ASSET_CHECK_EVALUATION
            for problem in self._judge(entry)
        ]
        failed = end.dagster_event_type == Event.RUN_FAILURE
        if not failed or run.tags.get(WILL_RETRY) == "true":
            return problems
        for failure in failures_of(self._account, run, entries, end):
            if failure.slot in self.slots:
                verb = "could not be checked" if ":" in failure.slot else "failed"
                sentence, link = in_one_line(failure.reason), self._link_of_run(run, failure.step)
                problems.append(Problem(failure.slot, verb, sentence, failure.at, link))
        return problems

    def _failing_checks(self) -> Iterator[Problem]:
        """The checks that do not pass now. It costs more, the longer the history is."""
        for key in self.checks:
            record = self.instance.get_latest_asset_check_evaluation_record(key)
            if record and record.event:
                yield from self._judge(record.event)

    def _judge(self, entry: dg.EventLogEntry) -> Iterator[Problem]:
        """Note that a check passed, or give the problem that it found."""
        event = entry.dagster_event
        if event is None or event.event_type != Event.ASSET_CHECK_EVALUATION:
            return  # it was planned, and has not been evaluated yet
        found = event.asset_check_evaluation_data
        name, slot = found.asset_key.to_user_string(), slot_of(found.asset_check_key)
        if found.passed:
            self._note(slot, entry.timestamp)
        elif slot in self.slots and not self._is_told_as_stale(found):
            warns = found.severity == dg.AssetCheckSeverity.WARN
            check = f"the check {found.check_name}"
            yield Problem(
                slot,
                f"got a warning from {check}" if warns else f"did not pass {check}",
                in_one_line((found.description or "it says no more.").removeprefix(f"{name}: ")),
                entry.timestamp,
                f"{self._link(name)}?view=checks&checkDetail={found.check_name}",
            )

    def _is_told_as_stale(self, found: dg.AssetCheckEvaluation) -> bool:
        name = found.asset_key.to_user_string()
        return found.check_name == FRESHNESS_CHECK and name in self.windows

    def _note(self, slot: str, at: float) -> None:
        if slot in self.slots:
            self.position.well[slot] = max(at, self.position.well.get(slot, 0))

    def _materialized(self) -> Iterator[tuple[str, float]]:
        """The time of each asset's last materialization."""
        for record in self.instance.get_asset_records([*self.assets]):
            entry = record.asset_entry
            if entry.last_materialization:
                yield entry.asset_key.to_user_string(), entry.last_materialization.timestamp

    def _old_runs_deleted(self) -> Iterator[tuple[str, float]]:
        """The time of the last success of the job that deletes old runs."""
        succeeded = dg.RunsFilter(job_name=JOB_OF_RETENTION, statuses=[dg.DagsterRunStatus.SUCCESS])
        for record in self.instance.get_run_records(succeeded, limit=1):
            yield JOB_OF_RETENTION, record.end_time or record.create_timestamp.timestamp()

    def _windows(self) -> Iterator[tuple[str, float]]:
        """The seconds after which an asset is stale: `freshness.window_of`, in its policy."""
        for key, definition in self.assets.items():
            # only a policy by time has a window
            window = getattr(definition.specs_by_key[key].freshness_policy, "fail_window", None)
            if window is not None:
                yield key.to_user_string(), window.to_timedelta().total_seconds()

    def _may_be_skipped(self, slot: str) -> bool:
        """Whether an asset need not be materialized by a run of it that succeeds."""
        key = dg.AssetKey.from_user_string(slot)
        return self.assets[key].specs_by_key[key].skippable

    def _upstream_of(self, slot: str) -> set[str]:
        graph, key = self.repository.asset_graph, dg.AssetKey.from_user_string(slot)
        return {above.to_user_string() for above in graph.get_ancestor_asset_keys(key)}

    def _link_of_run(self, run: dg.DagsterRun, step: str | None) -> str:
        """The page of a run, with the log of one step if there is one to look at."""
        query = f"?{urlencode({'selection': step, 'logs': f'step:{step}'})}" if step else ""
        return f"{self.url}/runs/{run.run_id}{query}"

    def _link(self, name: str) -> str:
        return f"{self.url}/assets/{name}"
