"""NUL characters, which PostgreSQL cannot store and dlt would drop without a word."""

from __future__ import annotations

from typing import Any

from dlt.common.data_writers.escape import escape_postgres_literal
from dlt.common.destination import DestinationCapabilitiesContext

NUL = "\x00"
VISIBLE_NUL = r"\u0000"
"""The text that stands in a table for a NUL, as JSON writes it."""


def escape_with_visible_nul(value: Any) -> Any:
    """A value as a literal of PostgreSQL's SQL, with each NUL written out."""
    return escape_postgres_literal(with_visible_nul(value))


def has_no_nul(capabilities: DestinationCapabilitiesContext) -> bool:
    """True if a destination cannot store NULs, in files that hold no literals either."""
    return capabilities.escape_literal is escape_with_visible_nul


def with_visible_nul(value: Any) -> Any:
    """A value, or all that is in it, with each NUL written out."""
    if isinstance(value, str):
        return value.replace(NUL, VISIBLE_NUL) if NUL in value else value
    if isinstance(value, dict):
        return {with_visible_nul(key): with_visible_nul(part) for key, part in value.items()}
    if isinstance(value, list):
        return [with_visible_nul(item) for item in value]
    return value
