"""`make run` and `make ui`: the platform on your API, or on the sandbox while there is none."""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from email_assets import settings
from email_assets.sandbox import Sandbox
from email_assets.settings import PROJECT_ROOT, ApiSettings

BIN = Path(sys.executable).parent
SANDBOX_FILE = "sandbox.duckdb"
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
    """What the run did for one asset."""

    rows: int | None = None
    loaded: int = 0
    requests: int = 0
    seconds: float = 0.0
    checks: dict[str, bool] = field(default_factory=dict)
    failure: str | None = None


def main() -> int:
    """Run the command that the arguments name, and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m email_assets.quickstart", description=__doc__)
    parser.add_argument("command", choices=["run", "ui"], help="load the assets, or open the UI")
    parser.add_argument("--port", type=int, default=3000, help="the UI's port (default: 3000)")
    arguments = parser.parse_args()
    os.environ.setdefault("DAGSTER_HOME", str(PROJECT_ROOT / ".dagster"))
    # new messages arrive while somebody watches, so that a second sync finds something
    rate = MESSAGES_A_MINUTE if arguments.command == "ui" else 0.0
    with _api(rate) as (description, environment):
        print(description, flush=True)
        if arguments.command == "run":
            return _run(environment)
        return _ui(environment, arguments.port)


@contextmanager
def _api(rate: float) -> Iterator[tuple[str, dict[str, str]]]:
    """The configured API, or the sandbox for as long as the command runs."""
    environment = {**os.environ, "PYTHONWARNINGS": QUIET}
    address = settings.load(ApiSettings).base_url
    if address or settings.secret("api_key"):
        yield f"Your API: {address or 'no base_url is set yet'}", environment
        return
    with Sandbox(messages=SANDBOX_MESSAGES, rate=rate) as sandbox:
        environment["API_KEY"] = sandbox.api_key
        environment["SOURCES__EMAIL__BASE_URL"] = sandbox.base_url
        # the sandbox's customers must never end up between real ones
        environment.setdefault("DESTINATION__DUCKDB__CREDENTIALS", str(PROJECT_ROOT / SANDBOX_FILE))
        yield (
            f"The bundled sandbox API: {sandbox.base_url}. To load your own, set API_KEY and "
            "SOURCES__EMAIL__BASE_URL.",
            environment,
        )


def _run(environment: dict[str, str]) -> int:
    started = time.time()
    process = subprocess.run(
        [
            BIN / "dagster",
            "asset",
            "materialize",
            "--select",
            "*",
            "-m",
            "email_assets.definitions",
        ],
        env=environment,
        cwd=PROJECT_ROOT,
        check=False,
    )
    lines = _lines_of_run_after(started)
    if not lines:
        return process.returncode or 1
    _print_table(lines)
    failures = [line.failure for line in lines.values() if line.failure]
    seconds = time.time() - started
    if process.returncode or failures:
        print("\n".join(["", *failures, f"\nFailed after {seconds:.0f} s."]))
        return process.returncode or 1
    file = environment.get("DESTINATION__DUCKDB__CREDENTIALS", "warehouse.duckdb")
    file = os.path.relpath(file, PROJECT_ROOT) if os.path.isabs(file) else file
    print(
        f"\nLoaded {len(lines)} assets in {seconds:.0f} s. Next:\n"
        "  make ui      # the graph, the checks and every figure over time\n"
        f"  .venv/bin/python -c \"import duckdb; duckdb.connect('{file}', read_only=True)"
        ".sql('SELECT type, count(*) FROM email.bounces GROUP BY type').show()\""
    )
    return 0


def _lines_of_run_after(started: float) -> dict[str, AssetLine]:
    """What the newest run's events say, asset by asset; nothing if no run was started."""
    # not at the top: it takes seconds, in which the run may as well be under way
    import dagster as dg

    from email_assets.sensors import reason_of

    lines: dict[str, AssetLine] = {}
    with dg.DagsterInstance.get() as instance:
        records = instance.get_run_records(limit=1)
        if not records or records[0].create_timestamp.timestamp() < started:
            return {}
        for entry in instance.all_logs(records[0].dagster_run.run_id):
            event = entry.dagster_event
            if event is None:
                continue
            if event.is_step_materialization and event.asset_key:
                line = lines.setdefault(event.asset_key.to_user_string(), AssetLine())
                figures: dict[str, Any] = {
                    key: value.value for key, value in event.materialization.metadata.items()
                }
                line.rows, line.loaded = figures["dagster/row_count"], figures["rows_loaded"]
                line.requests, line.seconds = figures["requests"], figures["seconds"]
            elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
                found = event.asset_check_evaluation_data
                line = lines.setdefault(found.asset_key.to_user_string(), AssetLine())
                line.checks[found.check_name] = found.passed
            elif event.is_step_failure:
                step = str(event.step_key)
                lines.setdefault(step, AssetLine()).failure = f"{step}: {reason_of(event)}"
    return lines


def _print_table(lines: dict[str, AssetLine]) -> None:
    print(f"\n  {'asset':<14}{'rows':>9}{'loaded':>9}{'requests':>10}{'seconds':>9}  checks")
    for name, line in sorted(lines.items()):
        rows = "failed" if line.rows is None else str(line.rows)
        checks = "  ".join(
            f"{'✓' if passed else '✗'} {check}" for check, passed in sorted(line.checks.items())
        )
        figures = f"{rows:>9}{line.loaded:>9}{line.requests:>10}{line.seconds:>9.1f}"
        print(f"  {name:<14}{figures}  {checks}")


def _ui(environment: dict[str, str], port: int) -> int:
    # a shell that starts make in the background lets its children ignore SIGINT, dagster included
    for asked_to_stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(asked_to_stop, signal.default_int_handler)
    process = subprocess.Popen(
        [BIN / "dagster", "dev", "--host", "127.0.0.1", "--port", str(port)],
        env=environment,
        cwd=PROJECT_ROOT,
    )
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        process.wait()
        return 0


if __name__ == "__main__":
    sys.exit(main())
