"""Environments that a test makes anew, to install into as a user does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


class NewEnvironment:
    """An environment of this Python with nothing in it.

    Args:
        folder: Where to make it.
    """

    def __init__(self, folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        self.programs = folder / "bin"

    def pip(self, *arguments: str | Path) -> None:
        """Run its pip, and fail if that fails."""
        quiet = ("--quiet", "--disable-pip-version-check")
        subprocess.run([self.programs / "python", "-m", "pip", *quiet, *arguments], check=True)
