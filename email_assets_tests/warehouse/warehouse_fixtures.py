"""A table as another program may have left it, and a file as a wrong clock may have."""

from __future__ import annotations

import os
from pathlib import Path

from email_assets_tests.queries import Place
from email_assets_tests.warehouses import change


def with_table(warehouse: Place, columns: str, *rows: str) -> None:
    """A table `email.bounces`, as another program may have left it."""
    values = [f"INSERT INTO email.bounces VALUES {', '.join(rows)}"] if rows else []
    change(warehouse, "CREATE SCHEMA email", f"CREATE TABLE email.bounces ({columns})", *values)


def set_ahead(file: Path) -> None:
    """Let a file look as if it were written while the clock was a year ahead."""
    ahead = file.stat().st_mtime + 365 * 24 * 60 * 60
    os.utime(file, (ahead, ahead))
