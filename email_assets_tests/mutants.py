"""Changes the code of some modules, one small change at a time, and tells what no test notices.

mutmut makes the changes in a copy of the project, and runs the tests of the module's room on each.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from email_assets_tests.conftest import PROJECT

PRODUCT, TESTS = "email_assets", "email_assets_tests"
MUTMUT = (sys.executable, "-m", "mutmut")
UNNOTICED = ("survived", "no tests")


def main() -> None:
    """Change some modules, and print each change that no test notices."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument(
        "modules", nargs="*", help="email_assets/sync/span.py …, or else what differs from main"
    )
    parser.add_argument("--tests", nargs="*", help="what to run, or else the tests of their rooms")
    chosen = parser.parse_args()
    modules = chosen.modules or changed_modules()
    if not modules:
        parser.exit(message="No module of email_assets differs from main.\n")
    tests = chosen.tests or sorted(set(tests_of(modules)))
    if not tests:
        parser.error("no file of tests has the name of the module: say which with --tests")
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy_project(Path(folder))
        (Path(folder) / "setup.cfg").write_text(settings(modules, tests))
        if subprocess.run([*MUTMUT, "run"], cwd=folder).returncode:
            sys.exit(1)  # mutmut has said why
        for name in unnoticed(folder):
            subprocess.run([*MUTMUT, "show", name], cwd=folder, check=True)


def changed_modules() -> list[str]:
    """The modules that are not as they are on main."""
    asked = ["git", "diff", "--name-only", "--diff-filter=d", "main", "--", f"{PRODUCT}/*.py"]
    return _lines(asked)


def tests_of(modules: Sequence[str]) -> Iterator[str]:
    """The tests of the modules' rooms; those of the top floor have files of their own names."""
    for module in modules:
        room, name = Path(TESTS, *Path(module).parts[1:-1]), Path(module).stem
        if room == Path(TESTS):
            yield from sorted(str(file) for file in Path(TESTS).glob(f"test_{name}*.py"))
        else:
            yield str(room)


def copy_project(folder: Path) -> None:
    """Copy the project's files as they are now, with what is not committed yet."""
    for file in _lines(["git", "ls-files", "--cached", "--others", "--exclude-standard"]):
        if (PROJECT / file).exists():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes((PROJECT / file).read_bytes())


def settings(modules: Sequence[str], tests: Sequence[str]) -> str:
    """mutmut's configuration: the modules to change, and the tests to run."""
    beside = sorted({Path(file).parts[0] for file in _lines(["git", "ls-files"])} - {PRODUCT})
    lists = {
        "source_paths": [PRODUCT],
        "only_mutate": modules,
        "also_copy": beside,
        "pytest_add_cli_args_test_selection": tests,
    }
    lines = [f"{key}=\n    " + "\n    ".join(values) for key, values in lists.items()]
    return "\n".join(["[mutmut]", *lines, ""])


def unnoticed(folder: str) -> list[str]:
    """The names of the changes that every test passed, or that no test ran."""
    said = subprocess.run(
        [*MUTMUT, "results"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout
    results = [line.strip().rpartition(": ") for line in said.splitlines()]
    return [name for name, _, result in results if result in UNNOTICED]


def _lines(command: Sequence[str]) -> list[str]:
    done = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


if __name__ == "__main__":
    main()
