"""`make run` and `make ui`: the platform on your API, or on the sandbox while there is none."""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from dlt.common.known_env import DLT_PROJECT_DIR

from email_assets.account import Account, configured_accounts
from email_assets.clock import now
from email_assets.deliverability.selection import with_derived_assets
from email_assets.errors import EmailAssetsError
from email_assets.sandbox import Sandbox
from email_assets.settings import resolve
from email_assets.vendors.resource import DAILY
from email_assets.warehouse.destination import database_file, warehouse_client

PACKAGE = Path(__file__).parent
DAGSTER = [sys.executable, "-m", "dagster"]
SANDBOX_MESSAGES = 5000
MESSAGES_A_MINUTE = 6.0

QUIET = ",".join(
    f"ignore:{message}"
    for message in (
        # Dagster names `dg launch` and `dg dev` as successors of the commands used here, and
        # marks as beta what its own command line calls: nothing that a user could act on
        "Function `asset_materialize_command` is superseded",
        "Function `dev_command` is superseded",
        "Parameter `include_sources` of function `AssetSelection.all`",
    )
)


@dataclass
class AssetLine:
    """The line of one asset in the table that `make run` prints."""

    figures: dict[str, Any] = field(default_factory=dict)
    signs: dict[str, str] = field(default_factory=dict)
    """What became of each check: ✓ it passed, ! it warns, ✗ it failed."""


@dataclass
class Run:
    """The events of a run, by asset, and the sentences to print below the table."""

    assets: dict[str, AssetLine] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    concerns: list[str] = field(default_factory=list)
    """What checks say of the account, while all is well with the run."""

    def line(self, asset: str) -> AssetLine:
        """The asset's line, which begins with the first event that names it."""
        return self.assets.setdefault(asset, AssetLine())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name, and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m email_assets.quickstart", description=__doc__)
    parser.add_argument("command", choices=["run", "ui"], help="load the assets, or open the UI")
    parser.add_argument("--port", type=int, default=3000, help="the UI's port (default: 3000)")
    options = parser.parse_args(arguments)
    # a shell that starts make in the background lets its children ignore SIGINT
    for asked_to_stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked_to_stop, signal.default_int_handler)
    try:
        return _command(options)
    except EmailAssetsError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. What was loaded before is untouched.", file=sys.stderr)
        return 130


def _command(options: argparse.Namespace) -> int:
    if options.command == "ui" and _is_taken(options.port):
        raise EmailAssetsError(
            f"Port {options.port} is in use. Stop what uses it, or take another: "
            f"make ui PORT={options.port + 1}."
        )
    place = _choose_folders()
    # new messages arrive while somebody watches, so that a second sync finds something
    rate = MESSAGES_A_MINUTE if options.command == "ui" else 0.0
    with _api(rate, place) as (description, remark, environment):
        print(description, flush=True)
        if options.command == "run":
            return _run(environment, remark)
        return _ui(environment, options.port)


