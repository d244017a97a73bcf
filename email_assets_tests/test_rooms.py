"""Imports run downwards only: which room may know which."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from email_assets_tests.conftest import PROJECT
from email_assets_tests.source_files import tree_of

PACKAGE = PROJECT / "email_assets"
GROUND = {
    "clock",
    "database_errors",
    "dlt_columns",
    "errors",
    "redaction",
    "logs",
    "sentences",
    "instants",
    "normalizer",
}
MAY_KNOW = {
    "defs": {
        *("alerts", "deliverability", "sync", "privacy", "warehouse", "vendors", "account", "api"),
    },
    "sync": {"api", "privacy", "warehouse", "vendors", "account"},
    "privacy": {"warehouse", "account"},
    "deliverability": {"warehouse", "vendors", "account"},
    "alerts": set[str](),
    "warehouse": {"account"},
    "vendors": set[str](),
    "openapi": set[str](),
    "account": {"vendors"},
    "api": set[str](),
    "settings": set[str](),
    "sandbox": set[str](),
    "quickstart": {"defs", "deliverability", "warehouse", "vendors", "account", "sandbox"},
}
"""The rooms that each room may import from, besides itself; all know the ground, of which
the sandbox knows the clock alone."""
ON_THE_GROUND = {"api", "settings", "sandbox"}
ENTRY_POINTS = {
    "cli",
    "definitions",
    "check",
    "notify",
    "quickstart",
    "lost_runs",
    "component",
    "__init__",
}
DAGSTER = ("dagster", "dagster_dlt", "dagster_embedded_elt", "dagster_shared")


def _room(module: tuple[str, ...]) -> str:
    return module[0] if module else "__init__"


@cache
def _imports(file: Path) -> frozenset[str]:
    """The full names of what a file imports, wherever in it the import stands."""
    found = set[str]()
    for node in ast.walk(tree_of(file)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: an import says in full what it imports"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def _module(file: Path) -> tuple[str, ...]:
    return file.relative_to(PACKAGE).with_suffix("").parts


FILES = sorted(PACKAGE.rglob("*.py"), key=_module)
INNER = [file for file in FILES if _room(_module(file)) not in ENTRY_POINTS]
BELOW_THE_LINE = [file for file in INNER if _room(_module(file)) != "defs"]


@pytest.mark.parametrize("file", INNER, ids=lambda file: ".".join(_module(file)))
def test_a_module_knows_only_the_rooms_below_its_own(file: Path) -> None:
    room = _room(_module(file))
    ground = {"clock"} if room == "sandbox" else GROUND
    settings = set() if room in ON_THE_GROUND | GROUND else {"settings"}
    allowed = {room} | ground | settings | MAY_KNOW.get(room, set())

    ours = [name.split(".") for name in _imports(file) if name.startswith("email_assets.")]

    assert sorted({name[1] for name in ours if name[1] not in allowed}) == []


@pytest.mark.parametrize("file", BELOW_THE_LINE, ids=lambda file: ".".join(_module(file)))
def test_only_the_definitions_know_dagster(file: Path) -> None:
    assert [name for name in _imports(file) if name.split(".")[0] in DAGSTER] == []


def test_every_room_has_its_edges() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}

    assert rooms - set(MAY_KNOW) == set()


def test_no_two_rooms_know_each_other() -> None:
    """Follows the allowed edges down; a room that is met again on the way closes a circle."""

    def walk(room: str, way: tuple[str, ...]) -> None:
        assert room not in way, " → ".join((*way, room))
        for below in MAY_KNOW.get(room, set()):
            walk(below, (*way, room))

    for room in MAY_KNOW:
        walk(room, ())


def test_the_listing_shows_few_modules_beside_the_rooms() -> None:
    assert len([file for file in FILES if len(_module(file)) == 1]) <= 16
