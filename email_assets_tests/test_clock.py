"""The one clock of product and tests, and the parts of the environment that tests do not see."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from email_assets.clock import now
from email_assets.settings import alerting, sections, warehouse
from email_assets.settings.resolve import Section
from email_assets_tests.clock import beginning_at
from email_assets_tests.conftest import PROJECT, sets_something_of_ours
from email_assets_tests.source_files import tree_of

READS_THE_CLOCK = {
    ("datetime", "now"),
    ("datetime", "today"),
    ("datetime", "utcnow"),
    ("date", "today"),
    ("pendulum", "now"),
    ("time", "time"),
    ("time", "time_ns"),
    ("time", "localtime"),
    ("time", "gmtime"),
}
CLOCK = PROJECT / "email_assets" / "clock.py"
FILES = [
    file
    for package in ("email_assets", "email_assets_tests")
    for file in sorted((PROJECT / package).rglob("*.py"))
    if file != CLOCK
]
SHOW = """
import logging, sys
import dagster._time
from email_assets.clock import now
record = logging.getLogger("any").makeRecord("any", logging.INFO, "", 0, "", (), None)
print(now().isoformat(), dagster._time.get_current_datetime().isoformat())
print(dagster._time.get_current_timestamp(), record.created)
"""


def _reads_of(tree: ast.AST) -> list[str]:
    """The places of a module that read the computer's clock."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            of = node.value
            owner = of.attr if isinstance(of, ast.Attribute) else getattr(of, "id", "")
            if (owner, node.attr) in READS_THE_CLOCK:
                found.append(f"{owner}.{node.attr} in line {node.lineno}")
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            found += [f"time.{name.name}" for name in node.names if name.name != "monotonic"]
    return found


@pytest.mark.slow
def test_nothing_but_the_clock_reads_the_time() -> None:
    found = {file: _reads_of(tree_of(file)) for file in FILES}

    assert {file: reads for file, reads in found.items() if reads} == {}


@pytest.mark.slow
def test_another_process_goes_by_the_clock_of_the_tests() -> None:
    """Product, Dagster and Dagster's events alike."""
    ahead = timedelta(days=400)
    before = now()

    shown = subprocess.run(
        [sys.executable, "-c", SHOW],
        env={**os.environ, **beginning_at((before + ahead).isoformat())},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout

    first, second = shown.splitlines()
    moments = [datetime.fromisoformat(text) for text in first.split()]
    moments += [datetime.fromtimestamp(float(text), before.tzinfo) for text in second.split()]
    assert all(before + ahead <= moment <= now() + ahead for moment in moments), moments


@pytest.mark.parametrize(
    "name",
    [
        *(
            "__".join((*spec.sections, field)).upper()
            for module in (alerting, sections, warehouse)
            for spec in vars(module).values()
            if isinstance(spec, type) and issubclass(spec, Section) and spec.sections
            for field in spec.get_resolvable_fields()
        ),
        "API_KEY",
        "SOURCES__EMAIL__POSTMARK__ACCOUNT_TOKEN",
        "ALERTS__WEBHOOK_URL",
        "NORMALIZE__WORKERS",
        "DLT_DATA_DIR",
        "DAGSTER_HOME",
        "DAGSTER_COMPUTE_LOG_TAIL_WAIT_AFTER_FINISH",
        "PGPASSWORD",
        "https_proxy",
        "HTTP_PROXY",
        "REQUESTS_CA_BUNDLE",
    ],
)
def test_a_setting_in_the_developers_environment_is_not_seen(name: str) -> None:
    assert sets_something_of_ours(name)


@pytest.mark.parametrize("name", ["PATH", "HOME", "TZ", "LC_ALL", "TMPDIR", "_", "__CF_ENCODING"])
def test_what_any_program_may_need_is_left(name: str) -> None:
    assert not sets_something_of_ours(name)
