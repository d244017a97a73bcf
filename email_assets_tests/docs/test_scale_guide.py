"""The guide to scale tells what its program works out."""

import runpy

import pytest

from email_assets_tests.conftest import PROJECT
from email_assets_tests.docs.pages import guide


@pytest.mark.slow
def test_its_tables_are_those_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(PROJECT / "benchmarks")
    fleet = runpy.run_path(str(PROJECT / "benchmarks" / "fleet.py"))

    for table in fleet["tables"](accounts=1_000, messages=100_000):
        assert table in guide("scale")
