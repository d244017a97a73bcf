"""The paginator that reads a resource."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dlt.sources.helpers.rest_client.paginators import BasePaginator
from dlt.sources.rest_api.config_setup import create_paginator

from email_assets.api.offset import ListOffsetPaginator
from email_assets.api.page_number import PageNumberListPaginator
from email_assets.api.pagination import ListPaginator
from email_assets.api.reference import ReferencePaginator
from email_assets.api.windows import WindowPaginator
from email_assets.settings.resolve import SettingError
from email_assets.sync.rows import Rows
from email_assets.sync.span import Incremental
from email_assets.vendors import VendorResource
from email_assets.vendors.resource import endpoint_of, primary_key

OURS: dict[Any, Callable[..., ListPaginator]] = {
    "offset": ListOffsetPaginator,
    "page_number": PageNumberListPaginator,
}
"""The paginators that take the place of dlt's, by the type that a vendor's file names."""


def paginator_of(resource: VendorResource, **overrides: Any) -> ListPaginator:
    """Ours for lists by offset or number, which notices what dlt's does not; else dlt's, watched.

    Args:
        resource: The resource, complete.
        overrides: Options of a list by offset that should be other than the vendor's file says.

    Raises:
        SettingError: The vendor's file leaves the choice to dlt, which would have to guess, or
            names options that exclude each other.
    """
    name, endpoint = str(resource["name"]), endpoint_of(resource)
    found = _paginator_of(name, resource, endpoint, overrides)
    if resource.get("may_lack_rows"):
        found.allow_answers_without_rows()
    return found


def _paginator_of(
    name: str, resource: VendorResource, endpoint: dict[str, Any], overrides: dict[str, Any]
) -> ListPaginator:
    what = name, endpoint["data_selector"], primary_key(resource)
    block = endpoint["paginator"]
    options = dict(block) if isinstance(block, dict) else {"type": block}
    kind = options.pop("type", None)
    # dlt judges the options: which there are, and which exclude each other
    pages = _as_dlt_makes_it(name, block)
    if kind not in OURS:
        has_more = getattr(pages, "has_more_path", None)
        return ReferencePaginator(
            *what, pages, has_more and str(has_more), resource.get("total_path")
        )
    if kind == "offset":
        options |= overrides
    return OURS[kind](*what, **{"speculate": resource.get("speculate", False), **options})


def _as_dlt_makes_it(name: str, block: Any) -> BasePaginator:
    problem = "must say which paginator it is"
    try:
        if found := create_paginator(block):
            return found
    except (TypeError, ValueError) as error:
        problem = f"has a paginator that dlt refuses: {error}"
    raise SettingError(f"{name}: the vendor's file {problem.rstrip('.')}.")


def window_paginator_of(
    resource: VendorResource, incremental: Incremental | None, rows: Rows
) -> WindowPaginator:
    """The resource's paginator, for one stretch of time after the other."""
    block = endpoint_of(resource)["paginator"]
    maximum_offset = block.get("maximum_offset") if isinstance(block, dict) else None
    time_filter = incremental.time_filter if incremental else None
    return WindowPaginator(
        str(resource["name"]),
        paginator_of(resource),
        time_filter=time_filter,
        ceiling=resource.get("maximum_rows", maximum_offset),
        time_of=rows.time_of if incremental else None,
        newest_first=incremental is not None and incremental.newest_first,
    )
