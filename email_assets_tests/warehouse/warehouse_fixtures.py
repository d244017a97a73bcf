"""A table as another program may have left it."""

from __future__ import annotations

from email_assets_tests.queries import Place
from email_assets_tests.warehouses import change


def with_table(warehouse: Place, columns: str, *rows: str) -> None:
    """A table `email.bounces`, as another program may have left it."""
    values = [f"INSERT INTO email.bounces VALUES {', '.join(rows)}"] if rows else []
    change(warehouse, "CREATE SCHEMA email", f"CREATE TABLE email.bounces ({columns})", *values)
