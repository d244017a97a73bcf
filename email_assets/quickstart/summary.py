"""Shows what a run did: a line for each asset, and what failed or wants to be looked at."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from email_assets.account.every import configured_accounts
from email_assets.deliverability.selection import with_derived_assets
from email_assets.redaction import redact
from email_assets.vendors.resource import DAILY

if TYPE_CHECKING:
    # importing it takes longer than everything else here
    import dagster as dg


@dataclass
class AssetLine:
    """The line of one asset in the table that `make run` prints."""

    figures: dict[str, Any] = field(default_factory=dict)
    signs: dict[str, str] = field(default_factory=dict)
    """The outcome of each check: ✓ it passed, ! it warns, ✗ it failed."""


@dataclass
class Run:
    """The events of a run, by asset, and the sentences to print below the table."""

    assets: dict[str, AssetLine] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    concerns: list[str] = field(default_factory=list)
    """Sentences of checks about the account, while all is well with the run."""

    def line(self, asset: str) -> AssetLine:
        """The asset's line, which begins with the first event that names it."""
        return self.assets.setdefault(asset, AssetLine())


def run_of(processes: Container[int], started: datetime) -> Run | None:
    """The run of some processes of the command line, or None if it came to nothing.

    Args:
        processes: Their ids.
        started: A moment before the first of them.
    """
    import dagster as dg

    from email_assets.defs.alerts.failures import reason_of
    from email_assets.defs.names import SETTINGS, op_of

    with dg.DagsterInstance.get() as instance:
        runs = _runs_of(instance, processes, started)
        if not runs:
            return None
        run, titles = Run(), {}
        for account in configured_accounts():
            for name in [*with_derived_assets(account, account.resources), SETTINGS]:
                titles[op_of(account, name)] = account.title_of(name)
        for entry in (entry for of in runs for entry in instance.all_logs(of.run_id)):
            event = entry.dagster_event
            if event is None:
                continue
            if event.is_step_materialization and event.asset_key:
                metadata = event.materialization.metadata.items()
                line = run.line(event.asset_key.to_user_string())
                line.figures = {name: value.value for name, value in metadata}
            elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
                found = event.asset_check_evaluation_data
                asset = found.asset_key.to_user_string()
                is_of_concern = found.severity is dg.AssetCheckSeverity.WARN
                sign = "✓" if found.passed else "!" if is_of_concern else "✗"
                run.line(asset).signs[found.check_name] = sign
                if not found.passed:
                    told = run.concerns if is_of_concern else run.problems
                    told.append(f"{sign} {found.check_name}: {found.description}")
            elif event.is_step_failure and event.step_key in titles:
                title = titles[event.step_key]
                run.line(title)
                run.problems.append(f"{title}: {reason_of(event)}")
        return run


def cancel_runs_of(process: int, started: datetime) -> None:
    """Mark the runs as canceled of a process of the command line that is gone."""
    import dagster as dg

    with dg.DagsterInstance.get() as instance:
        for run in _runs_of(instance, [process], started):
            if not run.is_finished:
                instance.report_run_canceled(run, "Stopped in the terminal where it was started.")


def _runs_of(
    instance: dg.DagsterInstance, processes: Container[int], started: datetime
) -> list[dg.DagsterRun]:
    import dagster as dg

    def is_theirs(run: dg.DagsterRun) -> bool:
        if run.remote_job_origin:
            return False  # of the UI, a schedule or a sensor, which may be another host's
        events = (entry.dagster_event for entry in instance.all_logs(run.run_id))
        return any(event and event.pid in processes for event in events)

    records = instance.get_run_records(dg.RunsFilter(created_after=started))
    return [found.dagster_run for found in records if is_theirs(found.dagster_run)]


def show(run: Run, is_sandbox: bool) -> None:
    """Print the table of assets, and the sentences of what is not well."""
    _print_table(run)
    if told := [*run.problems, *run.concerns]:
        print(redact("\n".join(["", *told])))
    if is_sandbox and not run.problems and _warns_of_mail(run):
        print("The run is fine: mail of the sandbox's made-up account fares like that.")


def _print_table(run: Run) -> None:
    width = max(map(len, ["asset", *run.assets]))
    print(f"\n  {'asset':<{width}}{'rows':>9}{'loaded':>9}{'requests':>10}{'seconds':>9}  checks")
    for name, line in sorted(run.assets.items()):
        if line.figures:
            counts = ("dagster/row_count", "rows_loaded", "requests")
            # what is made of other assets loads nothing
            rows, loaded, requests = (line.figures.get(key, "") for key in counts)
            told = f"{rows:>9}{loaded:>9}{requests:>10}{line.figures['seconds']:>9.1f}"
        else:
            told = f"{'failed':>9}{'':>28}"
        print(f"  {name:<{width}}{told}  {_verdicts(line.signs)}".rstrip())


def _warns_of_mail(run: Run) -> bool:
    return DAILY in run.assets and "!" in run.assets[DAILY].signs.values()


def _verdicts(signs: dict[str, str]) -> str:
    """The number of checks that passed, and the names of those that did not."""
    passed = sum(sign == "✓" for sign in signs.values())
    others = [f"{sign} {check}" for check, sign in sorted(signs.items()) if sign != "✓"]
    return "  ".join([f"✓ {passed} of {len(signs)}"] * bool(passed) + others)
