"""An environment that the tests make anew, to install into as a user does."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from email_assets_tests.conftest import PROJECT

UV = Path(sys.executable).with_name("uv")
"""Several times as fast as pip, where make could have it."""


class NewEnvironment:
    """An environment of this Python with nothing in it.

    Args:
        folder: Where to make it.
    """

    def __init__(self, folder: Path) -> None:
        without = ["--without-pip"] if UV.exists() else []
        subprocess.run([sys.executable, "-m", "venv", *without, folder], check=True)
        self.programs = folder / "bin"

    def install(self, *what: str | Path) -> None:
        """Install packages, and fail if that fails."""
        python = self.programs / "python"
        if UV.exists():
            run(UV, "pip", "install", "--quiet", "--python", python, *what)
        else:
            run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> NewEnvironment:
    """The wheel beside the newest Dagster, its webserver and what makes new projects."""
    folder = tmp_path_factory.mktemp("install")
    made = NewEnvironment(folder / "venv")
    if UV.exists():
        run(UV, "build", "--quiet", "--wheel", "--out-dir", folder, PROJECT)
    else:
        run(made.programs / "python", "-m", "pip", "wheel", "--no-deps", "-w", folder, PROJECT)
    (wheel,) = folder.glob("*.whl")
    made.install(wheel, "dagster-webserver", "create-dagster", "dagster-dg-cli")
    return made


def run(*command: str | Path) -> None:
    """Run an installer with what it has downloaded before, and the certificates of the system.

    The tests' own home is empty, and variables that name certificates are gone.
    """
    home = pwd.getpwuid(os.getuid()).pw_dir
    env = {**os.environ, "HOME": home, "UV_NATIVE_TLS": "1"}
    subprocess.run(command, check=True, env=env)
