"""The head of a list, which tells with one small request whether there is something new."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from email_assets.sync.span import Incremental
from email_assets.vendors import VendorResource
from email_assets.vendors.resource import endpoint_of

MOST_LISTS = 20
"""Lists of one resource that are looked at: more would be as many requests every minute."""
PAGE_SIZES = frozenset(
    {"limit", "per_page", "perpage", "page_size", "pagesize", "count", "max_results", "maxresults"}
)
"""Names, in small letters, by which APIs take the rows of a page."""


@dataclass(frozen=True)
class FirstPage:
    """The first page of a list."""

    rows: list[dict[str, Any]]
    total: int | None
    is_last: bool
    """True if it is the whole list, as far as one page can tell."""
    owners: int
    """The number of lists that the resource has."""


def with_smallest_page(resource: VendorResource) -> VendorResource:
    """The resource, asked for one row where its parameters or its JSON say how many."""
    endpoint = endpoint_of(resource)
    asked = {
        part: _with_one_row(endpoint[part]) for part in ("params", "json") if endpoint.get(part)
    }
    smaller: Any = {**resource, "endpoint": {**endpoint, **asked}}
    found: VendorResource = smaller
    return found


def few(pages: Iterable[FirstPage]) -> Iterator[FirstPage]:
    """The first pages of a resource's lists; of too many lists, that of the first alone."""
    for page in pages:
        yield page
        if page.owners > MOST_LISTS:
            return


def tell_news(resource: VendorResource, pages: Iterable[FirstPage]) -> bool:
    """True if the first rows and totals of a resource's lists change whenever rows come.

    The first row of a list that is sorted by address, say, stays as it is. Nor is a resource of
    many lists looked at whole.
    """
    incremental, is_whole = Incremental.of(resource), with_smallest_page(resource) == resource
    # a total that an answer lacks once is no reason to look no more
    always = _promises_total(resource) or _sorts_down(endpoint_of(resource))
    always = always or (incremental is not None and incremental.newest_first)
    return all(
        page.owners <= MOST_LISTS
        and (always or page.total is not None or (page.is_last and is_whole))
        for page in pages
    )


def _with_one_row(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: 1
        if name.lower() in PAGE_SIZES and type(value) is int
        else _with_one_row(value)
        if isinstance(value, Mapping) and "type" not in value  # not what dlt itself fills in
        else value
        for name, value in asked.items()
    }


def _promises_total(resource: VendorResource) -> bool:
    """True if the vendor's file says where answers hold the total of the list."""
    paginator: Any = endpoint_of(resource).get("paginator") or {}
    if not isinstance(paginator, Mapping):  # a name, or a paginator of the vendor's own
        paginator = {"type": paginator}
    counts = paginator.get("type") in ("offset", "page_number")
    return bool(resource.get("total_path") or (counts and paginator.get("total_path", "total")))


def _sorts_down(endpoint: Mapping[str, Any]) -> bool:
    """True if a parameter asks for the newest first, as `sort: timestamp:desc` does."""
    asked = [*_texts(endpoint.get("params") or {}), *_texts(endpoint.get("json") or {})]
    return any("desc" in text.lower() for text in asked)


def _texts(asked: Mapping[str, Any]) -> Iterator[str]:
    for value in asked.values():
        if isinstance(value, Mapping):
            yield from _texts(value)
        elif isinstance(value, str):
            yield value
