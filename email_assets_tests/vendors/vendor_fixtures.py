"""Vendor files of the user's own, in the project's folder."""

import os
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

UseVendor = Callable[[str], str]

_numbers = count()
"""Every file has a folder of its own: a vendor is loaded once, and has the name of its file."""


@pytest.fixture
def use_vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[UseVendor]:
    """Writes a vendor file into the project's folder, and names it in the settings."""
    written: list[Path] = []

    def use(text: str) -> str:
        name = f"vendors_{next(_numbers)}/vendor_of_test.py"
        file = Path(os.environ["DLT_PROJECT_DIR"], name)
        file.parent.mkdir()
        file.write_text(text)
        written.append(file)
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", name)
        return name

    yield use
    for file in written:
        shutil.rmtree(file.parent)
