"""Imports run downwards only: who may know whom."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from functools import cache

import pytest

import email_assets

ABOVE_THE_LINE = {
    *("definitions", "sensors", "schedules", "checks", "assets", "quickstart"),
    *("api_asset", "catalog", "figures", "deliverability_assets"),
    *("retention", "lost_runs", "alerts", "history", "failures", "runs"),
}
NEIGHBOURS = ["vendors", "api", "sandbox"]
IMPORT_IN_TURN = """
import importlib, json, sys
known = {}
for module in sys.argv[1:]:
    importlib.import_module(module)
    known[module] = [name for name in sys.modules if name.startswith(("dagster", "email_assets"))]
print(json.dumps(known))
"""


def modules_below_the_line() -> list[str]:
    """Every module of the package that must not know Dagster."""
    return [
        module.name
        for module in pkgutil.walk_packages(email_assets.__path__, "email_assets.")
        if module.name.split(".")[1] not in ABOVE_THE_LINE and not module.name.endswith("__main__")
    ]


@cache
def known_after_importing(*modules: str) -> dict[str, list[str]]:
    """Which modules of ours and of Dagster a fresh process knows after each import, in turn."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_IN_TURN, *modules], capture_output=True, check=True, text=True
    )
    known: dict[str, list[str]] = json.loads(done.stdout)
    return known


@pytest.mark.parametrize("module", modules_below_the_line())
def test_nothing_below_the_line_imports_dagster(module: str) -> None:
    known = known_after_importing(*modules_below_the_line())[module]

    assert [name for name in known if name.startswith("dagster")] == []


@pytest.mark.parametrize("room", NEIGHBOURS)
def test_vendors_api_and_sandbox_do_not_know_each_other(room: str) -> None:
    modules = [name for name in modules_below_the_line() if name.split(".")[1] == room]
    others = tuple(f"email_assets.{other}" for other in NEIGHBOURS if other != room)

    known = known_after_importing(*modules)[modules[-1]]

    assert [name for name in known if name.startswith(others)] == []


def test_the_sandbox_stands_alone() -> None:
    modules = [name for name in modules_below_the_line() if name.split(".")[1] == "sandbox"]

    known = known_after_importing(*modules)[modules[-1]]

    assert set(known) == {"email_assets", *modules}
