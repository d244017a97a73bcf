"""NUL characters, which PostgreSQL cannot store and dlt would drop without a word."""

from __future__ import annotations

from typing import Any

from dlt.common.data_writers.escape import escape_postgres_literal

NUL = "\x00"
VISIBLE_NUL = r"\u0000"
"""The text that stands in a table for a NUL, as JSON writes it."""


def escape_with_visible_nul(value: Any) -> Any:
    """A value as a literal of PostgreSQL's SQL, with each NUL written out."""
    return escape_postgres_literal(_visible(value))


def _visible(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace(NUL, VISIBLE_NUL) if NUL in value else value
    if isinstance(value, dict):
        return {_visible(key): _visible(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_visible(item) for item in value]
    return value
