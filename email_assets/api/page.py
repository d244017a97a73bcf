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


def same_page(error: Callable[[str], ApiError], rows: int, *, is_first: bool = True) -> ApiError:
    """The error for an API that does not get on, from its first page or from a later one."""
    told = f"gave the same page of {rows} rows twice"
    if is_first:
        return error(
            f"{told}; if it has no pages, the paginator to name in the vendor's file is single_page"
        )
    return error(
        f"{told}, which may be the last one or not; if it is, let the vendor's file name what says "
        "so (total_path or has_more_path of the paginator), or ask for pages of another size"
    )


def endless(error: Callable[[str], ApiError]) -> ApiError:
    """The error for an API that promises more and gives nothing."""
    return error(f"says that there is more, and gave nothing new on {EMPTY_PAGES} pages")
