"""The actions that the tests of vendors share: sync, materialize, search what was written."""

from __future__ import annotations

import gzip
import io
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pyarrow.parquet as pq
import pytest

from email_assets.account import configured_account
from email_assets.sync.listing import open_listing
from email_assets.sync.pipeline import sync
from email_assets.sync.report import SyncReport
from email_assets.sync.span import Span
from email_assets.warehouse.destination import open_pipeline
from email_assets_tests import programs
from email_assets_tests.conftest import PROJECT
from email_assets_tests.dagster_fixtures import new_home

EVERYTHING = Span(full_refresh=True)
MATERIALIZATION = dg.DagsterEventType.ASSET_MATERIALIZATION
EVALUATION = dg.DagsterEventType.ASSET_CHECK_EVALUATION


def load(
    name: str,
    span: Span | None = None,
    waits: list[float] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> SyncReport:
    """Sync a resource, and tell what the sync did."""
    sleep = ([] if waits is None else waits).append
    with open_pipeline(configured_account().warehouse, name) as pipeline:
        return sync(
            configured_account(),
            pipeline,
            name,
            say=say,
            sleep=sleep,
            span=span or Span(),
        ).report


def backfill(start: str, end: str) -> Span:
    """The span of a backfill of some days."""
    return Span.parse(False, start, end)


@dataclass
class Traces:
    """Everything that syncs of some resources left."""

    reports: dict[str, SyncReport]
    """By resource."""
    written: bytes
    """The bytes that they wrote to disk on their way."""
    said: str
    """The lines that were logged at DEBUG."""


def synced_in_sight(names: Sequence[str], folder: Path) -> Traces:
    """Sync resources, and keep all that they write and say.

    Of resources with fields that are never loaded, that includes what dlt extracts and, once it is
    normalized, deletes.

    Args:
        names: The resources.
        folder: Where the warehouse is.
    """
    reports: dict[str, SyncReport] = {}
    written = b""
    with _heard() as said:
        for name in names:
            if "never_load" in configured_account().resources[name]:
                with open_pipeline(configured_account().warehouse, name) as pipeline:
                    listing = open_listing(
                        configured_account(), name, say=lambda _: None, sleep=lambda _: None
                    )
                    with listing.session:
                        pipeline.extract(listing.source)
                    written += contents_of(Path(pipeline.working_dir))
            with open_pipeline(configured_account().warehouse, name) as pipeline:
                reports[name] = sync(
                    configured_account(),
                    pipeline,
                    name,
                    say=logging.getLogger("said").info,
                    sleep=lambda _: None,
                ).report
                written += contents_of(Path(pipeline.working_dir))
    return Traces(reports, written + contents_of(folder), said.getvalue())


@contextmanager
def _heard() -> Iterator[io.StringIO]:
    """All that is logged while the block lasts, at DEBUG."""
    said = io.StringIO()
    handler, root = logging.StreamHandler(said), logging.getLogger()
    level = root.level
    root.setLevel(logging.DEBUG)
    loggers = root, logging.getLogger("dlt")  # which does not hand its records up
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield said
    finally:
        for logger in loggers:
            logger.removeHandler(handler)
        root.setLevel(level)


def contents_of(folder: Path) -> bytes:
    """The contents of every file below a folder, as they are and decompressed."""
    return b"\n".join(_contents(folder))


def _contents(folder: Path) -> Iterator[bytes]:
    for file in folder.rglob("*"):
        if not file.is_file():
            continue
        content = file.read_bytes()
        yield content
        if content[:2] == b"\x1f\x8b":
            yield gzip.decompress(content)
        if file.suffix == ".parquet":
            yield repr(pq.read_table(file).to_pylist()).encode()


@dataclass
class CommandRun:
    """A finished `dagster asset materialize`."""

    status: int | None
    said: str
    materialized: set[str]
    passed: set[tuple[str, str]]
    """Checks that passed, by the name of their asset and their own."""


def materialize_by_command(
    folder: Path, config: str, secrets: str, monkeypatch: pytest.MonkeyPatch
) -> CommandRun:
    """Materialize everything by command, in a project of its own, and let dlt log all it can.

    The warehouse is `warehouse.duckdb` in the folder.
    """
    project = folder / "project"
    (project / ".dlt").mkdir(parents=True)
    (project / ".dlt" / "config.toml").write_text(config)
    (project / ".dlt" / "secrets.toml").write_text(secrets)
    home = new_home(folder / "home")
    environment = {
        "DLT_PROJECT_DIR": str(project),
        "DESTINATION__DUCKDB__CREDENTIALS": str(folder / "warehouse.duckdb"),
        "RUNTIME__LOG_LEVEL": "DEBUG",
    }
    run = programs.run(
        *("dagster", "asset", "materialize", "--select", "*", "-m", "email_assets.definitions"),
        home=home,
        cwd=PROJECT,
        env=environment,
    )
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    with dg.DagsterInstance.get() as instance:
        (only,) = instance.get_runs()
        events = [log.dagster_event for log in instance.all_logs(only.run_id) if log.dagster_event]
    materialized = {str(event.step_key) for event in events if event.event_type is MATERIALIZATION}
    checks = [
        event.asset_check_evaluation_data for event in events if event.event_type is EVALUATION
    ]
    passed = {
        (found.asset_key.to_user_string(), found.check_name) for found in checks if found.passed
    }
    return CommandRun(run.status, run.said, materialized, passed)