def _is_taken(port: int) -> bool:
    """Whether another program listens on a port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _choose_folders() -> str:
    """Say where data and history go, for this process and its children alike.

    Returns the folder of the data, with what chose it.
    """
    place, chosen_by = resolve.data_folder()
    if "DAGSTER_HOME" not in os.environ:
        home = place / ".dagster"
        home.mkdir(exist_ok=True)
        if not (home / "dagster.yaml").exists():
            shutil.copy(PACKAGE / "dagster.yaml", home)
        os.environ["DAGSTER_HOME"] = str(home)
        # else a child would take the home that it is given for what chooses the data's folder
        os.environ.setdefault(DLT_PROJECT_DIR, str(resolve.project_file(".")))
    return f"{place} ({chosen_by})"


@contextmanager
def _api(rate: float, place: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """The configured API, or the sandbox for as long as the command runs.

    What it is, what to say when a check finds something to look at, and the environment to use it.
    """
    environment = {**os.environ, "PYTHONWARNINGS": QUIET}
    accounts = configured_accounts()
    if any(account.is_configured for account in accounts):
        description = "\n".join(map(_described, accounts))
        yield f"{description}\nFiles without a setting of their own go to {place}.", "", environment
        return
    # the sandbox's customers must never end up between real ones, nor its runs in their history
    folder = Path(environment["DAGSTER_HOME"]) / "sandbox"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(PACKAGE / "dagster.yaml", folder)
    with Sandbox(messages=SANDBOX_MESSAGES, rate=rate) as sandbox:
        yield (
            f"The bundled sandbox API: {sandbox.base_url}. To load your own, set API_KEY and "
            f"SOURCES__EMAIL__BASE_URL.\nIts files go to {folder}.",
            "The run is fine: mail of the sandbox's made-up account bounces that often.",
            environment
            | {
                "API_KEY": sandbox.api_key,
                "SOURCES__EMAIL__BASE_URL": sandbox.base_url,
                "WAREHOUSE__DESTINATION_TYPE": "duckdb",
                "WAREHOUSE__DATASET_NAME": "email",
                "DESTINATION__DUCKDB__CREDENTIALS": str(folder / "warehouse.duckdb"),
                "DAGSTER_HOME": str(folder),
            },
        )


def _described(account: Account) -> str:
    api = account.api
    where = api.base_url or ("no base_url is set yet" if api.vendor == "generic" else "")
    whose = f"Your account {account.name}" if account.name else "Your API"
    return f"{whose}: {' '.join(filter(None, (api.vendor, where)))}"


def _run(environment: dict[str, str], remark: str) -> int:
    started, began = now(), time.monotonic()
    command = ["asset", "materialize", "--select", "*", "-m", "email_assets.definitions"]
    status = subprocess.run(
        [*DAGSTER, *command], env=environment, cwd=resolve.project_file("."), check=False
    ).returncode
    # what follows looks at the same history and warehouse as the command did
    os.environ.update(environment)
    run = _run_since(started)
    if run is None:
        return status or 1
    _print_table(run)
    seconds = time.monotonic() - began
    if told := [*run.problems, *run.concerns]:
        print("\n".join(["", *told]))
    if remark and not run.problems and _warns_of_bounces(run):
        print(remark)
    if status:
        print(f"\nFailed after {seconds:.0f} s.")
        return status
    print(f"\nLoaded {len(run.assets)} assets in {seconds:.0f} s. Next:")
    ui = "make ui" if resolve.is_checkout() else "email-assets ui"
    print(f"  {ui}      # the graph, the checks and every figure over time")
    first, accounts = next(iter(run.assets)), configured_accounts()
    *prefix, asset = first.split("/")
    account = next(one for one in accounts if [*one.key_prefix] == prefix)
    warehouse = account.warehouse
    if warehouse.destination_type == "duckdb":
        file = os.path.relpath(str(database_file(warehouse_client(warehouse, asset))))
        python = ".venv/bin/python" if resolve.is_checkout() else sys.executable
        print(
            f"  {python} -c \"import duckdb; duckdb.connect('{file}', read_only=True)"
            f".sql('FROM {warehouse.dataset_name}.{asset} LIMIT 5').show()\""
        )
    return 0


def _run_since(started: datetime) -> Run | None:
    """The run that the command line began since then, or None if it came to none."""
    # not at the top: importing it takes longer than everything else here
    import dagster as dg

    from email_assets.defs.alerts.failures import reason_of
    from email_assets.defs.names import op_of

    with dg.DagsterInstance.get() as instance:
        records = instance.get_run_records(dg.RunsFilter(created_after=started))
        # a run of the UI, a schedule or a sensor knows its code location
        runs = [found.dagster_run for found in records if not found.dagster_run.remote_job_origin]
        if not runs:
            return None
        run, titles = Run(), {}
        for account in configured_accounts():
            for name in with_derived_assets(account, account.resources):
                titles[op_of(account, name)] = account.title_of(name)
        for entry in instance.all_logs(runs[0].run_id):
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


def _warns_of_bounces(run: Run) -> bool:
    return DAILY in run.assets and run.assets[DAILY].signs.get("bounce_rate") == "!"


def _verdicts(signs: dict[str, str]) -> str:
    """The number of checks that passed, and the names of those that did not."""
    passed = sum(sign == "✓" for sign in signs.values())
    others = [f"{sign} {check}" for check, sign in sorted(signs.items()) if sign != "✓"]
    return "  ".join([f"✓ {passed} of {len(signs)}"] * bool(passed) + others)


def _ui(environment: dict[str, str], port: int) -> int:
    address = ["--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(
        [*DAGSTER, "dev", "--workspace", PACKAGE / "workspace.yaml", *address],
        env=environment,
        cwd=resolve.project_file("."),
    )
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        process.wait()
        return 0


if __name__ == "__main__":
    sys.exit(main())
