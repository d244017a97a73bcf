"""The table of assets as it fills, on a terminal."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, Progress, Task, TextColumn
from rich.table import Column

from email_assets.sync import progress

NARROW = 100
"""Columns of a terminal below which bars are short, so that the words beside them are whole."""
BELOW = 2
"""Lines of a terminal that the table leaves free, for Dagster's and for the cursor."""
OF_INTEREST = ("failed", "under way", "waiting", "done")
"""States, from those that are shown first where there are more assets than lines."""
ENTRY = re.compile(r"^\d{4}-\d\d-\d\d \S+ \S+ - dagster - [A-Z]+ - \S+ - \S+ - \S+ - (.*)")
"""The first line of an entry of a run's log, and what an asset says in it."""
TOLD = re.compile(
    r"(STEP|RUN)_FAILURE - |Not executing\.$"
    r"|: \d+ rows (loaded, \d+ unchanged|in the table; seconds)|" + progress.SAID.pattern
)
"""Entries that repeat what the table shows, and the reasons below it."""


class Filling(Progress):
    """A line and a bar for each asset: waiting, how far it is, what came of it.

    Args:
        console: The terminal.
        assets: Their names, with their accounts' prefixes.
        file: The file in which the run tells how far it is.
    """

    def __init__(self, console: Console, assets: Iterable[str], file: Path) -> None:
        self._file, self._place = file, 0
        self._task_of, self._is_told = dict[str, Task](), False
        super().__init__(
            TextColumn("  {task.description}", table_column=Column(no_wrap=True)),
            BarColumn(8 if console.width < NARROW else 24, table_column=Column(min_width=8)),
            TextColumn(
                "{task.fields[text]}", table_column=Column(no_wrap=True, overflow="ellipsis")
            ),
            console=console,
            transient=True,  # the table of what was loaded takes its place
        )
        for name in assets:
            self.add_task(name, total=1, text="waiting", state="waiting")
        self._task_of = {task.description: task for task in self.tasks}

    def get_renderables(self) -> Iterable[RenderableType]:
        """The table; rich asks for it several times a second, and once while it is made."""
        if self._task_of:
            self._look()
            self._show_as_many_as_there_are_lines()
        return super().get_renderables()

    def say(self, line: str) -> None:
        """Show a line of Dagster's above the table, unless the table or what follows it says so."""
        if entry := ENTRY.match(line):
            self._is_told = bool(TOLD.search(line))
        if not self._is_told:
            shown = entry[1] if entry else line.rstrip("\n")
            self.console.print(shown, markup=False, highlight=False, soft_wrap=True)

    def _look(self) -> None:
        """Read what the run has told since the last look."""
        with self._file.open("rb") as lines:
            lines.seek(self._place)
            for line in lines:
                if not line.endswith(b"\n"):
                    return  # the rest of it is being written
                self._place += len(line)
                self._show(json.loads(line))

    def _show(self, told: dict[str, Any]) -> None:
        task = self._task_of.get(told["asset"])
        if task is None:
            return
        if told["state"] == "under way":
            task.total, task.completed = told["total"], told["read"] or 0
        else:
            task.total, task.completed = 1, int(told["state"] == "done")
        task.fields["state"] = told["state"]
        is_bad = told["state"] == "failed"
        task.fields["text"] = f"[red]{told['text']}[/]" if is_bad else told["text"]

    def _show_as_many_as_there_are_lines(self) -> None:
        """Leave the rest out: what has left the screen could not be taken off the terminal."""
        ranked = sorted(self.tasks, key=lambda task: OF_INTEREST.index(task.fields["state"]))
        for place, task in enumerate(ranked):
            task.visible = place < max(1, self.console.height - BELOW)
