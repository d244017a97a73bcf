"""`pyproject.toml` declares what the code imports."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from importlib.metadata import distribution, requires
from pathlib import Path

import pytest

from email_assets_tests.conftest import PROJECT
from email_assets_tests.source_files import tree_of

OF_SERVERS = {"celery", "dagster_celery", "psycopg2"}
"""Imported where runs are spread over servers, and by tests that are skipped elsewhere."""
OPTIONAL = {"dagster_embedded_elt", "dagster_webserver"}
"""Imported where they are there."""


@cache
def _imported(folder: Path) -> frozenset[str]:
    """The packages that the modules of a folder import, but for Python's own and ours."""
    found = set[str]()
    for file in folder.rglob("*.py"):
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found.add(str(node.module))
    packages = {name.partition(".")[0] for name in found}
    return frozenset(packages - sys.stdlib_module_names - {"email_assets", "email_assets_tests"})


def _declared(*extras: str) -> dict[str, set[str]]:
    """The distributions that are required, by everybody or with an extra, and their packages."""
    names = set[str]()
    for requirement in requires("email_assets") or []:
        extra = re.search(r"extra == ['\"](\w+)['\"]", requirement)
        if extra is None or extra[1] in extras:
            names.add(re.split(r"[^\w.-]", requirement)[0])
    files = {name: distribution(name).files or [] for name in names - {"email-assets"}}
    return {
        name: {file.parts[0].removesuffix(".py") for file in of if file.suffix == ".py"}
        for name, of in files.items()
    }


def _packages(declared: dict[str, set[str]]) -> set[str]:
    return set[str]().union(*declared.values())


@pytest.mark.slow
def test_what_the_package_imports_is_required() -> None:
    imported = _imported(PROJECT / "email_assets")

    assert len(imported) > 10
    assert imported - OPTIONAL - OF_SERVERS - _packages(_declared()) == set()


def test_what_the_package_imports_where_it_is_there_is_in_an_extra() -> None:
    assert _packages(_declared("platform")) >= OPTIONAL


def test_what_is_imported_where_runs_are_spread_over_servers_is_in_an_extra() -> None:
    extras = "".join(line for line in requires("email_assets") or [] if "extra ==" in line)

    assert [name for name in OF_SERVERS if name.replace("_", "-") not in extras] == []


@pytest.mark.slow
def test_what_the_tests_import_is_in_the_extra_of_developers() -> None:
    tested = _imported(PROJECT / "email_assets_tests") - OF_SERVERS

    assert tested - _packages(_declared("platform", "dev")) == set()


def test_what_is_required_is_imported() -> None:
    imported = _imported(PROJECT / "email_assets")

    assert [name for name, of in _declared().items() if imported.isdisjoint(of)] == []
