"""Lets the program that started a run see how far each asset is, line by line in a file.

Dagster takes what a step writes for its log, so a step has no terminal to draw on.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

FILE = "EMAIL_ASSETS_PROGRESS"
"""The variable of the environment that names the file; without it nothing is written."""
State = Literal["under way", "done", "failed"]


@dataclass(frozen=True)
class Watched:
    """An asset that is made.

    Args:
        title: Its name for people.
    """

    title: str

    @property
    def is_seen(self) -> bool:
        """True if anybody watches."""
        return FILE in os.environ

    def tell(
        self,
        text: str,
        *,
        state: State = "under way",
        read: int | None = None,
        total: int | None = None,
    ) -> None:
        """Add a line: what the asset is about, and rows read of how many, where that is known."""
        if file := os.environ.get(FILE):
            line = {"asset": self.title, "state": state, "text": text, "read": read, "total": total}
            # a table on a terminal is no reason for a run to fail
            with suppress(OSError), open(file, "a", encoding="utf-8") as lines:
                lines.write(json.dumps(line) + "\n")
