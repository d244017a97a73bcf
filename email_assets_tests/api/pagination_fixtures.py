"""Faults of lists, and what an error about a list ends with."""

from __future__ import annotations

import pytest

from email_assets.sandbox import Fault

NO_TOTAL = Fault("no_total")


UNTOUCHED = "Nothing of this run was loaded; what was loaded before is untouched."


with_and_without_total = pytest.mark.parametrize(
    "total", [[], [NO_TOTAL]], ids=["with a total", "without a total"]
)
