"""Asset checks of a warehouse that cannot be read."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from email_assets_tests.dagster_fixtures import instance
from email_assets_tests.defs.check_runs import ask, report_sync

__all__ = ["instance"]


HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"


@pytest.fixture
def held(warehouse: Path) -> Iterator[int]:
    """The PID of another program that has the warehouse open."""
    arguments = [sys.executable, "-c", HOLD, str(warehouse)]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        yield holder.pid
        holder.communicate("\n", timeout=60)


class TestAWarehouseThatCannotBeRead:
    @pytest.mark.parametrize("check", ["primary_key", "complete"])
    def test_rubbish_in_place_of_the_file_fails_the_check_with_a_sentence(
        self, check: str, warehouse: Path, instance: dg.DagsterInstance
    ) -> None:
        report_sync(instance)
        warehouse.write_bytes(b"rubbish" * 1000)

        result = ask(instance, check)

        assert not result.passed
        sentence = str(result.description)
        assert sentence.startswith("bounces: the warehouse cannot be ")
        assert "is not a valid DuckDB database file" in sentence
        assert "\n" not in sentence

    @pytest.mark.parametrize("check", ["primary_key", "complete"])
    def test_a_file_that_cannot_be_a_warehouse_fails_the_check_with_the_remedy(
        self,
        check: str,
        tmp_path: Path,
        instance: dg.DagsterInstance,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        report_sync(instance)
        monkeypatch.setenv("DESTINATION__DUCKDB__CREDENTIALS", str(tmp_path / "email.duckdb"))

        result = ask(instance, check)

        assert not result.passed
        assert str(result.description).startswith(
            "The DuckDB file email.duckdb has the name of its dataset email"
        )

    @pytest.mark.parametrize("check", ["primary_key", "complete"])
    def test_a_program_that_holds_the_file_is_named(
        self,
        check: str,
        held: int,
        instance: dg.DagsterInstance,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        report_sync(instance)
        monkeypatch.setenv("WAREHOUSE__LOCK_TIMEOUT", "0")

        result = ask(instance, check)

        assert not result.passed
        assert f"(PID {held}) kept warehouse.duckdb open for 0 s" in str(result.description)
