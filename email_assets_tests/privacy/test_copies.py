"""The copies for readers hold nobody longer than the warehouse does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from email_assets.account.every import configured_accounts
from email_assets.cli import main
from email_assets.clock import now
from email_assets.defs.build import build_all
from email_assets.sandbox import Sandbox
from email_assets_tests.dagster_fixtures import instance
from email_assets_tests.privacy.privacy_fixtures import SALT
from email_assets_tests.warehouses import load

pytestmark = pytest.mark.slow

__all__ = ["instance"]

ANN = "ann.miller@example.org"


@pytest.fixture
def copies(api: Sandbox, warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of all files of a warehouse, with both copies, from which Ann is to go."""
    monkeypatch.setenv("WAREHOUSE__READ_COPY", "true")
    monkeypatch.setenv("WAREHOUSE__READ_PARQUET", "true")
    sent_at = (now() - timedelta(days=40)).isoformat()
    api.replace("messages", [{"id": "a", "sent_at": sent_at, "recipients": [{"email": ANN}]}])
    return warehouse.parent


def naming_ann(folder: Path) -> set[str]:
    return {
        file.name
        for pattern in ("*.read.duckdb", "*.read/**/*.parquet")
        for file in folder.glob(pattern)
        if ANN.encode() in file.read_bytes()
    }


BOTH = {"warehouse.read.duckdb", "messages__recipients.parquet"}


def test_who_is_forgotten_is_gone_from_them(copies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVACY__SALT", SALT)
    load("messages")
    assert naming_ann(copies) == BOTH

    assert main(["forget", ANN]) == 0

    assert naming_ann(copies) == set()


def test_rows_that_are_too_old_are_gone_from_them(
    copies: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    load("messages")
    assert naming_ann(copies) == BOTH
    monkeypatch.setenv("PRIVACY__KEEP_DAYS", '{"messages": 30}')

    job = build_all(configured_accounts()).resolve_job_def("email_retention")
    assert job.execute_in_process(instance=instance).success

    assert naming_ann(copies) == set()
