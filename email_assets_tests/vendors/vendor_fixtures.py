"""Vendor files of the user's own, in the project's folder."""

import os
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

UseVendor = Callable[[str], str]

_numbers = count()
"""Every file has a name of its own: a vendor is loaded once."""


@pytest.fixture
def use_vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[UseVendor]:
    """Writes a vendor file into the project's folder, and names it in the settings."""
    written: list[Path] = []

    def use(text: str) -> str:
        file = Path(os.environ["DLT_PROJECT_DIR"]) / f"vendor_of_test_{next(_numbers)}.py"
        file.write_text(text)
        written.append(file)
        monkeypatch.setenv("SOURCES__EMAIL__VENDOR", file.name)
        return file.name

    yield use
    for file in written:
        file.unlink()
