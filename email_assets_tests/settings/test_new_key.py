"""A key that is written anew into `.dlt/secrets.toml` is used by processes that run already."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from email_assets.account import configured_account
from email_assets.errors import KeyRefusedError
from email_assets.sandbox import Sandbox
from email_assets.settings import resolve
from email_assets.sync.glimpse import glimpse

OLD, NEW = "the-old-key", "the-new-key"


@pytest.fixture
def secrets() -> Iterator[Path]:
    """The project's `secrets.toml`, which does not exist yet."""
    file = Path(os.environ["DLT_PROJECT_DIR"], ".dlt", "secrets.toml")
    yield file
    file.unlink(missing_ok=True)


@contextmanager
def the_api_with(key: str, port: int = 0) -> Iterator[int]:
    """The API, opened by a key, and where it listens."""
    with (
        Sandbox(messages=20, api_key=key, port=port) as sandbox,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("SOURCES__EMAIL__BASE_URL", sandbox.base_url)
        yield int(sandbox.base_url.rsplit(":", 1)[1])


def ask() -> int | None:
    """Ask the API as a sensor does at each tick."""
    return glimpse(configured_account(), "messages", say=print).total


def write(secrets: Path, key: str) -> None:
    secrets.write_text(f'api_key = "{key}"\n')


def replace(secrets: Path, key: str) -> None:
    write(secrets.with_suffix(".new"), key)
    secrets.with_suffix(".new").replace(secrets)


@pytest.mark.parametrize("change", [write, replace])
def test_the_same_process_goes_on_with_the_new_key(
    secrets: Path, change: Callable[[Path, str], None]
) -> None:
    write(secrets, OLD)
    with the_api_with(OLD) as port:
        assert ask() == 20
    with the_api_with(NEW, port):
        with pytest.raises(KeyRefusedError):
            ask()
        change(secrets, NEW)
        assert ask() == 20


def test_a_file_that_cannot_be_read_leaves_the_key_as_it_was(secrets: Path) -> None:
    write(secrets, OLD)
    with the_api_with(OLD):
        assert ask() == 20
        secrets.write_text('api_key = "the-n')
        assert ask() == 20


def test_the_environment_wins_over_a_new_file(
    secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(secrets, OLD)
    monkeypatch.setenv("API_KEY", NEW)
    assert resolve.secret("api_key") == NEW


def test_a_file_that_goes_takes_its_key_along(secrets: Path) -> None:
    write(secrets, OLD)
    assert resolve.secret("api_key") == OLD
    secrets.unlink()
    assert resolve.secret("api_key") is None


def test_a_file_that_is_written_twice_within_one_tick_of_the_clock_is_read_twice(
    secrets: Path,
) -> None:
    write(secrets, "")
    at = secrets.stat().st_mtime_ns
    assert resolve.secret("api_key") is None
    write(secrets, NEW)
    os.utime(secrets, ns=(at, at))
    assert resolve.secret("api_key") == NEW
