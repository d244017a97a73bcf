"""The ways to sync that are compared, each a program in an environment of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local_api import KEY, PROJECT
from peers import Environment
from scenarios import FIRST, NEW, NOTHING_NEW

SCRIPTS = Path(__file__).resolve().parent
KEPT = ("PATH", "LANG", "LC_ALL")
"""Variables that programs get from ours; the developer's settings and keys are none of them."""

BY_TIME = {
    f"SOURCES__EMAIL__{resource}__{name}": value
    for resource, cursor in (("MESSAGES", "sent_at"), ("BOUNCES", "bounced_at"))
    for name, value in (
        ("CURSOR_PATH", cursor),
        ("START_PARAM", "since"),
        ("END_PARAM", "until"),
    )
}
"""Settings with which a sync goes on where the last one left off, less a day."""


HERE = Environment(None)


@dataclass(frozen=True)
class Variant:
    """A way to sync messages and bounces.

    Attributes:
        key: Its name on the command line.
        name: Its name in tables.
        script: The program: a file beside this one or a Python module, and its arguments.
        environment: Where it runs.
        layout: How it keeps the nested list, one of `compare.RECIPIENTS`.
        settings: Environment variables beyond the usual ones.
        is_peer: Whether it is a tool that people use in our place.
        last: The last scenario that it goes through: the others would tell nothing more.
        is_once: Whether one round is enough, since no target names it.
    """

    key: str
    name: str
    script: tuple[str, ...]
    environment: Environment = HERE
    layout: str = "dlt"
    settings: Mapping[str, str] = field(default_factory=dict)
    is_peer: bool = False
    last: str = NEW
    is_once: bool = False

    @property
    def is_ours(self) -> bool:
        """True if it is `email_assets`."""
        return self.environment.name is None

    def command(self) -> list[str]:
        """The program and its arguments."""
        python, (script, *arguments) = self.environment.python, self.script
        if script.endswith(".py"):
            return [python, str(SCRIPTS / script), *arguments]
        if script.endswith(".sh"):
            return ["bash", str(SCRIPTS / script), python, *arguments]
        return [python, "-m", script, *arguments]


OURS = Variant("ours", "email_assets", ("our_pipeline.py",))
CLI = Variant(
    "cli",
    "email_assets, Dagster CLI",
    (
        *("dagster", "asset", "materialize", "--select", "messages,bounces"),
        *("-m", "email_assets.definitions"),
    ),
    is_once=True,
)
INCREMENTAL = Variant(
    "incremental", "email_assets, incremental", ("our_pipeline.py",), settings=BY_TIME
)
DLT = Variant(
    "dlt",
    "dlt",
    ("plain_dlt.py",),
    Environment("dlt"),
    is_peer=True,
    last=FIRST,  # it is the slowest by far, and reads what the one with parquet does
    is_once=True,
)
DLT_PARQUET = Variant(
    "parquet",
    "dlt, parquet",
    ("plain_dlt.py", "--parquet"),
    Environment("dlt"),
    is_peer=True,
    last=NOTHING_NEW,
)
AIRBYTE = Variant(
    "airbyte",
    "PyAirbyte",
    ("pyairbyte.py",),
    Environment("airbyte"),
    "json",
    is_peer=True,
    last=NOTHING_NEW,
)
SINGER = Variant(
    "singer",
    "Singer tap, target-duckdb",
    ("singer.sh",),
    Environment("singer"),
    "json",
    is_peer=True,
    last=FIRST,
    is_once=True,
)
BARE = Variant("bare", "bare script", ("bare_script.py",), Environment("bare"), "child table")

VARIANTS = (OURS, CLI, INCREMENTAL, DLT, DLT_PARQUET, AIRBYTE, SINGER, BARE)


def environment_of(
    variant: Variant, address: str, folder: Path, *, in_flight: int
) -> dict[str, str]:
    """The environment variables of a variant's program.

    Args:
        variant: The variant.
        address: Where the API is.
        folder: Where it may write; stays from one sync of a warehouse to the next.
        in_flight: Requests that it may have under way at once, if it can.
    """
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    (folder / "tmp").mkdir(exist_ok=True)
    known = {
        "HOME": str(folder),
        "TMPDIR": str(folder / "tmp"),
        "BENCH_URL": address,
        "BENCH_KEY": KEY,
        "BENCH_WAREHOUSE": str(warehouse_of(folder)),
        "BENCH_CONNECTIONS": str(in_flight),
        # nobody is told of it, and nobody asked
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "AIRBYTE_OFFLINE_MODE": "1",
        "DO_NOT_TRACK": "1",
    }
    ours = _settings_of_ours(address, folder, in_flight) if variant.is_ours else {}
    return {**kept, **known, **ours, **variant.settings}


def warehouse_of(folder: Path) -> Path:
    """The DuckDB file that a variant loads."""
    return folder / "warehouse.duckdb"


def _settings_of_ours(address: str, folder: Path, in_flight: int) -> dict[str, str]:
    dagster_home = folder / "dagster_home"
    if not dagster_home.exists():
        dagster_home.mkdir()
        shutil.copy(PROJECT / ".dagster" / "dagster.yaml", dagster_home)
    (folder / ".dlt").mkdir(exist_ok=True)
    return {
        "PYTHONPATH": str(PROJECT),
        "DAGSTER_HOME": str(dagster_home),
        "DLT_PROJECT_DIR": str(folder),
        "API_KEY": KEY,
        "SOURCES__EMAIL__BASE_URL": address,
        "SOURCES__EMAIL__READ_AHEAD": str(in_flight),
        "DESTINATION__DUCKDB__CREDENTIALS": str(warehouse_of(folder)),
    }
