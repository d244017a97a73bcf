"""A project folder of its own, the sandbox over real HTTP, and a fresh warehouse for every test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from email_assets.sandbox import Sandbox
from email_assets_tests.clock import begin_at
from email_assets_tests.postgres import Server, reason_to_skip, running_server
from email_assets_tests.queries import Place, ask, fresh_place, set_place
from email_assets_tests.remembered import remember_answers

PROJECT = Path(__file__).resolve().parent.parent
MEMORY = Path("/dev/shm")
"""The place of the tests' files, if there is room: thousands of small databases are made."""
ROOM = 2**30
"""Bytes: several times what the tests of a run leave lying at a time."""
KEY = "sb-key/with+signs=9f3"
"""Looks different when it is percent-encoded, so that a search for both forms means something."""

FOLDER_OF = "EMAIL_ASSETS_TESTS_FOLDER_OF"
"""Set to the process of tests whose folder `HOME` is; those that it starts find it so."""

NEED_PROGRAMS = ("browser", "postgres", "celery")
"""Marks of tests that need another program, and wait for it."""

SLOW_FILES = (
    "browser/test_ui.py",
    "deploy/test_celery.py",
    "vendors/test_presets.py",
    "test_webserver.py",
    "sync/test_model_of_tables.py",
    "test_quickstart.py",
    "test_key_stays_secret.py",
    "sync/test_repair.py",
    "defs/test_checks.py",
    "deploy/test_server.py",
    "test_dagster_commands.py",
    "sync/incremental/test_backfill.py",
    "vendors/test_postmark_of_many.py",
    "accounts/test_run_of_accounts.py",
    "accounts/test_side_by_side.py",
    "accounts/test_apart.py",
    "test_cli.py",
    "sync/incremental/test_incremental.py",
    "sync/incremental/test_cursor.py",
    "sync/unchanged/test_by_time.py",
    "sync/test_kill.py",
    "sync/unchanged/test_kills.py",
    "vendors/test_postmark_streams.py",
    "test_run_on_a_terminal.py",
    "vendors/test_postmark_by_time.py",
    "vendors/test_owners_refused.py",
    "defs/test_assets.py",
)
"""Those that take longest, in that order."""

settings.register_profile("fuzz", max_examples=1000, deadline=None)
settings.register_profile("default", max_examples=60, deadline=None, derandomize=True)
settings.load_profile("default")


def sets_something_of_ours(name: str) -> bool:
    """True if a variable of the environment is one of our settings, dlt's, Dagster's or an API's.

    A setting's name has its sections before it: `SOURCES__EMAIL__VENDOR`.
    """
    of_others = ("API_KEY", "DLT_", "DAGSTER_", "PG", "XDG_", "PYTHONWARNINGS")
    of_requests = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_")
    return (
        "__" in name.strip("_")
        or name.startswith((*of_others, *of_requests))
        or name.lower().endswith("_proxy")
    )


def _keep_the_developer_out() -> Path:
    """Take settings and secrets of theirs away, and give dlt a project folder of this process.

    Returns:
        The folder, which is made once.
    """
    whose = os.environ.get("PYTEST_XDIST_WORKER", "main")
    if os.environ.get(FOLDER_OF) == whose and Path(os.environ["HOME"]).is_dir():
        return Path(os.environ["HOME"])
    for name in filter(sets_something_of_ours, list(os.environ)):
        del os.environ[name]
    # dlt reads a copy of the project's config, and no files of the developer's home folder
    folder = Path(tempfile.mkdtemp(prefix="email_assets_tests-"))
    (folder / ".dlt").mkdir()
    shutil.copy(PROJECT / ".dlt" / "config.toml", folder / ".dlt")
    os.environ["DLT_PROJECT_DIR"] = os.environ["HOME"] = str(folder)
    os.environ[FOLDER_OF] = whose
    return folder


if "PYTEST_VERSION" in os.environ:  # no other program that imports this
    # already now: where tests are named by their folder, pytest imports the conftest of that next,
    # and with it definitions, before it configures anything
    _keep_the_developer_out()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--at`: the moment at which the tests begin, instead of the computer's."""
    parser.addoption("--at", metavar="MOMENT", help="begin at another moment: 2028-02-29T12:00:00Z")


def pytest_configure(config: pytest.Config) -> None:
    """Set the clock, and remove at the end what the tests leave."""
    if moment := config.getoption("--at"):
        begin_at(moment)
    folder = _keep_the_developer_out()
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    remember_answers(patch)


@pytest.hookimpl(tryfirst=True)  # before pytest leaves out what `-m` does not ask for
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files first, so that no process is left alone with one of them at the end."""
    for item in items:
        if any(map(item.get_closest_marker, NEED_PROGRAMS)):
            item.add_marker(pytest.mark.slow)

    def place(item: pytest.Item) -> int:
        file = item.nodeid.partition("::")[0].partition("/")[2]
        return SLOW_FILES.index(file) if file in SLOW_FILES else len(SLOW_FILES)

    items.sort(key=place)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip here what PostgreSQL is missing for, so that the summary has one line for all of it."""
    if item.get_closest_marker("postgres") and (reason := reason_to_skip()):
        pytest.skip(reason)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are processors, since there is always a test that waits."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """The local email API: 250 messages, none arriving by themselves."""
    with Sandbox(messages=250, api_key=KEY) as running:
        yield running


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A real PostgreSQL, shared by the tests of this process."""
    with running_server() as server:
        yield server


@pytest.fixture
def warehouse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Place:
    """A fresh warehouse: a DuckDB file, which does not exist yet, or a database of PostgreSQL."""
    place = fresh_place(tmp_path, request)
    set_place(monkeypatch, place)
    # working directories go below the test's own folder, where it can look at them
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return place


@pytest.fixture
def api(sandbox: Sandbox, warehouse: Place, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The sandbox, configured as the API to load into the fresh warehouse."""
    monkeypatch.setenv("API_KEY", sandbox.api_key)
    monkeypatch.setenv("SOURCES__EMAIL__BASE_URL", sandbox.base_url)
    return sandbox


@pytest.fixture
def waits() -> list[float]:
    """Seconds that were waited, in order; `waits.append` is what waits."""
    return []


@pytest.fixture
def query(warehouse: Place) -> Callable[[str], list[tuple[Any, ...]]]:
    """Ask the warehouse in SQL."""
    return partial(ask, warehouse)
