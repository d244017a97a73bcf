"""The receipt of a person who was forgotten: what was deleted, and what is left to do."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from email_assets.clock import now
from email_assets.privacy.memory import MEMORY
from email_assets.privacy.purge import Purged
from email_assets.settings.project import data_folder
from email_assets.settings.warehouse import WarehouseSettings

FOLDER = "receipts"


@dataclass
class Receipt:
    """A record of what was done to forget a person; no address is in it.

    Attributes:
        person: The pseudonym, by which a copy of the warehouse can be told to forget her too.
        done: What was deleted, by dataset.
        problems: Sentences on what could not be done.
        is_rewritten: Whether a DuckDB file holds no bytes of deleted rows any more.
    """

    person: str
    warehouse: WarehouseSettings
    at: datetime = field(default_factory=now)
    done: dict[str, Purged] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    is_rewritten: bool = False

    @property
    def text(self) -> str:
        """The receipt, for people."""
        return "\n".join(self._lines())

    @property
    def file(self) -> Path:
        """The file that it is written to."""
        name = f"{self.at:%Y-%m-%dT%H%M%S}-{self.person[-8:]}.txt"
        return data_folder()[0] / FOLDER / name

    def write(self) -> None:
        """Write it into a file that its user alone can read."""
        self.file.parent.mkdir(mode=0o700, exist_ok=True)
        self.file.unlink(missing_ok=True)
        with open(os.open(self.file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(f"{self.text}\n")

    def _lines(self) -> Iterator[str]:
        yield f"Forgotten: {self.person}"
        yield f"At: {self.at:%Y-%m-%d %H:%M:%S} UTC"
        yield f"Receipt: {self.file}"
        yield "\nDeleted:"
        yield from _rows_of(
            {name: done.deleted for name, done in self.done.items()}, "nothing named the person"
        )
        if any(done.changed.total() for done in self.done.values()):
            yield "\nKept, since they name others too, without the person:"
            yield from _rows_of({name: done.changed for name, done in self.done.items()}, "")
        yield "\nDone besides:"
        yield f"- No sync or full refresh loads the person: {MEMORY} in each dataset remembers."
        if self.is_rewritten:
            yield "- The DuckDB file was rewritten, without the bytes of deleted rows."
        yield "\nLeft to do:"
        yield from (f"- {sentence}" for sentence in [*self.problems, *self._left_to_do()])

    @property
    def is_duckdb(self) -> bool:
        """True if the warehouse is a file of this machine's."""
        return self.warehouse.destination_name == "duckdb"

    def _left_to_do(self) -> Iterator[str]:
        yield "The email service still has the person: delete the address there too."
        yield (
            "Backups and copies of the warehouse from before hold the person: delete them. After "
            f"one is restored, run: email-assets forget {self.person}"
        )
        if not self.is_duckdb:
            yield (
                "The server keeps the bytes of deleted rows until it cleans up: run VACUUM FULL on "
                "the tables above. Archives of its log and replicas have times of their own."
            )
        yield (
            "Dagster's history holds no addresses; with [catalog] preview_rows it shows other "
            "fields of rows, until [retention] days delete its runs."
        )
        yield "What was read from the tables and kept elsewhere is not known here."


def _rows_of(counted: dict[str, Counter[str]], nothing: str) -> Iterator[str]:
    lines = [
        f"- {dataset}.{table}: {count} {'row' if count == 1 else 'rows'}"
        for dataset, tables in counted.items()
        for table, count in sorted(tables.items())
        if count
    ]
    yield from lines or [f"- {nothing}"]
