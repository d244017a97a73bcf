"""A page of a list, and the errors of a list that does not get on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from email_assets.errors import ApiError

EMPTY_PAGES = 20
"""Pages without rows to pass over, one after the other, while an API says that there is more."""


@dataclass(frozen=True)
class Page:
    """One answer's page of a list."""

    place: int
    """The offset or page number that was asked for."""
    keys: list[str]
    """The keys of its rows, in order."""
    total: int | None
    """Rows, or pages where they have numbers, that the API says there are."""
    has_more: bool | None
    """True if the API says that there is more, or None where it does not say."""


def same_page(error: Callable[[str], ApiError], rows: int) -> ApiError:
    """The error for an API that does not get on."""
    return error(
        f"gave the same page of {rows} rows twice; if it has no pages, the paginator to name in "
        "the vendor's file is single_page"
    )


def endless(error: Callable[[str], ApiError]) -> ApiError:
    """The error for an API that promises more and gives nothing."""
    return error(f"says that there is more, and gave nothing new on {EMPTY_PAGES} pages")
