"""`email_assets.source`: a resource for anybody's dlt pipeline."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlt
import pytest

import email_assets
from email_assets.sandbox import Fault, Sandbox
from email_assets.settings.resolve import SettingError
from email_assets.sync.span import SpanError
from email_assets_tests.accounts.account_fixtures import account_settings
from email_assets_tests.conftest import KEY

Query = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def pipeline(warehouse: Path, tmp_path: Path) -> dlt.Pipeline:
    """A pipeline of somebody else's."""
    destination = dlt.destinations.duckdb(str(warehouse))
    return dlt.pipeline(
        "theirs", destination=destination, dataset_name="crm", pipelines_dir=str(tmp_path / "dlt")
    )


def quiet(_: str) -> None:
    """Say nothing."""


@pytest.mark.slow
def test_a_pipeline_of_anybody_loads_a_resource(
    api: Sandbox, pipeline: dlt.Pipeline, query: Query
) -> None:
    pipeline.run(email_assets.source("messages", say=quiet))

    assert query("SELECT count(*), count(DISTINCT id) FROM crm.messages") == [(250, 250)]
    assert query("SELECT count(*) > 0 FROM crm.messages__recipients") == [(True,)]


@pytest.mark.slow
def test_a_second_run_replaces_rows_by_their_key(
    api: Sandbox, pipeline: dlt.Pipeline, query: Query
) -> None:
    pipeline.run(email_assets.source("domains", say=quiet))
    api.change("domains", 0, name="renamed.example")

    pipeline.run(email_assets.source("domains", say=quiet))

    names = query("SELECT count(*), count(*) FILTER (name = 'renamed.example') FROM crm.domains")
    assert names == [(8, 1)]


def test_it_retries_as_the_assets_do(
    api: Sandbox, pipeline: dlt.Pipeline, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNTIME__REQUEST_BACKOFF_FACTOR", "0")
    api.set_faults("servers", Fault("status", status=503, times=2))

    pipeline.run(email_assets.source("servers", say=quiet))

    assert query("SELECT count(*) FROM crm.servers") == [(5,)]
    assert api.request_count("servers") == 3


def test_it_reads_the_account_that_is_named(
    sandbox: Sandbox, pipeline: dlt.Pipeline, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in account_settings("a", base_url=sandbox.base_url, api_key=KEY).items():
        monkeypatch.setenv(name, value)

    pipeline.run(email_assets.source("bounces", account="a", say=quiet))

    assert query("SELECT count(*) FROM crm.bounces") == [(len(sandbox.rows("bounces")),)]


@pytest.mark.slow
def test_a_source_that_was_read_leaves_no_thread_behind_while_somebody_has_it(
    api: Sandbox, pipeline: dlt.Pipeline
) -> None:
    """The interpreter may take it away in any thread, and one of its own waits for itself then."""
    before = {*threading.enumerate()}
    source = email_assets.source("messages", say=quiet)

    pipeline.extract(source)

    assert {*threading.enumerate()} - before == set()
    assert source.resources


def test_an_unknown_resource_is_refused_with_those_that_there_are(api: Sandbox) -> None:
    with pytest.raises(SettingError, match=r"no resource 'mails'; it has bounces, messages"):
        email_assets.source("mails")


def test_a_stretch_of_what_cannot_be_read_by_time_is_refused(api: Sandbox) -> None:
    with pytest.raises(SpanError, match="need to know which field holds the time"):
        email_assets.source("servers", start="2026-01-01")
