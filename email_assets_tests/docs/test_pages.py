"""Commands and links of the README, the guides and the pages for contributors lead somewhere."""

import json
import re
import shlex
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from email_assets.cli import COMMANDS
from email_assets.definitions import defs
from email_assets_tests.conftest import PROJECT
from email_assets_tests.docs.pages import PAGES, anchors, commands, first_cells
from email_assets_tests.programs import BIN

README = PROJECT / "README.md"
OPERATIONS = PROJECT / "docs/operations.md"
"""Its commands are for a server, and have tests of their own."""
TARGETS = set(re.findall(r"^([a-z-]+):.*##", (PROJECT / "Makefile").read_text(), re.MULTILINE))
MODULES = [file.stem for file in (PROJECT / "email_assets/vendors").glob("*.py")]
VENDORS = {
    name for name in MODULES if hasattr(import_module(f"email_assets.vendors.{name}"), "VENDOR")
}
OF_EXTRAS = {"dagster-celery": "dagster_celery"}
"""The packages of programs that `make install-server` brings."""
by_name = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def test_the_readme_can_be_read_in_one_go() -> None:
    assert len(README.read_text().splitlines()) <= 150


@pytest.mark.parametrize("page", [README, PROJECT / "docs/vendors.md"], ids=lambda page: page.name)
def test_each_vendor_is_in_the_table(page: Path) -> None:
    assert set(first_cells(page.read_text())) >= VENDORS


def test_each_guide_is_in_the_readme() -> None:
    linked = set(re.findall(r"\]\((docs/\w+\.md)", README.read_text()))

    assert linked == {f"docs/{page.name}" for page in PAGES if page.parent.name == "docs"}


def test_the_readmes_pictures_are_there_and_small() -> None:
    pictures = re.findall(r"!\[[^\]]+\]\((docs/pictures/\w+\.png)\)", README.read_text())

    assert len(pictures) == 2
    assert max((PROJECT / picture).stat().st_size for picture in pictures) <= 150_000


def test_each_command_is_in_the_readme() -> None:
    assert set(re.findall(r"`([a-z-]+)`", README.read_text())) >= {*COMMANDS}


@by_name
def test_each_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)#?([\w-]*)\)", page.read_text())
    targets = [((page.parent / path) if path else page, anchor) for path, anchor in links]

    assert [str(path) for path, _ in targets if not path.exists()] == []
    assert [
        anchor for path, anchor in targets if anchor and anchor not in anchors(path.read_text())
    ] == []


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page != OPERATIONS], ids=lambda page: page.name
)
def test_each_command_is_one_that_there_is(page: Path) -> None:
    for command in commands(page):
        program, *arguments = shlex.split(command)
        if program == "make":
            assert TARGETS.issuperset(word for word in arguments if "=" not in word), command
        elif program == ".venv/bin/python":
            assert arguments[0] == "-m", command
            assert find_spec(arguments[1]), command
        elif program.startswith(".venv/bin/"):
            name = Path(program).name
            package = OF_EXTRAS.get(name, "dagster")
            assert (BIN / name).exists() or find_spec(package) is None, command
        else:
            known = {"export", "git", "pip", "cd", "email-assets", "install", "redis-server"}
            assert program in known, command


def _run_configs() -> list[dict[str, Any]]:
    """The run configs that commands of the guides give."""
    words = [shlex.split(command) for page in PAGES for command in commands(page)]
    return [
        json.loads(line[line.index("--config-json") + 1])
        for line in words
        if "--config-json" in line
    ]


def test_each_run_config_is_one_that_its_asset_takes() -> None:
    configs = _run_configs()

    assert len(configs) >= 2
    for config in configs:
        dg.validate_run_config(defs.resolve_job_def("email_all"), config)


@by_name
def test_each_file_that_is_named_is_there(page: Path) -> None:
    named = re.findall(
        r"`((?:email_assets|email_assets_tests|docs|benchmarks|deploy)/[\w./-]*)`", page.read_text()
    )

    assert [name for name in named if not (PROJECT / name).exists()] == []
